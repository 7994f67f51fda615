// cli/drain_verb.h
//
// Drain-Server and Redirect-Message: rounds of handing a server's queues to others, until nothing
// is left there or the time is over.
//
// Flow      Round after round on one connection; a line of progress for each that moved something
//           or failed.
// Failure   kFailedPrecondition: messages remain when the time is over, with the last reason. The
//           status of a call.
// Limits    One round takes kDrainRound; after one that moved nothing the next waits as long.
// See       docs/scale-in.md

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

inline constexpr absl::Duration kDrainRound = absl::Seconds(2);

struct DrainOptions {
  std::string server;  // by its name in the directory; empty: the one that is asked
  std::vector<std::string> targets;
  int seconds = 0;    // 0: as long as it takes
  bool hold = false;  // Drain-Server: new mail is refused until the server ends
  bool undo = false;
  bool what_if = false;
};

using DrainCall =
    std::function<absl::StatusOr<v1::RedirectMessageResponse>(const v1::RedirectMessageRequest&)>;

// `pause` waits between rounds.
absl::Status Drain(const DrainOptions& options,
                   const DrainCall& call,
                   const std::function<void(absl::Duration)>& pause,
                   Shell& shell);

absl::Status Run(const DrainOptions& options, Connection& connection, Shell& shell);

}  // namespace postern::cli
