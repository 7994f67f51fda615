// services/mailbox-transport/queue/settings.h
//
// QueueSettings: the limits and the times of the queue, under Exchange's names.
//
// Flow      Load; CheckSettings at start, and tell WarningsOf.
// See       Set-TransportService; docs/generated/settings.md

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/settings/setting.h"
#include "services/mailbox-transport/model/priority.h"

namespace postern::queue {

struct QueueSettings {
  settings::Setting<int> max_outbound_connections{
      .key = "queue.max_outbound_connections",
      .fallback = 1000,
      .min = 1,
      .max = 100'000,
      .about = "How many deliveries are under way at a time, over all next hops."};

  settings::Setting<int> max_per_domain_outbound_connections{
      .key = "queue.max_per_domain_outbound_connections",
      .fallback = 20,
      .min = 1,
      .max = 10'000,
      .about = "How many deliveries are under way at a time to one next hop."};

  settings::Setting<int> max_per_mx_set_outbound_connections{
      .key = "queue.max_per_mx_set_outbound_connections",
      .fallback = 100,
      .min = 1,
      .max = 100'000,
      .about =
          "How many deliveries are under way at a time to domains that share one set of mail "
          "exchangers, by one connector; the limits of each domain hold too."};

  settings::Setting<int> first_connections{
      .key = "queue.first_connections",
      .fallback = 1,
      .min = 1,
      .max = 10'000,
      .about =
          "How many deliveries a new or returning next hop begins with; each that works allows one "
          "more, up to max_per_domain_outbound_connections."};

  settings::Setting<std::vector<std::string>> rate_limits{
      .key = "queue.rate_limits",
      .about =
          "How many messages may go to a destination, to a provider's mail exchangers or by a "
          "connector: next-hop-domain=100/min, mx:domain-of-exchangers=100/min or "
          "connector:name=1000/h; the unit is s, min or h. Messages above it wait. It holds for "
          "each server: several send as much each."};

  settings::Setting<bool> priority_queuing_enabled{
      .key = "queue.priority_queuing_enabled",
      .fallback = false,
      .about =
          "Whether messages have the priority that their X-Priority or Importance field asks for; "
          "else all are Normal."};

  settings::Setting<int> max_per_domain_high_priority_connections{
      .key = "queue.max_per_domain_high_priority_connections",
      .fallback = 3,
      .min = 1,
      .max = 10'000,
      .about =
          "With priority queuing: how many deliveries of High messages are under way at a time to "
          "one next hop."};

  settings::Setting<int> max_per_domain_normal_priority_connections{
      .key = "queue.max_per_domain_normal_priority_connections",
      .fallback = 15,
      .min = 1,
      .max = 10'000,
      .about =
          "With priority queuing: how many deliveries of Normal messages are under way at a time "
          "to one next hop."};

  settings::Setting<int> max_per_domain_low_priority_connections{
      .key = "queue.max_per_domain_low_priority_connections",
      .fallback = 2,
      .min = 1,
      .max = 10'000,
      .about =
          "With priority queuing: how many deliveries of Low messages are under way at a time to "
          "one next hop."};

  settings::Setting<settings::Size> max_high_priority_message_size{
      .key = "queue.max_high_priority_message_size",
      .fallback = {250ull << 10},
      .min = {0},
      .max = {2047ull << 20},
      .about = "With priority queuing: a larger message that asks for High is Normal."};

  settings::Setting<int> queue_glitch_retry_count{
      .key = "queue.queue_glitch_retry_count",
      .fallback = 4,
      .min = 0,
      .max = 15,
      .about = "How often a failed next hop is tried at queue_glitch_retry_interval."};

  settings::Setting<absl::Duration> queue_glitch_retry_interval{
      .key = "queue.queue_glitch_retry_interval",
      .fallback = absl::Minutes(1),
      .min = absl::Seconds(1),
      .max = absl::Hours(12),
      .about = "The wait before each of the first tries of a failed next hop."};

  settings::Setting<int> transient_failure_retry_count{
      .key = "queue.transient_failure_retry_count",
      .fallback = 6,
      .min = 0,
      .max = 15,
      .about = "How often a failed next hop is then tried at transient_failure_retry_interval."};

  settings::Setting<absl::Duration> transient_failure_retry_interval{
      .key = "queue.transient_failure_retry_interval",
      .fallback = absl::Minutes(5),
      .min = absl::Seconds(1),
      .max = absl::Hours(12),
      .about = "The wait before each try of the second stage."};

  settings::Setting<absl::Duration> outbound_connection_failure_retry_interval{
      .key = "queue.outbound_connection_failure_retry_interval",
      .fallback = absl::Minutes(10),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 20),
      .about = "The wait before every later try of a failed next hop."};

  settings::Setting<absl::Duration> message_retry_interval{
      .key = "queue.message_retry_interval",
      .fallback = absl::Minutes(15),
      .min = absl::Seconds(1),
      .max = absl::Hours(24),
      .about = "The wait before a message is tried again that a remote refused for now."};

  settings::Setting<int> retry_jitter_percent{
      .key = "queue.retry_jitter_percent",
      .fallback = 0,
      .min = 0,
      .max = 50,
      .about =
          "How far a retry wait of a queue or a message may differ from its setting, at random."};

  settings::Setting<absl::Duration> message_expiration_timeout{
      .key = "queue.message_expiration_timeout",
      .fallback = absl::Hours(48),
      .min = absl::Seconds(5),
      .max = absl::Hours(24 * 90),
      .about = "How long a message may wait before it is returned."};

