// services/mailbox-transport/admin/queue_digests.h
//
// QueueDigests: Get-QueueDigest: the queues of this server, of a site's, or of all, asked at once.
//
// Flow      co_await Answer(request, response).
// Failure   kInvalidArgument and kNotFound name the scope; a server that did not answer in time is
//           named in the answer, which has all the others.
// Lifetime  One executor. Borrows its parts; requests and responses outlive the awaited call.
// Limits    FanOut::kQuestionsMax servers at once, within the request's timeout; kDigestQueuesMax
//           queues of a server, those with the most messages.
// See       queue_digest.h, fan_out.h

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/io/task.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/fan_out.h"
#include "services/mailbox-transport/admin/queries.h"
#include "services/mailbox-transport/admin/queue_digest.h"

namespace postern::admin {

inline constexpr absl::Duration kDigestTimeout = absl::Seconds(10);
inline constexpr absl::Duration kDigestTimeoutMax = absl::Minutes(5);
// Below 4 MiB, which is what gRPC takes of one answer.
inline constexpr std::uint32_t kDigestQueuesMax = 4000;

class QueueDigests {
 public:
  QueueDigests(FanOut::Parts parts, std::string own_name, Queries& queries)
      : directory_(parts.directory),
        own_name_(std::move(own_name)),
        queries_(queries),
        fan_out_(std::move(parts)) {}

  io::Task<absl::Status> Answer(const v1::GetQueueDigestRequest& request,
                                v1::GetQueueDigestResponse& response);

 private:
  using Answers = std::vector<FanOut::Answer<v1::GetQueueResponse>>;

  // The names of the servers that are meant.
  absl::StatusOr<std::vector<std::string>> Scope(const v1::GetQueueDigestRequest& request) const;
  io::Task<Answers> AskAll(std::vector<std::string> servers,
                           v1::GetQueueRequest question,
                           absl::Duration within);

  const std::function<directory::SnapshotPtr()> directory_;
  const std::string own_name_;
  Queries& queries_;
  FanOut fan_out_;
};

}  // namespace postern::admin
