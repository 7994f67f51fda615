// common/directory/change_rules.h
//
// The rules of the directory as it would be after a change: what the change breaks is told apart
// from what was broken before.
//
// Flow      CheckRules(draft, reading, warnings).
// Failure   kInvalidArgument: what the change would break, a finding a line, then what was there
//           before. kFailedPrecondition: others need what is to go; or only what was there before:
//           no directory with mistakes comes into force.
// Limits    kFindingsShownMax lines of each of the two, kFindingsBytesMax bytes, and then how many
//           more there are.

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/directory/change_draft.h"

namespace postern::directory {

inline constexpr std::size_t kFindingsShownMax = 100;
// Both together are what a gRPC status can carry.
inline constexpr std::size_t kFindingsBytesMax = 3000;

// Also gives the warnings of what is allowed and most likely not meant.
absl::Status CheckRules(const ChangeDraft& draft,
                        const FolderReader::Reading& reading,
                        std::vector<std::string>& warnings);

}  // namespace postern::directory
