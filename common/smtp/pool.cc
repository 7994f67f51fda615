#include "common/smtp/pool.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace postern::smtp {

namespace {

absl::Time ExpiryOf(const PooledSession& pooled) {
  return pooled.idle_since + pooled.policy.inactivity;
}

}  // namespace

PooledSession::PooledSession(Pool& pool, const SessionKey& key)
    : host(key.host),
      address(key.address),
      policy(key.policy),
      proof(key.proof),
      mx_set(key.mx_set),
      pool_(pool) {
  ++pool_.open_;
  ++pool_.hosts_[address].open;
}

PooledSession::~PooledSession() {
  if (record != nullptr && session != nullptr) record->Carried(messages, session->bytes_sent());
  session.reset();
  --pool_.open_;
  const auto place = pool_.hosts_.find(address);
  if (--place->second.open == 0) pool_.hosts_.erase(place);
  pool_.freed_.NotifyAll();
}

Pool::~Pool() {
  CloseIdle();
  POSTERN_CHECK(open_ == 0);
}

void Pool::Close(std::unique_ptr<PooledSession> pooled) {
  if (pooled->session != nullptr) pooled->session->Quit();
}

std::unique_ptr<PooledSession> Pool::Wake(HostSessions& host, std::size_t place) {
  std::unique_ptr<PooledSession> pooled = std::move(host.idle[place]);
  host.idle.erase(host.idle.begin() + static_cast<std::ptrdiff_t>(place));
  idle_.erase(pooled->by_age_);
  return pooled;
}

std::unique_ptr<PooledSession> Pool::Take(const SessionKey& key, absl::Time now) {
  const auto place = hosts_.find(key.address);
  if (place == hosts_.end()) return nullptr;
  std::vector<std::unique_ptr<PooledSession>>& idle = place->second.idle;
  for (std::size_t i = idle.size(); i > 0; --i) {
    if (!idle[i - 1]->Fits(key)) continue;
    std::unique_ptr<PooledSession> pooled = Wake(place->second, i - 1);
    if (ExpiryOf(*pooled) > now && !pooled->session->Disturbed()) return pooled;
    const bool last = hosts_.at(key.address).open == 1;
    Close(std::move(pooled));
    if (last) return nullptr;  // `idle` is gone with it
  }
  return nullptr;
}

std::unique_ptr<PooledSession> Pool::Open(const SessionKey& key) {
  const auto place = hosts_.find(key.address);
  if (place != hosts_.end() && place->second.open >= limits_.sessions_per_host_max) {
    // An idle session of another policy makes room.
    if (place->second.idle.empty()) return nullptr;
    Close(Wake(place->second, 0));
  }
  if (open_ >= limits_.sessions_max && !CloseOldestIdle()) return nullptr;
  return std::make_unique<PooledSession>(*this, key);
}

void Pool::Put(std::unique_ptr<PooledSession> pooled, absl::Time now) {
  if (!pooled->session->usable()) return;
  const bool once = pooled->helo_instead || pooled->policy.inactivity <= absl::ZeroDuration();
  if (once || pooled->spent()) {
    return Close(std::move(pooled));
  }
  pooled->idle_since = now;
  pooled->session->EndBy(absl::InfiniteFuture());
  pooled->by_age_ = idle_.insert(idle_.end(), pooled.get());
  next_expiry_ = std::min(next_expiry_, ExpiryOf(*pooled));
  hosts_[pooled->address].idle.push_back(std::move(pooled));
  freed_.NotifyAll();
}

bool Pool::CloseOldestIdle() {
  if (idle_.empty()) return false;
  // The first of its host too: each list has them by age.
  Close(Wake(hosts_.at(idle_.front()->address), 0));
  return true;
}

void Pool::Expire(absl::Time now) {
  CloseIf([now](const PooledSession& pooled) { return ExpiryOf(pooled) <= now; });
  next_expiry_ = absl::InfiniteFuture();
  for (const PooledSession* pooled : idle_)
    next_expiry_ = std::min(next_expiry_, ExpiryOf(*pooled));
}

void Pool::CloseIdle(std::string_view connector, std::string_view mx_set) {
  CloseIf([&](const PooledSession& pooled) {
    return pooled.mx_set == mx_set && pooled.policy.connector == connector;
  });
}

void Pool::CloseIf(absl::FunctionRef<bool(const PooledSession&)> closes) {
  std::vector<std::unique_ptr<PooledSession>> due;
  for (auto& [address, host] : hosts_) {
    const auto kept = std::stable_partition(host.idle.begin(), host.idle.end(),
                                            [&](const auto& pooled) { return !closes(*pooled); });
    std::move(kept, host.idle.end(), std::back_inserter(due));
    host.idle.erase(kept, host.idle.end());
  }
  for (std::unique_ptr<PooledSession>& pooled : due) {
    idle_.erase(pooled->by_age_);
    Close(std::move(pooled));
  }
}

void Pool::CloseIdle() {
  Expire(absl::InfiniteFuture());
}

}  // namespace postern::smtp
