#include "services/mailbox-transport/queue/settings.h"

#include "common/base/text.h"
#include "common/settings/errors.h"
#include "services/mailbox-transport/queue/rate_limits.h"

namespace postern::queue {

namespace {

absl::Status CheckPriorities(const QueueSettings& settings) {
  if (!*settings.priority_queuing_enabled) return absl::OkStatus();
  const int sum = *settings.max_per_domain_high_priority_connections +
                  *settings.max_per_domain_normal_priority_connections +
                  *settings.max_per_domain_low_priority_connections;
  const int most = *settings.max_per_domain_outbound_connections;
  if (sum <= most) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument,
                     "queue.max_per_domain_{high,normal,low}_priority_connections: ", sum,
                     " together: at most queue.max_per_domain_outbound_connections, ", most);
}

absl::Status CheckConnections(const QueueSettings& settings) {
  const int each = *settings.max_per_domain_outbound_connections;
  const int all = *settings.max_outbound_connections;
  if (each <= all) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument,
                     "queue.max_per_domain_outbound_connections: ", each,
                     ": at most queue.max_outbound_connections, ", all);
}

}  // namespace

absl::Status CheckSettings(const QueueSettings& settings) {
  settings::Errors errors;
  errors.Note(RateLimits::Parse(*settings.rate_limits).status());
  errors.Note(CheckConnections(settings));
  errors.Note(CheckPriorities(settings));
  return errors.Together();
}

std::vector<std::string> WarningsOf(const QueueSettings& settings) {
  std::vector<std::string> warnings;
  const absl::Duration stage =
      *settings.transient_failure_retry_interval * *settings.transient_failure_retry_count;
  for (const model::Priority priority : model::kPrioritiesByRank) {
    const absl::Duration delay = DelayOf(settings, priority);
    if (delay > stage) continue;
    warnings.push_back(base::Cat(
        "queue.delay_notification_timeout of ", model::NameOf(priority),
        " messages: ", absl::FormatDuration(delay),
        ": it should exceed transient_failure_retry_count times its interval, ",
        absl::FormatDuration(stage), ", or senders are told of delays that a retry would end"));
    if (!*settings.priority_queuing_enabled) break;
  }
  return warnings;
}

absl::Duration ExpirationOf(const QueueSettings& settings, model::Priority priority) {
  if (!*settings.priority_queuing_enabled) return *settings.message_expiration_timeout;
  switch (priority) {
    case model::Priority::kHigh:
      return *settings.high_priority_message_expiration_timeout;
    case model::Priority::kNormal:
      return *settings.normal_priority_message_expiration_timeout;
    case model::Priority::kLow:
      return *settings.low_priority_message_expiration_timeout;
  }
  return *settings.message_expiration_timeout;
}

absl::Duration DelayOf(const QueueSettings& settings, model::Priority priority) {
  if (!*settings.priority_queuing_enabled) return *settings.delay_notification_timeout;
  switch (priority) {
    case model::Priority::kHigh:
      return *settings.high_priority_delay_notification_timeout;
    case model::Priority::kNormal:
      return *settings.normal_priority_delay_notification_timeout;
    case model::Priority::kLow:
      return *settings.low_priority_delay_notification_timeout;
  }
  return *settings.delay_notification_timeout;
}

}  // namespace postern::queue
