// cli/mail_print.h
//
// Queues, messages and digests as Exchange's shell prints them.
//
// Flow      Print(response, one, view, shell).
// Failure   kInvalidArgument: the view names a property that there is not.

#pragma once

#include "absl/status/status.h"

#include "cli/field_view.h"
#include "cli/resource_print.h"
#include "cli/shell.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {

// `one`: a single one was asked for, and is shown whole.
absl::Status Print(const v1::GetQueueResponse& response, bool one, const View& view, Shell& shell);
absl::Status Print(const v1::GetMessageResponse& response,
                   bool one,
                   const View& view,
                   Shell& shell);
absl::Status Print(const v1::GetQueueDigestResponse& response, const View& view, Shell& shell);

}  // namespace postern::cli
