#include "common/rpc/server.h"

#include <chrono>
#include <mutex>

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>

#include "common/base/text.h"

namespace postern::rpc {

namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;

constexpr std::string_view kBearer = "Bearer ";
// A peer takes 8 KiB of trailing metadata; with more the call fails and says nothing of why.
constexpr std::size_t kMessageBytesSent = 7000;

std::string TokenOf(const grpc::CallbackServerContext& call) {
  const auto& metadata = call.client_metadata();
  const auto found = metadata.find("authorization");
  if (found == metadata.end()) return "";
  const std::string_view value(found->second.data(), found->second.size());
  if (!base::StartsWithIgnoreCase(value, kBearer)) return "";
  return std::string(value.substr(kBearer.size()));
}

// Linking gRPC's reflection opens it on every port of the process; this takes it off again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}

  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins,
                  [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// What a stranger may take before it has said who it is.
void SetLimits(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 600'000);
}

void SetKeepalive(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const RpcSettings& settings,
                                                      const Options& options,
                                                      const std::vector<grpc::Service*>& services) {
  if (absl::Status plain = CheckPlaintext(settings, options.address); !plain.ok()) return plain;
  auto credentials = MakeServerCredentials(settings, options.client);
  if (!credentials.ok()) return credentials.status();
  static std::once_flag health;
  std::call_once(health, [] { grpc::EnableDefaultHealthCheckService(true); });

  const io::DoorLimits limits{.connections = *settings.max_connections,
                              .of_one_source = *settings.max_connections_per_source};
  auto door = io::Door::Open(options.address, limits);
  if (!door.ok()) return door.status();
  auto server = std::unique_ptr<Server>(new Server());
  server->door_ = *std::move(door);
  server->port_ = server->door_->port();
  grpc::ServerBuilder builder;
  SetLimits(builder);
  SetKeepalive(builder);
  builder.SetMaxReceiveMessageSize(options.message_bytes_max > 0 ? options.message_bytes_max
                                                                 : *settings.frame_bytes_max);
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  if (!options.health) {
    builder.SetOption(std::make_unique<grpc::HealthCheckServiceServerBuilderOption>(nullptr));
  }
  const std::shared_ptr<Acceptor> acceptor =
      builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, *credentials);
  for (grpc::Service* service : services)
    builder.RegisterService(service);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return base::Error(absl::StatusCode::kInternal, "gRPC on ", options.address,
                       " cannot be started");
  }
  server->SetServing(false);
  server->door_->Start([acceptor](int listener, int connection) {
    Acceptor::NewConnectionParameters taken;
    taken.listener_fd = listener;
    taken.fd = connection;
    acceptor->HandleNewConnection(&taken);
  });
  return server;
}

Server::~Server() {
  Stop(absl::ZeroDuration());
}

void Server::SetServing(bool serving) {
  if (server_ == nullptr || server_->GetHealthCheckService() == nullptr) return;
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

void Server::Stop(absl::Duration within) {
  if (server_ == nullptr) return;
  SetServing(false);
  door_->Stop();
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(within));
  server_->Wait();
  server_.reset();
}

absl::StatusOr<std::unique_ptr<Authority>> Authority::Make(const RpcSettings& settings) {
  auto authority = std::make_unique<Authority>();
  authority->trust_domain_ = *settings.trust_domain;
  authority->insecure_ = *settings.insecure_plaintext;
  if (!settings.tokens_file->empty()) {
    auto tokens = TokenTable::Load(*settings.tokens_file);
    if (!tokens.ok()) return tokens.status();
    authority->tokens_ = std::move(*tokens);
  }
  return authority;
}

absl::StatusOr<Identity> Authority::Require(const grpc::CallbackServerContext& call,
                                            Role role) const {
  std::optional<Identity> identity;
  if (insecure_) identity = Identity{"plaintext", "", "plaintext", Roles::All()};
  std::string refused;
  if (!identity) {
    std::vector<std::string_view> uris;
    for (const auto& uri : call.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
      uris.emplace_back(uri.data(), uri.size());
    if (!uris.empty()) {
      auto proved = FromUris(uris, trust_domain_);
      if (proved.ok()) {
        identity = std::move(*proved);
      } else {
        refused = std::string(base::MessageOf(proved.status()));
      }
    }
  }
  if (!identity) {
    const std::string token = TokenOf(call);
    if (!token.empty()) identity = tokens_.Find(token);
  }
  if (!identity) {
    return base::Error(absl::StatusCode::kUnauthenticated,
                       "no known identity: present a client certificate with a SPIFFE URI of ",
                       trust_domain_, " or a bearer token", refused.empty() ? "" : "; ", refused);
  }
  if (!identity->roles.Has(role)) {
    return base::Error(absl::StatusCode::kPermissionDenied, identity->name,
                       " does not have the role ", NameOf(role));
  }
  return *identity;
}

grpc::Status ToGrpc(const absl::Status& status) {
  const std::string_view message = base::MessageOf(status);
  std::size_t sent = 0;
  std::size_t end = 0;
  for (; end < message.size(); ++end) {
    // gRPC sends any other byte as %NN.
    const char c = message[end];
    sent += c >= 0x20 && c < 0x7F && c != '%' ? 1 : 3;
    if (sent > kMessageBytesSent) break;
  }
  // Not in the middle of a character.
  while (end < message.size() && end > 0 && (message[end] & 0xC0) == 0x80)
    --end;
  std::string text(message.substr(0, end));
  if (end < message.size()) text += "...";
  return {static_cast<grpc::StatusCode>(status.code()), std::move(text)};
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace postern::rpc
