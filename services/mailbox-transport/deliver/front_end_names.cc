#include "services/mailbox-transport/deliver/front_end_names.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::deliver {

namespace {

constexpr std::string_view kDnsScheme = "dns:///";
// Between two questions, however often they are wanted.
constexpr absl::Duration kAskAgainMin = absl::Seconds(1);
constexpr absl::Duration kQuestionMax = absl::Seconds(10);
constexpr absl::Duration kServerMax = absl::Seconds(2);

}  // namespace

struct FrontEndNames::Name {
  std::string text;  // as in the directory
  std::string host;
  std::uint16_t port = 0;
  bool fixed = false;  // an address
  bool asked = false;
  std::vector<io::IpAddress> addresses;
  absl::Status error;

  explicit Name(const std::string& named) : text(named) {
    std::string_view rest = named;
    if (rest.starts_with(kDnsScheme)) rest.remove_prefix(kDnsScheme.size());
    const auto colon = std::min(rest.rfind(':'), rest.size());
    host = base::LowerAscii(rest.substr(0, colon));
    const auto number = base::ParseUnsigned(rest.substr(std::min(colon + 1, rest.size())));
    port = static_cast<std::uint16_t>(number.value_or(0));
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    const auto address = io::IpAddress::Parse(bracketed ? host.substr(1, host.size() - 2) : host);
    if (address.ok()) {
      addresses = {*address};
    } else if (host == "localhost") {
      addresses = {*io::IpAddress::Parse("127.0.0.1")};
    }
    fixed = !addresses.empty();
  }
};

FrontEndNames::FrontEndNames(io::Executor& executor,
                             const DeliverSettings& settings,
                             dns::Resolver* resolver,
                             Changed changed)
    : executor_(executor),
      settings_(settings),
      resolver_(resolver),
      search_(resolver == nullptr ? dns::SearchList::OfSystem() : dns::SearchList()),
      changed_(std::move(changed)),
      scope_(executor) {}

FrontEndNames::~FrontEndNames() = default;

void FrontEndNames::Set(const std::vector<std::string>& names) {
  std::vector<std::shared_ptr<Name>> now;
  bool asks = false;
  for (const std::string& text : names) {
    const auto known = std::find_if(names_.begin(), names_.end(),
                                    [&](const auto& one) { return one->text == text; });
    now.push_back(known != names_.end() ? *known : std::make_shared<Name>(text));
    asks = asks || !now.back()->fixed;
  }
  names_ = std::move(now);
  Publish();
  if (!asks || scope_.stopping()) return;
  AskSoon();
  if (!std::exchange(following_, true)) scope_.Spawn(Follow());
}

void FrontEndNames::AskSoon() {
  wanted_ = true;
  wake_.NotifyAll();
}

io::Task<void> FrontEndNames::Follow() {
  while (!scope_.stopping()) {
    wanted_ = false;
    const absl::Time asked = absl::Now();
    co_await AskAll();
    const bool asks =
        std::any_of(names_.begin(), names_.end(), [](const auto& name) { return !name->fixed; });
    if (!asks) break;
    const absl::Duration refresh = *settings_.front_end_refresh;
    const absl::Duration pause = std::min(refresh, kAskAgainMin);
    const absl::Status paused = co_await io::Sleep(pause);
    if (!paused.ok()) break;
    if (!wanted_) {
      const absl::Status waited = co_await wake_.Until(asked + refresh - absl::Now());
      if (absl::IsCancelled(waited)) break;
    }
  }
  following_ = false;
}

io::Task<void> FrontEndNames::AskAll() {
  dns::Resolver* const resolver = Resolver();
  const std::vector<std::shared_ptr<Name>> names = names_;
  for (const auto& name : names) {
    if (name->fixed) continue;
    if (resolver == nullptr) {
      name->error = resolver_error_;
      name->asked = true;
      continue;
    }
    co_await Ask(name, resolver);
    name->asked = true;
    if (scope_.stopping()) co_return;
  }
  Publish();
}

// The first of the full names that has an address; none has it when all have said so.
io::Task<void> FrontEndNames::Ask(std::shared_ptr<Name> name, dns::Resolver* resolver) {
  for (const std::string& full : search_.NamesFor(name->host)) {
    const auto answer = co_await resolver->Addresses(full);
    if (answer.ok() && !answer->addresses.empty()) {
      name->addresses = answer->addresses;
      name->error = absl::OkStatus();
      co_return;
    }
    if (answer.ok() || absl::IsNotFound(answer.status())) continue;
    name->error = answer.status();
    POSTERN_LOG(kDebug, "deliver", "front ends cannot be looked up",
                {{"name", full}, {"error", name->error}});
    co_return;
  }
  name->addresses.clear();
  name->error = base::Error(absl::StatusCode::kNotFound, "dns: ", name->host, " has no address");
}

dns::Resolver* FrontEndNames::Resolver() {
  if (resolver_ != nullptr) return resolver_;
  dns::CaresResolver::Options options;
  options.servers = *settings_.front_end_dns_servers;
  options.per_server_timeout = kServerMax;
  options.query_timeout = kQuestionMax;
  auto made = dns::CaresResolver::Make(executor_, std::move(options));
  if (made.ok()) {
    own_resolver_ = *std::move(made);
    resolver_ = own_resolver_.get();
  } else {
    resolver_error_ = base::Annotate(made.status(), "deliver.front_end_dns_servers");
    POSTERN_LOG(kError, "deliver", "front ends cannot be looked up", {{"error", resolver_error_}});
  }
  return resolver_;
}

void FrontEndNames::Publish() {
  std::vector<std::string> addresses;
  for (const auto& name : names_) {
    for (const io::IpAddress& address : name->addresses)
      addresses.push_back(io::Endpoint{address, name->port}.ToString());
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.size() > kFrontEndsMax) addresses.resize(kFrontEndsMax);
  if (addresses == published_) return;
  published_ = std::move(addresses);
  changed_(published_);
}

absl::Status FrontEndNames::error() const {
  for (const auto& name : names_) {
    if (!name->error.ok()) return name->error;
  }
  return absl::OkStatus();
}

std::size_t FrontEndNames::size() const {
  const auto without = std::count_if(names_.begin(), names_.end(),
                                     [](const auto& name) { return name->addresses.empty(); });
  return published_.size() + static_cast<std::size_t>(without);
}

bool FrontEndNames::asking() const {
  return std::any_of(names_.begin(), names_.end(),
                     [](const auto& name) { return !name->fixed && !name->asked; });
}

void FrontEndNames::Stop() {
  scope_.Stop();
}

io::Task<void> FrontEndNames::Join() {
  co_await scope_.Join();
}

}  // namespace postern::deliver
