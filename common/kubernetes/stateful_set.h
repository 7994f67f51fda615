// common/kubernetes/stateful_set.h
//
// Whether the StatefulSet of a pod goes on without it: the difference between a pod that is
// restarted and one that is scaled in, which a SIGTERM does not tell.
//
// With no replicas at all nobody is scaled in: that is a stop, and nobody is left to take the mail.
//
// Flow      const auto gone = IsScaledIn(access, "mailbox-transport-2").
// Failure   What the API server answers; kNotFound: there is no such StatefulSet.
//           kInvalidArgument: the name is not that of a pod of one.
// Limits    One request, kubernetes.request_timeout.
// See       "StatefulSets", Ordinal Index and Start ordinal

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/kubernetes/access.h"

namespace postern::kubernetes {

struct PodOfSet {
  std::string set;
  std::uint64_t ordinal = 0;
};

// "mailbox-transport-2" is 2 of mailbox-transport.
absl::StatusOr<PodOfSet> PodOfSetFrom(std::string_view pod);

absl::StatusOr<bool> IsScaledIn(const Access& access, std::string_view pod);

}  // namespace postern::kubernetes
