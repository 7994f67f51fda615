// services/mailbox-transport/accept/rate_limit.h
//
// RateLimit: how many messages and recipients a minute one identity may submit.
//
// Flow      TakeMessage at MAIL (or the gRPC envelope), TakeRecipients as they come.
// Failure   False: over the limit now; the client is told to come back later.
// Limits    A bucket holds one minute's worth. kIdentitiesMax identities; the least recently used
//           one is forgotten, which gives it a full bucket. Thread-safe; a call holds its lock for
//           nanoseconds.

#pragma once

#include <cstddef>
#include <mutex>
#include <string_view>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "services/mailbox-transport/accept/bounded_table.h"

namespace postern::accept {

class RateLimit {
 public:
  static constexpr std::size_t kIdentitiesMax = 10000;

  // 0 is no limit.
  struct Rates {
    int messages_per_minute = 0;
    int recipients_per_minute = 0;
  };

  explicit RateLimit(base::Clock& clock, std::size_t identities_max = kIdentitiesMax)
      : clock_(clock), buckets_(identities_max) {}

  bool TakeMessage(std::string_view identity, const Rates& rates);
  bool TakeRecipients(std::string_view identity, int count, const Rates& rates);

 private:
  struct Bucket {
    double messages = -1;  // below 0: not used yet
    double recipients = -1;
    absl::Time filled;
  };

  Bucket& Filled(std::string_view identity, const Rates& rates);

  base::Clock& clock_;
  std::mutex mutex_;
  BoundedTable<Bucket> buckets_;
};

}  // namespace postern::accept
