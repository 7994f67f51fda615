// common/rpc/listen_address.h
//
// CheckListenAddress: whether a gRPC port can be opened by a setting, as far as it alone tells;
// CheckApart: whether all ports of a process can.
//
// Failure   kInvalidArgument or kFailedPrecondition with key, value and rule.

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/rpc/settings.h"
#include "common/settings/errors.h"
#include "common/settings/setting.h"

namespace postern::rpc {

// "0.0.0.0:7171", "[::]:7171", "name:7171"; port 0 takes a free one.
absl::Status CheckListenAddress(const RpcSettings& settings,
                                const settings::Setting<std::string>& address);

// One address on which a process listens, and what says so: "server.admin_address".
struct ListenAddress {
  std::string key;
  std::string address;
};

// Notes each two that want one port, at the same address or where one is at every address. What is
// no address:port is passed over.
void CheckApart(const std::vector<ListenAddress>& all, settings::Errors& errors);

}  // namespace postern::rpc
