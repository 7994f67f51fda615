// For one domain, by what is known (K), its record (R) and the fetch (F):
//
//   K holds   R            F        in force   error   fresh
//   any       no answer    -        K          no      no
//   any       none         -        K          no      no
//   yes       K's id       -        K          no      no
//   yes       another id   ok       F          no      yes
//   yes       another id   failed   K          yes     no
//   no        any id       ok       F          no      yes
//   no        any id       failed   none       yes     no
//
// "K" where nothing holds is none. A fetch that failed is not made again for a while; until then
// the answer stays what it was.

#include "common/smtp/sts.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/dns/hosts.h"
#include "common/mail/domain.h"
#include "common/observe/log.h"

namespace postern::smtp {

namespace {

constexpr std::string_view kRecordPrefix = "_mta-sts.";
constexpr std::string_view kHostPrefix = "mta-sts.";
constexpr std::string_view kPath = "/.well-known/mta-sts.txt";
constexpr std::string_view kMediaType = "text/plain";
// What somebody else's look-up may take beyond the fetch: the resolver's own limits, twice.
constexpr absl::Duration kResolverTimeMax = absl::Minutes(2);
// About what a domain and a pattern cost beside their text.
constexpr std::size_t kDomainBytes = 512;
constexpr std::size_t kPatternBytes = 32;

bool IsPlainText(std::string_view content_type) {
  const std::string_view type = base::Split(content_type, ';').front();
  return base::EqualsIgnoreCase(base::Trim(type), kMediaType);
}

std::size_t BytesOf(const mail::StsPolicy& policy) {
  std::size_t bytes = policy.id.size();
  for (const std::string& mx : policy.mx)
    bytes += kPatternBytes + mx.size();
  return bytes;
}

}  // namespace

StsPolicies::StsPolicies(http::Client* client, base::Clock& clock, Options options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

io::Task<StsAnswer> StsPolicies::For(dns::Resolver& resolver,
                                     std::string domain,
                                     std::optional<KnownSts> known) {
  const auto name = mail::NormalizeDomain(domain);
  if (!name.ok()) co_return StsAnswer();
  if (known && known->domain != *name) known.reset();
  if (client_ == nullptr) {
    StsAnswer answer;
    if (known && known->expires > clock_.Now()) answer.known = std::move(known);
    co_return answer;
  }

  while (true) {
    Domain& ours = Touch(*name);
    if (known) Merge(ours, *known);
    const auto asked = under_way_.find(*name);
    if (asked == under_way_.end()) {
      if (!QuestionDue(ours) && !FetchDue(ours)) co_return Answer(ours, known, /*fetched=*/false);
      break;
    }
    counts_.shared.fetch_add(1, std::memory_order_relaxed);
    const std::shared_ptr<LookUp> theirs = asked->second;
    absl::Status waited;
    while (waited.ok() && !theirs->done)
      waited = co_await theirs->ended.Until(options_.fetch_time_max + kResolverTimeMax);
    if (theirs->done && theirs->stopped) continue;
    co_return Answer(Touch(*name), known, theirs->fetched);
  }

  const auto look_up = std::make_shared<LookUp>();
  under_way_.emplace(*name, look_up);
  co_await Ask(resolver, *name, *look_up);
  look_up->done = true;
  under_way_.erase(*name);
  look_up->ended.NotifyAll();
  co_return Answer(Touch(*name), known, look_up->fetched);
}

io::Task<void> StsPolicies::Ask(dns::Resolver& resolver,
                                const std::string& domain,
                                LookUp& look_up) {
  if (QuestionDue(Touch(domain))) {
    const absl::Status asked = co_await AskRecord(resolver, domain);
    look_up.stopped = absl::IsCancelled(asked);
  }
  const Domain& announced = Touch(domain);
  if (look_up.stopped || !FetchDue(announced)) co_return;

  std::string id = announced.announced;
  auto policy = co_await Fetch(resolver, domain, id);
  if (policy.ok()) {
    look_up.fetched = true;
    NoteFetched(Touch(domain), *std::move(policy));
  } else if (absl::IsCancelled(policy.status())) {
    look_up.stopped = true;
  } else {
    NoteFailed(Touch(domain), std::move(id), policy.status());
  }
}

io::Task<absl::Status> StsPolicies::AskRecord(dns::Resolver& resolver, const std::string& domain) {
  counts_.questions.fetch_add(1, std::memory_order_relaxed);
  Touch(domain).ask_after = clock_.Now() + options_.ask_every;
  const auto answer = co_await resolver.Txt(base::Cat(kRecordPrefix, domain));
  Domain& asked = Touch(domain);
  if (absl::IsCancelled(answer.status())) {
    asked.ask_after = absl::InfinitePast();
    co_return answer.status();
  }
  asked.announced.clear();
  if (answer.ok()) asked.announced = mail::StsRecordId(answer->records).value_or("");
  Weigh(asked);
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<mail::StsPolicy>> StsPolicies::Fetch(dns::Resolver& resolver,
                                                             const std::string& domain,
                                                             std::string id) {
  counts_.fetches.fetch_add(1, std::memory_order_relaxed);
  const absl::Time deadline = absl::Now() + options_.fetch_time_max;
  http::Request request;
  request.host = base::Cat(kHostPrefix, domain);
  request.path = std::string(kPath);
  request.port = options_.port;
  dns::LookupRules rules;
  rules.refused = options_.refused;
  auto found = co_await dns::AllowedAddresses(resolver, rules, request.host);
  if (!found.ok()) co_return found.status();
  if (found->addresses.empty()) {
    co_return base::Error(absl::StatusCode::kNotFound, "policy host ", request.host,
                          ": must have an address");
  }
  request.addresses = std::move(found->addresses);
  request.time_max = deadline - absl::Now();
  const std::string host = request.host;
  const auto response = co_await client_->Get(std::move(request));
  if (!response.ok()) co_return response.status();
  // Some hosts let anybody upload documents, but seldom as plain text (RFC 8461 §3.3).
  if (!IsPlainText(response->content_type)) {
    co_return base::Error(absl::StatusCode::kFailedPrecondition, "policy host ", host,
                          ": content type \"", base::Printable(response->content_type),
                          "\", must be text/plain");
  }
  co_return mail::ParseStsPolicy(response->body, std::move(id));
}

bool StsPolicies::QuestionDue(const Domain& domain) const {
  return clock_.Now() >= domain.ask_after;
}

bool StsPolicies::FetchDue(const Domain& domain) const {
  const absl::Time now = clock_.Now();
  if (domain.announced.empty()) return false;
  const bool failed = !domain.failure.ok() && domain.failed_id == domain.announced;
  if (failed && now < domain.fetch_after) return false;
  if (!domain.known || domain.known->expires <= now) return true;
  if (domain.known->policy.id != domain.announced) return true;
  return now - domain.known->fetched() >= options_.refresh_after;
}

void StsPolicies::Merge(Domain& domain, const KnownSts& theirs) {
  const absl::Time now = clock_.Now();
  const absl::Duration max_age = theirs.policy.max_age;
  if (theirs.expires <= now || max_age < absl::ZeroDuration() || max_age > mail::kStsMaxAgeMax) {
    return;
  }
  KnownSts bounded = theirs;
  bounded.expires = std::min(theirs.expires, now + std::max(max_age, options_.ask_every));
  if (domain.known && domain.known->expires > now) {
    const bool ours_announced = domain.known->policy.id == domain.announced;
    const bool theirs_announced = bounded.policy.id == domain.announced;
    if (ours_announced && !theirs_announced) return;
    if (ours_announced == theirs_announced && bounded.fetched() <= domain.known->fetched()) {
      return;
    }
  }
  // Somebody else could fetch it.
  if (bounded.policy.id == domain.failed_id) domain.failure = absl::OkStatus();
  domain.known = std::move(bounded);
  Weigh(domain);
}

void StsPolicies::NoteFetched(Domain& domain, mail::StsPolicy policy) {
  KnownSts known;
  known.domain = domain.name;
  // A policy that ends at once still serves those who are asking now.
  known.expires = clock_.Now() + std::max(policy.max_age, options_.ask_every);
  known.policy = std::move(policy);
  POSTERN_LOG(kInfo, options_.step, "policy fetched",
              {{"domain", domain.name},
               {"policy_id", known.policy.id},
               {"mode", mail::StsModeName(known.policy.mode)}});
  domain.known = std::move(known);
  domain.failure = absl::OkStatus();
  Weigh(domain);
}

void StsPolicies::NoteFailed(Domain& domain, std::string id, absl::Status failure) {
  counts_.failed_fetches.fetch_add(1, std::memory_order_relaxed);
  const bool holds = domain.known && domain.known->expires > clock_.Now();
  POSTERN_LOG(
      kWarning, options_.step, "policy cannot be fetched",
      {{"domain", domain.name}, {"policy_id", id}, {"older_holds", holds}, {"error", failure}});
  domain.failure = std::move(failure);
  domain.failed_id = std::move(id);
  domain.fetch_after = clock_.Now() + options_.failed_fetch_pause;
  Weigh(domain);
}

StsAnswer StsPolicies::Answer(const Domain& domain,
                              const std::optional<KnownSts>& theirs,
                              bool fetched) const {
  StsAnswer answer;
  if (domain.known && domain.known->expires > clock_.Now()) {
    answer.known = domain.known;
    const bool newer = theirs && (theirs->policy != domain.known->policy ||
                                  theirs->expires < domain.known->expires);
    answer.fresh = fetched || newer;
  }
  if (!domain.announced.empty() && domain.failed_id == domain.announced) {
    answer.error = domain.failure;
  }
  return answer;
}

StsPolicies::Domain& StsPolicies::Touch(const std::string& name) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) {
    auto& list = found->second->keeping ? keeping_ : bare_;
    list.splice(list.begin(), list, found->second);
    return *found->second;
  }
  bare_.emplace_front().name = name;
  by_name_.emplace(name, bare_.begin());
  Weigh(bare_.front());
  return bare_.front();
}

void StsPolicies::Weigh(Domain& domain) {
  bytes_ -= domain.bytes;
  domain.bytes = kDomainBytes + 2 * domain.name.size() + domain.failure.message().size();
  if (domain.known) domain.bytes += domain.name.size() + BytesOf(domain.known->policy);
  bytes_ += domain.bytes;
  if (domain.known.has_value() != domain.keeping) {
    auto& from = domain.keeping ? keeping_ : bare_;
    auto& to = domain.keeping ? bare_ : keeping_;
    to.splice(to.begin(), from, by_name_.at(domain.name));
    domain.keeping = !domain.keeping;
  }
  // This one is the first of its list and stays, so that there is an answer.
  while (by_name_.size() > options_.domains_max || bytes_ > options_.bytes_max) {
    if (bare_.size() > (domain.keeping ? 0u : 1u)) {
      Forget(std::prev(bare_.end()));
    } else if (keeping_.size() > (domain.keeping ? 1u : 0u)) {
      Forget(std::prev(keeping_.end()));
    } else {
      break;
    }
  }
  counts_.domains.store(by_name_.size(), std::memory_order_relaxed);
}

void StsPolicies::Forget(Place place) {
  bytes_ -= place->bytes;
  by_name_.erase(place->name);
  (place->keeping ? keeping_ : bare_).erase(place);
}

}  // namespace postern::smtp
