// services/mailbox-transport/admin/queue_digest.h
//
// QueueDigest: the queues of many servers in groups, those with the most messages first. Pure.
//
// Flow      Take the queues of each server; Finish into the answer.
// Failure   kInvalidArgument: a word that is none of GroupBy or DetailsLevel.
// Limits    kDigestDetailsMax queues of a group are named.
// See       queue_digests.h; Exchange's Get-QueueDigest

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "postern/v1/admin.pb.h"

namespace postern::admin {

// Exchange's QueueLoggingThreshold: a delivery queue below it is not worth a row.
inline constexpr std::uint64_t kDigestThreshold = 10;
inline constexpr int kDigestDetailsMax = 100;

class QueueDigest {
 public:
  // By the request's group_by, details_level and result_size.
  static absl::StatusOr<QueueDigest> Make(const v1::GetQueueDigestRequest& request);

  void Take(const v1::QueueInfo& queue);
  void Finish(v1::GetQueueDigestResponse& response);

 private:
  enum class By : std::uint8_t {
    kNextHopDomain,
    kDeliveryType,
    kLastError,
    kNextHopCategory,
    kNextHopKey,
    kStatus,
    kServerName,
  };

  std::string GroupOf(const v1::QueueInfo& queue) const;

  By by_ = By::kNextHopDomain;
  bool with_details_ = true;
  bool with_errors_ = false;
  std::size_t most_ = 0;
  std::map<std::string, v1::QueueDigest> groups_;
};

// Whether a digest shows it: ten messages, or any in a queue that always exists or is suspended.
bool IsInDigest(const v1::QueueInfo& queue);

}  // namespace postern::admin
