// cli/connection.h
//
// Connection: calls to one mailbox-transport, with the caller's certificate or token.
//
// Flow      Open; Ask as often as needed, or Submit.
// Failure   The status of the call, its message fit for one line on a terminal; Advise adds what to
//           do next.
// Limits    Each call ends at its timeout. An answer has at most kAnswerBytesMax.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "postern/v1/admin.pb.h"
#include "postern/v1/submission.pb.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace postern::cli {

inline constexpr int kAnswerBytesMax = 256 * 1024 * 1024;

struct ConnectionOptions {
  std::string address;  // "host:port"
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  std::string trust_domain = "postern.local";
  std::string token_file;
  bool insecure_plaintext = false;
  absl::Duration timeout = absl::Seconds(30);
};

class Connection {
 public:
  static absl::StatusOr<Connection> Open(const ConnectionOptions& options);

  absl::StatusOr<v1::GetSendConnectorResponse> Ask(const v1::GetSendConnectorRequest& request);
  absl::StatusOr<v1::GetQueueResponse> Ask(const v1::GetQueueRequest& request);
  absl::StatusOr<v1::GetMessageResponse> Ask(const v1::GetMessageRequest& request);
  absl::StatusOr<v1::TestRouteResponse> Ask(const v1::TestRouteRequest& request);

  // `next` gives the content piece by piece, at most 256 KiB each; an empty one is the end.
  using NextPiece = std::function<absl::StatusOr<std::string>()>;
  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitEnvelope& envelope,
                                            const NextPiece& next);

 private:
  explicit Connection(ConnectionOptions options) : options_(std::move(options)) {}

  void Prepare(grpc::ClientContext& call) const;
  template <typename Response, typename Call>
  absl::StatusOr<Response> Unary(Call call);

  ConnectionOptions options_;
  std::string token_;
  std::shared_ptr<grpc::Channel> channel_;
};

// The same status with what to do about it; `address` and `role` are what was used and needed.
absl::Status Advise(const absl::Status& status,
                    const ConnectionOptions& options,
                    std::string_view role);

}  // namespace postern::cli
