#include "services/mailbox-transport/accept/rate_limit.h"

#include <algorithm>

namespace postern::accept {

RateLimit::Bucket& RateLimit::Filled(std::string_view identity, const Rates& rates) {
  Bucket& bucket = buckets_.At(identity);
  const absl::Time now = clock_.Now();
  if (bucket.messages < 0) {
    bucket.messages = rates.messages_per_minute;
    bucket.recipients = rates.recipients_per_minute;
    bucket.filled = now;
    return bucket;
  }
  // A clock that was set back gives nothing and takes nothing.
  const double minutes = std::max(0.0, absl::ToDoubleSeconds(now - bucket.filled) / 60.0);
  bucket.messages = std::min<double>(rates.messages_per_minute,
                                     bucket.messages + minutes * rates.messages_per_minute);
  bucket.recipients = std::min<double>(rates.recipients_per_minute,
                                       bucket.recipients + minutes * rates.recipients_per_minute);
  bucket.filled = now;
  return bucket;
}

bool RateLimit::TakeMessage(std::string_view identity, const Rates& rates) {
  if (rates.messages_per_minute == 0) return true;
  const std::lock_guard lock(mutex_);
  Bucket& bucket = Filled(identity, rates);
  if (bucket.messages < 1) return false;
  bucket.messages -= 1;
  return true;
}

bool RateLimit::TakeRecipients(std::string_view identity, int count, const Rates& rates) {
  if (rates.recipients_per_minute == 0) return true;
  const std::lock_guard lock(mutex_);
  Bucket& bucket = Filled(identity, rates);
  if (bucket.recipients < count) return false;
  bucket.recipients -= count;
  return true;
}

}  // namespace postern::accept
