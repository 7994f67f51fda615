#include "services/mailbox-transport/deliver/destinations.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::deliver {

namespace {

constexpr std::size_t kDomainBytesMax = 255;
constexpr std::size_t kSetBytesMax = 64;
constexpr absl::Duration kKnownMax = absl::Hours(24);

}  // namespace

void Destinations::Told(const v1::Destination& told, absl::Time now) {
  if (told.domain().empty() || told.domain().size() > kDomainBytesMax) return;
  if (told.mx_set_id().empty() || told.mx_set_id().size() > kSetBytesMax) return;
  if (IsFull(told)) MakeRoom(now);
  Domain& domain = domains_[told.domain()];
  domain.set = told.mx_set_id();
  domain.known_until = now + std::min(absl::Seconds(told.ttl_seconds()), kKnownMax);
  // Clocks differ: no block is longer than its most.
  const auto until_ms = static_cast<std::int64_t>(
      std::min<std::uint64_t>(told.blocked_until_unix_ms(), INT64_MAX / 1'000'000));
  const absl::Time until = std::min(absl::FromUnixMillis(until_ms), now + kBlockedMax);
  if (until > now) {
    blocks_[told.mx_set_id()] = {now, until, told.domain()};
  } else {
    blocks_.erase(told.mx_set_id());
  }
}

// What is known already takes no room.
bool Destinations::IsFull(const v1::Destination& told) const {
  return (domains_.size() >= kDestinationsMax && !domains_.contains(told.domain())) ||
         (blocks_.size() >= kDestinationsMax && !blocks_.contains(told.mx_set_id()));
}

const Destinations::Block* Destinations::BlockOf(const Domain& domain, absl::Time now) const {
  if (domain.known_until <= now) return nullptr;
  const auto found = blocks_.find(domain.set);
  return found != blocks_.end() && found->second.until > now ? &found->second : nullptr;
}

absl::Status Destinations::Blocked(const std::string& name, absl::Time now) {
  if (blocks_.empty()) return absl::OkStatus();
  const auto found = domains_.find(name);
  if (found == domains_.end()) return absl::OkStatus();
  Domain& domain = found->second;
  const Block* const block = BlockOf(domain, now);
  if (block == nullptr) return absl::OkStatus();
  if (domain.answered != block->told) {
    domain.answered = block->told;
    domain.answers_until = now + kAnsweredTogether;
  }
  if (domain.answers_until <= now) return absl::OkStatus();
  return base::Error(absl::StatusCode::kUnavailable, "no mail exchanger takes mail, as mail to ",
                     block->domain, " has shown; not tried");
}

void Destinations::Tried(const std::string& name, absl::Time now) {
  const auto found = domains_.find(name);
  if (found == domains_.end()) return;
  const Block* const block = BlockOf(found->second, now);
  if (block == nullptr) return;
  found->second.answered = block->told;
  found->second.answers_until = now;
}

void Destinations::MakeRoom(absl::Time now) {
  std::erase_if(domains_, [now](const auto& entry) { return entry.second.known_until <= now; });
  std::erase_if(blocks_, [now](const auto& entry) { return entry.second.until <= now; });
  if (domains_.size() >= kDestinationsMax) domains_.erase(domains_.begin());
  if (blocks_.size() >= kDestinationsMax) blocks_.erase(blocks_.begin());
}

}  // namespace postern::deliver
