#include "services/mailbox-transport/deliver/sts_cache.h"

#include <algorithm>
#include <vector>

#include "common/smtp/wire.h"

namespace postern::deliver {

absl::Status StsCache::Restore() {
  const absl::Time now = clock_.Now();
  std::vector<std::string> useless;
  const std::lock_guard lock(mutex_);
  const absl::Status read =
      store_.ScanPolicies([&](std::string_view domain, std::string_view bytes) {
        v1::StsPolicy wire;
        const bool whole = wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        auto known = smtp::StsFromWire(wire);
        if (!whole || !known.ok() || known->domain != domain || known->expires <= now ||
            known_.size() == kStsDomainsMax) {
          useless.emplace_back(domain);
          return;
        }
        std::string key = known->domain;
        known_.emplace(std::move(key), Held{*std::move(known), now});
      });
  for (const std::string& domain : useless)
    store_.PutPolicy(domain, "");
  return read;
}

std::optional<smtp::KnownSts> StsCache::Find(const std::string& domain) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(domain);
  const absl::Time now = clock_.Now();
  if (found == known_.end() || found->second.known.expires <= now) return std::nullopt;
  found->second.used = now;
  return found->second.known;
}

void StsCache::Keep(const smtp::KnownSts& known) {
  v1::StsPolicy wire;
  smtp::ToWire(known, wire);
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(known.domain);
  if (found != known_.end()) {
    // Two attempts may have asked at once. A newer policy may expire earlier.
    smtp::KnownSts& before = found->second.known;
    if (before == known || before.fetched() > known.fetched()) return;
    before = known;
  } else {
    if (known_.size() == kStsDomainsMax) MakeRoom();
    known_.emplace(known.domain, Held{known, clock_.Now()});
  }
  store_.PutPolicy(known.domain, wire.SerializeAsString());
}

void StsCache::MakeRoom() {
  const auto first = std::min_element(
      known_.begin(), known_.end(),
      [](const auto& one, const auto& other) { return one.second.used < other.second.used; });
  store_.PutPolicy(first->first, "");
  known_.erase(first);
}

std::size_t StsCache::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace postern::deliver
