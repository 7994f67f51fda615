// services/mailbox-transport/admin/action_count.h
//
// What a command on queues or messages did, counted into its answer. Pure.
//
// Limits    kFailuresMax failures and kNamedMax identities are named, the rest is counted.

#pragma once

#include <string>

#include "postern/v1/admin.pb.h"

namespace postern::admin {

inline constexpr int kFailuresMax = 100;
inline constexpr int kNamedMax = 100;

// Whether there is anything to do, or why it cannot be done; neither: it is so already.
struct Judged {
  bool acts = false;
  std::string refusal;
};

// `named`: it was asked for by its identity, so that a refusal is a failure; else the first one is
// named and all are counted, as refused and as unchanged.
void Count(const Judged& judged,
           const std::string& identity,
           bool named,
           bool dry_run,
           v1::ActionResponse& response);

}  // namespace postern::admin
