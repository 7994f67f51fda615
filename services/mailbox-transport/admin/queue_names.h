// services/mailbox-transport/admin/queue_names.h
//
// The queues of all shards under the names that administrators use: Submission, Unreachable,
// Poison, or a number that a queue keeps as long as it exists.
//
// Flow      NameQueues(views of each shard); QueueFilter::Parse(identity, server) and its Fits;
//           ToInfo.
// Failure   kInvalidArgument and kNotFound name the identity and what it may be.
// See       Exchange's Get-Queue: [Server\]{Submission | Unreachable | NextHopDomain | integer | *}

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/queue/view.h"

namespace postern::admin {

inline constexpr std::string_view kSubmission = "Submission";
inline constexpr std::string_view kUnreachable = "Unreachable";
inline constexpr std::string_view kPoison = "Poison";

struct NamedQueue {
  std::size_t shard = 0;
  std::string name;  // "3"
  queue::QueueView view;
  std::string tls_domain;  // of a domain-secured destination
};

// Submission, Unreachable or Poison.
bool IsSpecial(const NamedQueue& queue);

// Exchange's NextHopCategory: Internal stays within the organization.
std::string_view CategoryOf(model::DeliveryType type);

// What stands for the next-hop domain: Exchange puts the names of special queues in its place.
std::string_view DomainOf(const NamedQueue& queue);

// Exchange's word: Undefined of Submission and Poison.
std::string_view DeliveryTypeOf(const NamedQueue& queue);

// Unreachable, when it is empty and not suspended, is shown to who names it alone.
bool IsHidden(const NamedQueue& queue);

// Submission and Unreachable come first and are always there, then Poison when it holds any, then
// the rest in the order of their numbers.
std::vector<NamedQueue> NameQueues(queue::QueueView submission,
                                   std::vector<std::vector<queue::QueueView>> shards);

class QueueFilter {
 public:
  // Empty or "*" is every queue.
  static absl::StatusOr<QueueFilter> Parse(std::string_view identity, std::string_view server);

  bool all() const { return name_.empty(); }

  // By name or by next-hop domain, without regard to case.
  bool Fits(const NamedQueue& queue) const;

 private:
  std::string name_;
};

// What the filter leaves; kNotFound when it names one that is not there.
absl::StatusOr<std::vector<NamedQueue>> Filtered(std::vector<NamedQueue> queues,
                                                 std::string_view identity,
                                                 std::string_view server);

v1::QueueInfo ToInfo(const NamedQueue& queue, std::string_view server);

// The next hop's, else the newest of a message that waits there, as why no connector fits.
std::string_view LastErrorOf(const queue::QueueView& view);

// RFC 3339; empty for a time that is not set.
std::string TimeText(absl::Time time);

}  // namespace postern::admin