  settings::Setting<absl::Duration> delay_notification_timeout{
      .key = "queue.delay_notification_timeout",
      .fallback = absl::Hours(4),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 30),
      .about = "How long a message may wait before its sender is told of the delay."};

  settings::Setting<absl::Duration> max_idle_time_before_resubmit{
      .key = "queue.max_idle_time_before_resubmit",
      .fallback = absl::Hours(12),
      .min = absl::Seconds(5),
      .max = absl::Hours(24 * 90),
      .about =
          "How long a queue is in Retry with nothing delivered before its messages are routed "
          "again."};

  settings::Setting<absl::Duration> high_priority_delay_notification_timeout{
      .key = "queue.high_priority_delay_notification_timeout",
      .fallback = absl::Minutes(30),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 30),
      .about = "With priority queuing: delay_notification_timeout of High messages."};

  settings::Setting<absl::Duration> normal_priority_delay_notification_timeout{
      .key = "queue.normal_priority_delay_notification_timeout",
      .fallback = absl::Hours(4),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 30),
      .about = "With priority queuing: delay_notification_timeout of Normal messages."};

  settings::Setting<absl::Duration> low_priority_delay_notification_timeout{
      .key = "queue.low_priority_delay_notification_timeout",
      .fallback = absl::Hours(8),
      .min = absl::Seconds(1),
      .max = absl::Hours(24 * 30),
      .about = "With priority queuing: delay_notification_timeout of Low messages."};

  settings::Setting<absl::Duration> high_priority_message_expiration_timeout{
      .key = "queue.high_priority_message_expiration_timeout",
      .fallback = absl::Hours(8),
      .min = absl::Seconds(5),
      .max = absl::Hours(24 * 90),
      .about = "With priority queuing: message_expiration_timeout of High messages."};

  settings::Setting<absl::Duration> normal_priority_message_expiration_timeout{
      .key = "queue.normal_priority_message_expiration_timeout",
      .fallback = absl::Hours(48),
      .min = absl::Seconds(5),
      .max = absl::Hours(24 * 90),
      .about = "With priority queuing: message_expiration_timeout of Normal messages."};

  settings::Setting<absl::Duration> low_priority_message_expiration_timeout{
      .key = "queue.low_priority_message_expiration_timeout",
      .fallback = absl::Hours(48),
      .min = absl::Seconds(5),
      .max = absl::Hours(24 * 90),
      .about = "With priority queuing: message_expiration_timeout of Low messages."};

  settings::Setting<bool> poison_message_detection_enabled{
      .key = "queue.poison_message_detection_enabled",
      .fallback = true,
      .about =
          "Whether a message is set apart, in the Poison queue, that was in hand at "
          "poison_threshold crashes."};

  settings::Setting<int> poison_threshold{
      .key = "queue.poison_threshold",
      .fallback = 2,
      .min = 1,
      .max = 10,
      .about =
          "At how many ends of the process without a stop a message was in hand that is poison; "
          "an attempt that comes to its end starts the count anew."};

  settings::Setting<int> poison_suspects{
      .key = "queue.poison_suspects",
      .fallback = 4,
      .min = 1,
      .max = 1000,
      .about =
          "How many messages of whom one more crash makes poison are tried at a time after a "
          "crash. When more of them were in hand, nobody knows which it was, and it counts for "
          "none."};

  settings::Setting<absl::Duration> queue_max_idle_time{
      .key = "queue.queue_max_idle_time",
      .fallback = absl::Minutes(3),
      .min = absl::Seconds(5),
      .max = absl::Hours(1),
      .about = "How long an empty queue is kept."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(max_outbound_connections);
    visit(max_per_domain_outbound_connections);
    visit(max_per_mx_set_outbound_connections);
    visit(first_connections);
    visit(rate_limits);
    visit(priority_queuing_enabled);
    visit(max_per_domain_high_priority_connections);
    visit(max_per_domain_normal_priority_connections);
    visit(max_per_domain_low_priority_connections);
    visit(max_high_priority_message_size);
    visit(queue_glitch_retry_count);
    visit(queue_glitch_retry_interval);
    visit(transient_failure_retry_count);
    visit(transient_failure_retry_interval);
    visit(outbound_connection_failure_retry_interval);
    visit(message_retry_interval);
    visit(retry_jitter_percent);
    visit(message_expiration_timeout);
    visit(delay_notification_timeout);
    visit(max_idle_time_before_resubmit);
    visit(high_priority_delay_notification_timeout);
    visit(normal_priority_delay_notification_timeout);
    visit(low_priority_delay_notification_timeout);
    visit(high_priority_message_expiration_timeout);
    visit(normal_priority_message_expiration_timeout);
    visit(low_priority_message_expiration_timeout);
    visit(poison_message_detection_enabled);
    visit(poison_threshold);
    visit(poison_suspects);
    visit(queue_max_idle_time);
  }
};

// kInvalidArgument: values that do not go together, with field, value and rule.
absl::Status CheckSettings(const QueueSettings& settings);
// What an operator hardly meant, one sentence each.
std::vector<std::string> WarningsOf(const QueueSettings& settings);

// With priority queuing those of its priority.
absl::Duration ExpirationOf(const QueueSettings& settings, model::Priority priority);
absl::Duration DelayOf(const QueueSettings& settings, model::Priority priority);

}  // namespace postern::queue
