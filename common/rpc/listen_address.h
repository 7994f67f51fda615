// common/rpc/listen_address.h
//
// CheckListenAddress: whether a gRPC port can be opened by a setting, as far as it alone tells.
//
// Failure   kInvalidArgument or kFailedPrecondition with key, value and rule.

#pragma once

#include <string>

#include "absl/status/status.h"

#include "common/rpc/settings.h"
#include "common/settings/setting.h"

namespace postern::rpc {

// "0.0.0.0:7171", "[::]:7171", "name:7171"; port 0 takes a free one.
absl::Status CheckListenAddress(const RpcSettings& settings,
                                const settings::Setting<std::string>& address);

}  // namespace postern::rpc
