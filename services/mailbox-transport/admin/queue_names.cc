#include "services/mailbox-transport/admin/queue_names.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/mail/utf8.h"

namespace postern::admin {

namespace {

constexpr std::size_t kErrorBytesMax = 4096;

NamedQueue Special(std::string_view name, queue::QueueView view) {
  NamedQueue queue;
  queue.name = std::string(name);
  queue.view = std::move(view);
  return queue;
}

queue::QueueView EmptyView(model::DeliveryType type) {
  queue::QueueView view;
  view.hop.type = type;
  return view;
}

}  // namespace

bool IsSpecial(const NamedQueue& queue) {
  return queue.name == kSubmission || queue.name == kUnreachable || queue.name == kPoison;
}

std::string_view CategoryOf(model::DeliveryType type) {
  const bool external = type == model::DeliveryType::kDnsConnectorDelivery ||
                        type == model::DeliveryType::kSmartHostConnectorDelivery;
  return external ? "External" : "Internal";
}

std::string_view DomainOf(const NamedQueue& queue) {
  if (queue.name == kUnreachable) return "Unreachable Domain";
  if (queue.name == kPoison) return "Poison Message";
  return IsSpecial(queue) ? std::string_view(queue.name) : std::string_view(queue.view.hop.domain);
}

std::string_view DeliveryTypeOf(const NamedQueue& queue) {
  const bool poison = queue.view.hop.type == model::DeliveryType::kPoison;
  return model::NameOf(poison ? model::DeliveryType::kUndefined : queue.view.hop.type);
}

bool IsHidden(const NamedQueue& queue) {
  return queue.name == kUnreachable && queue.view.message_count == 0 &&
         queue.view.status != queue::QueueStatus::kSuspended;
}

std::vector<NamedQueue> NameQueues(queue::QueueView submission,
                                   std::vector<std::vector<queue::QueueView>> shards) {
  std::vector<NamedQueue> queues;
  NamedQueue unreachable = Special(kUnreachable, EmptyView(model::DeliveryType::kUnreachable));
  NamedQueue poison = Special(kPoison, EmptyView(model::DeliveryType::kPoison));
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    for (queue::QueueView& view : shards[shard]) {
      const model::DeliveryType type = view.hop.type;
      if (type == model::DeliveryType::kUnreachable || type == model::DeliveryType::kPoison) {
        NamedQueue& queue = type == model::DeliveryType::kPoison ? poison : unreachable;
        queue.shard = shard;
        queue.view = std::move(view);
        continue;
      }
      NamedQueue queue;
      queue.shard = shard;
      // Numbers of different shards never meet, and one shard counts 1, 2, 3.
      view.id = (view.id - 1) * shards.size() + shard + 1;
      queue.name = base::Cat(view.id);
      queue.view = std::move(view);
      queues.push_back(std::move(queue));
    }
  }
  std::sort(queues.begin(), queues.end(),
            [](const NamedQueue& a, const NamedQueue& b) { return a.view.id < b.view.id; });
  if (poison.view.message_count > 0) queues.insert(queues.begin(), std::move(poison));
  queues.insert(queues.begin(), std::move(unreachable));
  queues.insert(queues.begin(), Special(kSubmission, std::move(submission)));
  return queues;
}

absl::StatusOr<QueueFilter> QueueFilter::Parse(std::string_view identity, std::string_view server) {
  QueueFilter filter;
  std::string_view name = identity;
  const std::size_t slash = identity.rfind('\\');
  if (slash != std::string_view::npos) {
    const std::string_view of = identity.substr(0, slash);
    if (!base::EqualsIgnoreCase(of, server)) {
      return base::Error(absl::StatusCode::kNotFound, "queue \"", base::Printable(identity),
                         "\": this server is ", server, ", not ", base::Printable(of));
    }
    name.remove_prefix(slash + 1);
    if (name.empty()) {
      return base::Error(absl::StatusCode::kInvalidArgument, "queue \"", base::Printable(identity),
                         "\": write [Server\\]{Submission | Unreachable | Poison | NextHopDomain | "
                         "number | *}");
    }
  }
  if (name != "*") filter.name_ = base::LowerAscii(name);
  return filter;
}

bool QueueFilter::Fits(const NamedQueue& queue) const {
  return all() || base::EqualsIgnoreCase(queue.name, name_) ||
         base::EqualsIgnoreCase(queue.view.hop.domain, name_);
}

absl::StatusOr<std::vector<NamedQueue>> Filtered(std::vector<NamedQueue> queues,
                                                 std::string_view identity,
                                                 std::string_view server) {
  const auto filter = QueueFilter::Parse(identity, server);
  if (!filter.ok()) return filter.status();
  std::erase_if(queues, [&](const NamedQueue& queue) { return !filter->Fits(queue); });
  if (queues.empty()) {
    return base::Error(absl::StatusCode::kNotFound, "queue \"", base::Printable(identity),
                       "\": there is none on ", server);
  }
  return queues;
}

std::string TimeText(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return "";
  return base::FormatTime(time);
}

std::string_view LastErrorOf(const queue::QueueView& view) {
  return view.last_error.empty() ? view.message_error : view.last_error;
}

v1::QueueInfo ToInfo(const NamedQueue& queue, std::string_view server) {
  const queue::QueueView& view = queue.view;
  v1::QueueInfo info;
  info.set_identity(base::Cat(server, "\\", queue.name));
  info.set_delivery_type(std::string(DeliveryTypeOf(queue)));
  info.set_next_hop_domain(std::string(DomainOf(queue)));
  info.set_next_hop_connector(view.hop.connector);
  info.set_status(std::string(queue::NameOf(view.status)));
  info.set_message_count(view.message_count);
  info.set_deferred_message_count(view.deferred_count);
  info.set_last_error(mail::CleanText(LastErrorOf(view), kErrorBytesMax));
  info.set_last_retry_time(TimeText(view.last_retry_time));
  info.set_next_retry_time(TimeText(view.next_retry_time));
  info.set_retry_count(view.retry_count);
  info.set_next_hop_category(std::string(CategoryOf(view.hop.type)));
  info.set_tls_domain(queue.tls_domain);
  info.set_incoming_rate(view.incoming_rate);
  info.set_outgoing_rate(view.outgoing_rate);
  info.set_velocity(view.velocity);
  info.set_mx_set(mail::CleanText(view.mx_set, kErrorBytesMax));
  info.set_first_retry_time(TimeText(view.first_retry_time));
  info.set_suspended_message_count(view.suspended_count);
  for (const model::Priority priority :
       {model::Priority::kHigh, model::Priority::kNormal, model::Priority::kLow}) {
    info.add_message_counts_per_priority(
        view.count_by_priority[static_cast<std::size_t>(priority)]);
    info.add_deferred_message_counts_per_priority(
        view.deferred_by_priority[static_cast<std::size_t>(priority)]);
  }
  return info;
}

}  // namespace postern::admin
