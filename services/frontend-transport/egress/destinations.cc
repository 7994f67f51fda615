#include "services/frontend-transport/egress/destinations.h"

#include <algorithm>

namespace postern::egress {

namespace {

// The host is to blame, not we: no place for a session, no address of ours, a stop.
bool DidNotAnswer(const smtp::HostTried& tried) {
  return tried.stage == smtp::Stage::kConnect && !tried.reply.has_value() &&
         (absl::IsUnavailable(tried.error) || absl::IsDeadlineExceeded(tried.error));
}

bool NobodyAnswered(const smtp::Outcome& outcome) {
  return !outcome.hosts.empty() &&
         std::all_of(outcome.hosts.begin(), outcome.hosts.end(), DidNotAnswer);
}

bool SomebodyAnswered(const smtp::Outcome& outcome) {
  return std::any_of(outcome.hosts.begin(), outcome.hosts.end(), [](const auto& tried) {
    return tried.stage > smtp::Stage::kConnect || tried.reply.has_value();
  });
}

// One that a connector's own address or name servers may be the reason for says nothing of others.
bool TellsOfOthers(const smtp::Delivery& delivery) {
  return delivery.route.dns_routing && !delivery.policy.external_dns &&
         !delivery.policy.source_address.has_value() && delivery.policy.egress.empty();
}

}  // namespace

v1::Destination Destinations::Told(const std::string& domain,
                                   const std::string& mx_set,
                                   absl::Time now) const {
  v1::Destination told;
  told.set_domain(domain);
  told.set_mx_set_id(mx_set);
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
  if (blocked_time_ <= absl::ZeroDuration() || outcome.mx_set.empty() || !TellsOfOthers(delivery)) {
    return std::nullopt;
  }
  const std::string& domain = delivery.route.domain;
  bool news = false;
  if (domains_.size() >= kDestinationsMax || blocks_.size() >= kDestinationsMax) MakeRoom(now);
  if (NobodyAnswered(outcome)) {
    blocks_[outcome.mx_set] = {domain, now + blocked_time_};
    news = true;
  } else if (SomebodyAnswered(outcome)) {
    news = blocks_.erase(outcome.mx_set) > 0;
  }
  Known& known = domains_[domain];
  if (known.mx_set != outcome.mx_set || known.told_until <= now) news = true;
  known = {outcome.mx_set, news ? now + kDestinationTtl : known.told_until};
  if (!news) return std::nullopt;
  return Told(domain, outcome.mx_set, now);
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
