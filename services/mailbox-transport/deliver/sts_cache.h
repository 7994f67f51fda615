// services/mailbox-transport/deliver/sts_cache.h
//
// StsCache: the MTA-STS policies that this server knows, in memory and in the store.
//
// Flow      Restore at start; Find for a delivery that goes by MX; Keep what its outcome brings.
// Failure   A stored policy that cannot be read is forgotten: it is asked for again.
// Lifetime  Thread-safe; borrows store and clock.
// Limits    kStsDomainsMax domains; beyond it the one that no mail has asked for the longest goes.
//           How long a policy says it holds does not count, or strangers could push others out
//           with long ones. What is written rides with the next commit: a crash costs a question,
//           not a policy that is in force at a front end.
// See       RFC 8461 §5.1, §10.2; docs/data.md

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"

#include "common/base/clock.h"
#include "common/smtp/known_sts.h"
#include "services/mailbox-transport/model/message_store.h"

namespace postern::deliver {

inline constexpr std::size_t kStsDomainsMax = 10'000;

class StsCache {
 public:
  StsCache(model::MessageStore& store, base::Clock& clock) : store_(store), clock_(clock) {}

  absl::Status Restore();

  std::optional<smtp::KnownSts> Find(const std::string& domain) const;
  void Keep(const smtp::KnownSts& known);

  std::size_t size() const;

 private:
  struct Held {
    smtp::KnownSts known;
    absl::Time used;  // last asked for
  };

  void MakeRoom();

  model::MessageStore& store_;
  base::Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Held> known_;
};

}  // namespace postern::deliver
