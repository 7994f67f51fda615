#include "services/mailbox-transport/admin/fan_out.h"

#include "common/rpc/credentials.h"

namespace postern::admin {

absl::StatusOr<std::shared_ptr<grpc::Channel>> FanOut::ChannelTo(const std::string& server) {
  const directory::SnapshotPtr snapshot = parts_.directory();
  const directory::TransportServer* const known =
      snapshot == nullptr ? nullptr : snapshot->FindServer(server);
  if (known == nullptr) {
    return base::Error(absl::StatusCode::kNotFound, server, ": the directory has no such server");
  }
  const std::string& address = known->relay_address;
  if (address.empty()) {
    return base::Error(absl::StatusCode::kFailedPrecondition, server,
                       ": its TransportServer has no relayAddress");
  }
  if (const auto open = channels_.find(address); open != channels_.end()) return open->second;
  if (absl::Status plain = rpc::CheckPlaintext(parts_.rpc, address); !plain.ok()) return plain;
  auto credentials = rpc::MakeChannelCredentials(parts_.rpc, /*site=*/"", "mailbox-transport");
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  rpc::KeepAlive(arguments);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  auto channel = grpc::CreateCustomChannel(address, *credentials, arguments);
  // Of addresses that the directory has no more, none is asked again.
  std::erase_if(channels_, [&](const auto& one) {
    return std::none_of(
        snapshot->servers().begin(), snapshot->servers().end(),
        [&](const directory::TransportServer& each) { return each.relay_address == one.first; });
  });
  channels_.emplace(address, channel);
  return channel;
}

}  // namespace postern::admin
