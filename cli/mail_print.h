// cli/mail_print.h
//
// Queues, messages and digests as Exchange's shell prints them.
//
// Flow      Print(response, asked, view, shell).
// Failure   kInvalidArgument: the view names a property that there is not.

#pragma once

#include <cstdint>

#include "absl/status/status.h"

#include "cli/field_view.h"
#include "cli/resource_print.h"
#include "cli/shell.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {

// What a line asked for; a single one is shown whole.
enum class Asked : std::uint8_t { kAll, kSome, kOne };

absl::Status Print(const v1::GetQueueResponse& response,
                   Asked asked,
                   const View& view,
                   Shell& shell);
absl::Status Print(const v1::GetMessageResponse& response,
                   Asked asked,
                   const View& view,
                   Shell& shell);
absl::Status Print(const v1::GetQueueDigestResponse& response, const View& view, Shell& shell);

}  // namespace postern::cli
