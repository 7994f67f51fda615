// services/mailbox-transport/app/rescue.h
//
// Rescue: hands everything in the store of a server that does not run to one that does.
//
// Flow      Rescue(options): opens the store, relays each message that waits there, and removes it
//           when the other server has given its receipt.
// Failure   kFailedPrecondition: a running service has the store; kNotFound: no store there; what
//           the certificates lack. What the server does not take stays in the store and is counted.
// Limits    kRescueWorkers messages at a time; after kRescueFailuresMax failures in a row it ends.
//           Running it again is safe: the server answers a repeat with the receipt it gave before,
//           and a returning service finds only what nobody has taken.
// See       docs/scale-in.md; docs/decisions/0008-relay.md

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

#include "common/rpc/settings.h"

namespace postern::app {

inline constexpr std::size_t kRescueWorkers = 16;
inline constexpr std::uint64_t kRescueFailuresMax = 32;

struct RescueReport {
  std::uint64_t found = 0;    // messages in the store
  std::uint64_t rescued = 0;  // that the other server has now
  std::uint64_t kept = 0;     // that are still in the store
  // Of those found: an attempt was, or may have been, under way when the server ended, so that they
  // may be delivered twice. What was open for all, as after a loss of power, the first run tells.
  std::uint64_t in_hand = 0;
  std::string error;  // the last reason for that, or empty
};

struct RescueOptions {
  std::string store_path;
  std::string server;    // "host:7172"
  rpc::RpcSettings rpc;  // with the certificate of a mailbox-transport
  // Called now and then, on a thread of the rescue.
  std::function<void(const RescueReport&)> progress;
};

absl::StatusOr<RescueReport> Rescue(const RescueOptions& options);

}  // namespace postern::app
