#include "services/mailbox-transport/admin/queue_digest.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "services/mailbox-transport/admin/paging.h"

namespace postern::admin {

namespace {

// The name behind the server's is a number in all queues that come and go.
bool IsPersistent(const v1::QueueInfo& queue) {
  const std::string_view name =
      std::string_view(queue.identity()).substr(queue.identity().rfind('\\') + 1);
  return !base::ParseUnsigned(name).has_value();
}

absl::Status BadWord(std::string_view what, std::string_view word, std::string_view words) {
  return base::Error(absl::StatusCode::kInvalidArgument, what, " \"", base::Printable(word),
                     "\": one of these is expected: ", words);
}

bool HasMore(const v1::QueueDigest& a, const v1::QueueDigest& b) {
  if (a.message_count() != b.message_count()) return a.message_count() > b.message_count();
  return a.group_by_value() < b.group_by_value();
}

}  // namespace

bool IsInDigest(const v1::QueueInfo& queue) {
  const bool special = IsPersistent(queue) || queue.status() == "Suspended";
  return queue.message_count() >= (special ? 1 : kDigestThreshold);
}

absl::StatusOr<QueueDigest> QueueDigest::Make(const v1::GetQueueDigestRequest& request) {
  static constexpr std::pair<std::string_view, By> kGroups[] = {
      {"NextHopDomain", By::kNextHopDomain}, {"DeliveryType", By::kDeliveryType},
      {"LastError", By::kLastError},         {"NextHopCategory", By::kNextHopCategory},
      {"NextHopKey", By::kNextHopKey},       {"Status", By::kStatus},
      {"ServerName", By::kServerName}};
  QueueDigest digest;
  digest.most_ = request.result_size() == 0 ? kResultsDefault : request.result_size();
  if (digest.most_ > kResultsMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "result_size: ", digest.most_,
                       ": at most ", kResultsMax);
  }
  const std::string& level = request.details_level();
  digest.with_details_ = !base::EqualsIgnoreCase(level, "None");
  digest.with_errors_ = base::EqualsIgnoreCase(level, "Verbose");
  const bool normal = level.empty() || base::EqualsIgnoreCase(level, "Normal");
  if (digest.with_details_ && !digest.with_errors_ && !normal) {
    return BadWord("details_level", level, "None, Normal, Verbose");
  }
  if (request.group_by().empty()) return digest;
  for (const auto& [word, by] : kGroups) {
    if (!base::EqualsIgnoreCase(word, request.group_by())) continue;
    digest.by_ = by;
    return digest;
  }
  return BadWord("group_by", request.group_by(),
                 "NextHopDomain, DeliveryType, LastError, NextHopCategory, NextHopKey, Status, "
                 "ServerName");
}

std::string QueueDigest::GroupOf(const v1::QueueInfo& queue) const {
  switch (by_) {
    case By::kNextHopDomain:
      return queue.next_hop_domain();
    case By::kDeliveryType:
      return queue.delivery_type();
    case By::kLastError:
      return queue.last_error();
    case By::kNextHopCategory:
      return queue.next_hop_category();
    case By::kNextHopKey:
      return base::Cat(queue.delivery_type(), ":", queue.next_hop_domain(), ":",
                       queue.next_hop_connector());
    case By::kStatus:
      return queue.status();
    case By::kServerName:
      return queue.identity().substr(0, queue.identity().find('\\'));
  }
  return "";
}

void QueueDigest::Take(const v1::QueueInfo& queue) {
  if (!IsInDigest(queue)) return;
  const std::string name = GroupOf(queue);
  v1::QueueDigest& group = groups_[name];
  group.set_group_by_value(name);
  group.set_message_count(group.message_count() + queue.message_count());
  group.set_deferred_message_count(group.deferred_message_count() + queue.deferred_message_count());
  group.set_queue_count(group.queue_count() + 1);
  if (!with_details_ || group.details_size() >= kDigestDetailsMax) return;
  v1::QueueInfo& detail = *group.add_details();
  detail = queue;
  if (!with_errors_) detail.clear_last_error();
}

void QueueDigest::Finish(v1::GetQueueDigestResponse& response) {
  std::vector<v1::QueueDigest> groups;
  groups.reserve(groups_.size());
  for (auto& [name, group] : groups_)
    groups.push_back(std::move(group));
  std::sort(groups.begin(), groups.end(), HasMore);
  response.set_truncated(groups.size() > most_);
  groups.resize(std::min(groups.size(), most_));
  for (v1::QueueDigest& group : groups)
    response.add_digests()->Swap(&group);
}

}  // namespace postern::admin
