// services/mailbox-transport/admin/redirect.h
//
// Redirect: one round of handing this server's queues to others, as the admin API offers it.
//
// Flow      Run, again and again, until response.remaining is 0.
// Failure   kInvalidArgument: a target is not a server of the directory, is this server, or has no
//           address; kFailedPrecondition: the site has no other server. What no server takes is in
//           the response.
// Lifetime  Borrows its parts; request and response outlive the awaited call.
// Limits    A round takes kRoundMax at most.
// See       docs/scale-in.md; pipeline/drain.h

#pragma once

#include "absl/status/statusor.h"

#include "common/io/task.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::admin {

inline constexpr absl::Duration kRoundDefault = absl::Seconds(5);
inline constexpr absl::Duration kRoundMax = absl::Minutes(1);
// Without `hold` new mail is taken again this long after the last round.
inline constexpr absl::Duration kRefusesAfterRound = absl::Seconds(30);

class Redirect {
 public:
  Redirect(pipeline::Pipeline& pipeline, base::Clock& clock) : pipeline_(pipeline), clock_(clock) {}

  // No relay of the round goes on after `at_latest`.
  io::Task<absl::Status> Run(const v1::RedirectMessageRequest& request,
                             v1::RedirectMessageResponse& response,
                             absl::Time at_latest = absl::InfiniteFuture());

 private:
  // How many messages are still here.
  io::Task<absl::Status> Count(v1::RedirectMessageResponse& response);

  pipeline::Pipeline& pipeline_;
  base::Clock& clock_;
};

// The servers that may take what waits on `server`, all in one group.
absl::StatusOr<model::RelayPlan> PlanOf(const v1::RedirectMessageRequest& request,
                                        const directory::Snapshot& snapshot,
                                        std::string_view server);

}  // namespace postern::admin
