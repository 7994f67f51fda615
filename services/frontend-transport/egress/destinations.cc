#include "services/frontend-transport/egress/destinations.h"

#include <algorithm>

#include "common/base/rendezvous.h"
#include "common/base/text.h"

namespace postern::egress {

namespace {

bool BeforeMail(const smtp::HostTried& tried) {
  return tried.stage == smtp::Stage::kConnect || tried.stage == smtp::Stage::kGreeting ||
         tried.stage == smtp::Stage::kHello;
}

// It serves nobody now: 421, or 554 instead of a greeting (RFC 5321 §3.1). What else it may say
// there may be about our name.
bool SentUsAway(const smtp::HostTried& tried) {
  return tried.reply.has_value() && (tried.reply->code == 421 || tried.reply->code == 554);
}

// The host is to blame, not we: no place for a session, no address of ours, a stop.
bool DidNotAnswer(const smtp::HostTried& tried) {
  if (!BeforeMail(tried)) return false;
  if (tried.reply.has_value()) return SentUsAway(tried);
  return absl::IsUnavailable(tried.error) || absl::IsDeadlineExceeded(tried.error);
}

bool NobodyAnswered(const smtp::Outcome& outcome) {
  return !outcome.hosts.empty() && !outcome.hosts_left &&
         std::all_of(outcome.hosts.begin(), outcome.hosts.end(), DidNotAnswer);
}

bool SomebodyAnswered(const smtp::Outcome& outcome) {
  return std::any_of(outcome.hosts.begin(), outcome.hosts.end(), [](const auto& tried) {
    return tried.stage > smtp::Stage::kConnect && !DidNotAnswer(tried);
  });
}

// One that a connector's own address or name servers may be the reason for says nothing of others.
bool TellsOfOthers(const smtp::Delivery& delivery) {
  return delivery.route.dns_routing && !delivery.policy.external_dns &&
         !delivery.policy.source_address.has_value() && delivery.policy.egress.empty();
}

// Callers take no longer one.
constexpr std::size_t kSetIdBytesMax = 64;

std::string IdOf(const std::string& mx_set) {
  if (mx_set.size() <= kSetIdBytesMax) return mx_set;
  return base::Cat("#", base::RendezvousWeight("", mx_set));
}

}  // namespace

v1::Destination Destinations::Told(const std::string& domain,
                                   const std::string& mx_set,
                                   absl::Time now) const {
  v1::Destination told;
  told.set_domain(domain);
  told.set_mx_set_id(IdOf(mx_set));
  told.set_ttl_seconds(static_cast<std::uint32_t>(absl::ToInt64Seconds(kDestinationTtl)));
  const auto block = blocks_.find(mx_set);
  if (block != blocks_.end() && block->second.until > now) {
    told.set_blocked_until_unix_ms(
        static_cast<std::uint64_t>(absl::ToUnixMillis(block->second.until)));
  }
  return told;
}

std::optional<v1::Destination> Destinations::Note(const smtp::Delivery& delivery,
                                                  const smtp::Outcome& outcome,
                                                  absl::Time now) {
  if (blocked_time_ <= absl::ZeroDuration() || !TellsOfOthers(delivery)) return std::nullopt;
  const std::string& domain = delivery.route.domain;
  // A domain without MX records is its own exchanger.
  const bool own = outcome.mx_set.empty() && !outcome.hosts.empty();
  const std::string& mx_set = own ? domain : outcome.mx_set;
  if (mx_set.empty()) return std::nullopt;
  bool news = false;
  if (IsFull(domain, mx_set)) MakeRoom(now);
  if (NobodyAnswered(outcome)) {
    blocks_[mx_set] = {domain, now + blocked_time_};
    news = true;
  } else if (SomebodyAnswered(outcome)) {
    news = blocks_.erase(mx_set) > 0;
  }
  Known& known = domains_[domain];
  if (known.mx_set != mx_set || known.told_until <= now) news = true;
  if (!news) return std::nullopt;
  known = {mx_set, now + kDestinationTtl};
  return Told(domain, mx_set, now);
}

// What is known already takes no room.
bool Destinations::IsFull(const std::string& domain, const std::string& mx_set) const {
  return (domains_.size() >= kDestinationsMax && !domains_.contains(domain)) ||
         (blocks_.size() >= kDestinationsMax && !blocks_.contains(mx_set));
}

// Whoever is forgotten is told again.
void Destinations::MakeRoom(absl::Time now) {
  std::erase_if(domains_, [now](const auto& entry) { return entry.second.told_until <= now; });
  std::erase_if(blocks_, [now](const auto& entry) { return entry.second.until <= now; });
  if (domains_.size() >= kDestinationsMax) domains_.erase(domains_.begin());
  if (blocks_.size() >= kDestinationsMax) blocks_.erase(blocks_.begin());
}

std::vector<v1::Destination> Destinations::Blocked(absl::Time now) const {
  std::vector<v1::Destination> blocked;
  for (const auto& [mx_set, block] : blocks_) {
    if (block.until > now) blocked.push_back(Told(block.domain, mx_set, now));
  }
  return blocked;
}

}  // namespace postern::egress
