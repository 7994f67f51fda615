// common/rpc/grpc_log.h
//
// Where gRPC's own lines go, which it would write to standard error in a form of its own.
//
// Flow      LogGrpc in a service, QuietGrpc in the shell; before the first call of gRPC.
// Limits    gRPC says only errors unless log.level is debug, or GRPC_VERBOSITY says otherwise.

#pragma once

#include <string_view>

#include "common/observe/log.h"

namespace postern::rpc {

// To our log, as lines of the step "rpc".
void LogGrpc();

// Nowhere: what a call came to is in its status. With GRPC_VERBOSITY set they stay as they are.
void QuietGrpc();

// The level of a line that gRPC calls an error, or does not.
observe::Level LevelOf(bool error, std::string_view text);

}  // namespace postern::rpc
