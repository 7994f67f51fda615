// cli/connection.h
//
// Connection: calls to one mailbox-transport, with the caller's certificate or token.
//
// Flow      Open; Ask as often as needed, or Submit, or Export. Role read for questions, operate
//           for queues and messages, administer for the directory.
// Failure   The status of the call, its message fit for one line on a terminal; Advise adds what to
//           do next.
// Limits    Each call ends at its timeout. An answer has at most kAnswerBytesMax.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "postern/v1/admin.pb.h"
#include "postern/v1/directory.pb.h"
#include "postern/v1/submission.pb.h"
#include "postern/v1/tracking.pb.h"

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

  absl::StatusOr<v1::GetQueueResponse> Ask(const v1::GetQueueRequest& request);
  absl::StatusOr<v1::GetMessageResponse> Ask(const v1::GetMessageRequest& request);
  absl::StatusOr<v1::TestRouteResponse> Ask(const v1::TestRouteRequest& request);
  absl::StatusOr<v1::GetQueueDigestResponse> Ask(const v1::GetQueueDigestRequest& request);
  absl::StatusOr<v1::ActionResponse> Ask(const v1::QueueActionRequest& request);
  absl::StatusOr<v1::ActionResponse> Ask(const v1::MessageActionRequest& request);
  absl::StatusOr<v1::GetMessageTrackingLogResponse> Ask(
      const v1::GetMessageTrackingLogRequest& request);

  absl::StatusOr<v1::RedirectMessageResponse> Ask(const v1::RedirectMessageRequest& request);
  absl::StatusOr<v1::GetTlsReportResponse> Ask(const v1::GetTlsReportRequest& request);

  absl::StatusOr<v1::Resource> Ask(const v1::GetResourceRequest& request);
  absl::StatusOr<v1::ListResourcesResponse> Ask(const v1::ListResourcesRequest& request);
  absl::StatusOr<v1::ChangeResponse> Ask(const v1::CreateResourceRequest& request);
  absl::StatusOr<v1::ChangeResponse> Ask(const v1::UpdateResourceRequest& request);
  absl::StatusOr<v1::ChangeResponse> Ask(const v1::DeleteResourceRequest& request);

  // `take` gets the content of a message piece by piece. kDataLoss: it ended before its size.
  using TakePiece = std::function<absl::Status(std::string_view piece)>;
  absl::Status Export(const v1::ExportMessageRequest& request, const TakePiece& take);

  // `next` gives the content piece by piece, at most 256 KiB each; an empty one is the end.
  using NextPiece = std::function<absl::StatusOr<std::string>()>;
  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitEnvelope& envelope,
                                            const NextPiece& next);

 private:
  explicit Connection(ConnectionOptions options) : options_(std::move(options)) {}

  void Prepare(grpc::ClientContext& call) const;
  template <typename Service, typename Response, typename Call>
  absl::StatusOr<Response> Unary(Call call);

  ConnectionOptions options_;
  std::string token_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Where the directory is written, if a server refused a change because it is not the writer.
std::optional<std::string> WriterOf(const absl::Status& status);

// The same status with what to do about it; `address` and `role` are what was used and needed.
absl::Status Advise(const absl::Status& status,
                    const ConnectionOptions& options,
                    std::string_view role);

}  // namespace postern::cli
