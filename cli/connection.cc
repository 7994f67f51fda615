#include "cli/connection.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>

#include "absl/strings/cord.h"
#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/credentials.h"
#include "common/rpc/server.h"
#include "common/rpc/settings.h"
#include "postern/v1/admin.grpc.pb.h"
#include "postern/v1/directory.grpc.pb.h"
#include "postern/v1/submission.grpc.pb.h"
#include "postern/v1/tracking.grpc.pb.h"

namespace postern::cli {

namespace {

constexpr std::size_t kTokenBytesMax = 4096;
constexpr char kWriterMetadata[] = "postern-directory-writer";
constexpr char kWriterPayload[] = "postern.dev/directory-writer";

rpc::RpcSettings SettingsFrom(const ConnectionOptions& options) {
  rpc::RpcSettings settings;
  settings.certificate_file.value = options.certificate_file;
  settings.key_file.value = options.key_file;
  settings.ca_file.value = options.ca_file;
  settings.trust_domain.value = options.trust_domain;
  settings.insecure_plaintext.value = options.insecure_plaintext;
  return settings;
}

absl::Status CheckFiles(const ConnectionOptions& options) {
  const auto wrong = [](const auto&... parts) {
    return base::Error(absl::StatusCode::kInvalidArgument, parts...);
  };
  if (options.insecure_plaintext) return absl::OkStatus();
  if (options.ca_file.empty()) {
    return wrong(
        "no --ca: give --ca with --certificate and --key, or with --token-file (a service "
        "with rpc.insecure_plaintext is reached with --insecure-plaintext)");
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return wrong("--certificate and --key belong together: give both");
  }
  const std::pair<std::string_view, const std::string*> files[] = {
      {"--ca", &options.ca_file},
      {"--certificate", &options.certificate_file},
      {"--key", &options.key_file}};
  for (const auto& [flag, file] : files) {
    if (file->empty() || std::ifstream(*file)) continue;
    return wrong(flag, " ", *file, ": the file cannot be read");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const std::string& file) {
  std::ifstream in(file);
  std::string token(kTokenBytesMax, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(in.gcount()));
  const std::string_view line = base::Trim(std::string_view(token).substr(0, token.find('\n')));
  if (!line.empty()) return std::string(line);
  return base::Error(absl::StatusCode::kInvalidArgument, "--token-file ", file,
                     ": cannot be read, or holds no token in its first line");
}

// gRPC's words for a connection that does not come about.
std::string_view CauseOf(std::string_view message) {
  for (const std::string_view known : {"Connection refused", "Name or service not known"}) {
    if (message.find(known) != std::string_view::npos) return known;
  }
  if (message.find("Domain name not found") != std::string_view::npos) return "no such host";
  if (message.find("handshake") != std::string_view::npos) {
    return "TLS handshake failed: its certificate or ours does not suit --ca, or one side speaks "
           "plain text";
  }
  if (message.find("Socket closed") != std::string_view::npos) {
    return "it closed the connection: it may want a client certificate (--certificate and --key), "
           "or one side speaks TLS and the other plain text";
  }
  return message;
}

}  // namespace

absl::StatusOr<Connection> Connection::Open(const ConnectionOptions& options) {
  if (absl::Status files = CheckFiles(options); !files.ok()) return files;
  Connection connection(options);
  std::string& address = connection.options_.address;
  if (base::StartsWithIgnoreCase(address, "localhost:")) address.replace(0, 9, "127.0.0.1");
  const rpc::RpcSettings settings = SettingsFrom(options);
  if (!rpc::CheckPlaintext(settings, address).ok()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "--insecure-plaintext: ", address,
                       " is not on this machine; use --ca, --certificate and --key");
  }
  if (!options.token_file.empty()) {
    auto token = ReadToken(options.token_file);
    if (!token.ok()) return token.status();
    connection.token_ = std::move(*token);
  }
  auto credentials = rpc::MakeChannelCredentials(settings, "", "mailbox-transport");
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // what is named is asked, nobody in between
  connection.channel_ = grpc::CreateCustomChannel(address, *credentials, arguments);
  return connection;
}

void Connection::Prepare(grpc::ClientContext& call) const {
  call.set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(options_.timeout));
  // A token never travels in plain text.
  if (!token_.empty() && !options_.insecure_plaintext) {
    call.AddMetadata("authorization", base::Cat("Bearer ", token_));
  }
}

template <typename Service, typename Response, typename Call>
absl::StatusOr<Response> Connection::Unary(Call call) {
  grpc::ClientContext with;
  Prepare(with);
  Response response;
  const auto stub = Service::NewStub(channel_);
  const grpc::Status status = call(*stub, with, response);
  if (status.ok()) return response;
  absl::Status failed = rpc::FromGrpc(status);
  const auto& trailing = with.GetServerTrailingMetadata();
  if (const auto writer = trailing.find(kWriterMetadata); writer != trailing.end()) {
    failed.SetPayload(kWriterPayload,
                      absl::Cord(std::string(writer->second.data(), writer->second.size())));
  }
  return failed;
}

absl::StatusOr<v1::GetQueueResponse> Connection::Ask(const v1::GetQueueRequest& request) {
  return Unary<v1::Admin, v1::GetQueueResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.GetQueue(&with, request, &response);
  });
}

absl::StatusOr<v1::GetTlsReportResponse> Connection::Ask(const v1::GetTlsReportRequest& request) {
  return Unary<v1::Admin, v1::GetTlsReportResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.GetTlsReport(&with, request, &response);
  });
}

absl::StatusOr<v1::GetMessageResponse> Connection::Ask(const v1::GetMessageRequest& request) {
  return Unary<v1::Admin, v1::GetMessageResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.GetMessage(&with, request, &response);
  });
}

absl::StatusOr<v1::TestRouteResponse> Connection::Ask(const v1::TestRouteRequest& request) {
  return Unary<v1::Admin, v1::TestRouteResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.TestRoute(&with, request, &response);
  });
}

absl::StatusOr<v1::GetQueueDigestResponse> Connection::Ask(
    const v1::GetQueueDigestRequest& request) {
  return Unary<v1::Admin, v1::GetQueueDigestResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.GetQueueDigest(&with, request, &response);
  });
}

absl::StatusOr<v1::ActionResponse> Connection::Ask(const v1::QueueActionRequest& request) {
  return Unary<v1::Admin, v1::ActionResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.ActOnQueues(&with, request, &response);
  });
}

absl::StatusOr<v1::ActionResponse> Connection::Ask(const v1::MessageActionRequest& request) {
  return Unary<v1::Admin, v1::ActionResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.ActOnMessages(&with, request, &response);
  });
}

absl::Status Connection::Export(const v1::ExportMessageRequest& request, const TakePiece& take) {
  grpc::ClientContext call;
  Prepare(call);
  const auto stub = v1::Admin::NewStub(channel_);
  const auto reader = stub->ExportMessage(&call, request);
  v1::ExportMessageResponse frame;
  std::uint64_t size = 0;
  std::uint64_t taken = 0;
  absl::Status done;
  while (done.ok() && reader->Read(&frame)) {
    size = std::max(size, frame.size());
    taken += frame.content().size();
    if (!frame.content().empty()) done = take(frame.content());
  }
  if (!done.ok()) call.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!done.ok()) return done;
  if (!status.ok()) return rpc::FromGrpc(status);
  if (taken == size) return absl::OkStatus();
  return base::Error(absl::StatusCode::kDataLoss, "the content ended after ", taken, " of ", size,
                     " bytes");
}

absl::StatusOr<v1::RedirectMessageResponse> Connection::Ask(
    const v1::RedirectMessageRequest& request) {
  return Unary<v1::Admin, v1::RedirectMessageResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.RedirectMessage(&with, request, &response);
  });
}

absl::StatusOr<v1::GetMessageTrackingLogResponse> Connection::Ask(
    const v1::GetMessageTrackingLogRequest& request) {
  return Unary<v1::Tracking, v1::GetMessageTrackingLogResponse>(
      [&](auto& stub, auto& with, auto& response) {
        return stub.GetMessageTrackingLog(&with, request, &response);
      });
}

absl::StatusOr<v1::Resource> Connection::Ask(const v1::GetResourceRequest& request) {
  return Unary<v1::Directory, v1::Resource>(
      [&](auto& stub, auto& with, auto& response) { return stub.Get(&with, request, &response); });
}

absl::StatusOr<v1::ListResourcesResponse> Connection::Ask(const v1::ListResourcesRequest& request) {
  return Unary<v1::Directory, v1::ListResourcesResponse>(
      [&](auto& stub, auto& with, auto& response) { return stub.List(&with, request, &response); });
}

absl::StatusOr<v1::ChangeResponse> Connection::Ask(const v1::CreateResourceRequest& request) {
  return Unary<v1::Directory, v1::ChangeResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.Create(&with, request, &response);
  });
}

absl::StatusOr<v1::ChangeResponse> Connection::Ask(const v1::UpdateResourceRequest& request) {
  return Unary<v1::Directory, v1::ChangeResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.Update(&with, request, &response);
  });
}

absl::StatusOr<v1::ChangeResponse> Connection::Ask(const v1::DeleteResourceRequest& request) {
  return Unary<v1::Directory, v1::ChangeResponse>([&](auto& stub, auto& with, auto& response) {
    return stub.Delete(&with, request, &response);
  });
}

std::optional<std::string> WriterOf(const absl::Status& status) {
  const auto address = status.GetPayload(kWriterPayload);
  if (!address || status.code() != absl::StatusCode::kFailedPrecondition) return std::nullopt;
  return std::string(*address);
}

absl::StatusOr<v1::SubmitResponse> Connection::Submit(const v1::SubmitEnvelope& envelope,
                                                      const NextPiece& next) {
  grpc::ClientContext call;
  Prepare(call);
  v1::SubmitResponse response;
  const auto stub = v1::Submission::NewStub(channel_);
  const auto writer = stub->Submit(&call, &response);
  v1::SubmitRequest request;
  *request.mutable_envelope() = envelope;
  bool open = writer->Write(request);
  while (open) {
    auto piece = next();
    if (!piece.ok()) {
      // A half of the message must not pass for the whole.
      call.TryCancel();
      writer->Finish();
      return piece.status();
    }
    if (piece->empty()) break;
    request.set_content(std::move(*piece));
    open = writer->Write(request);
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

absl::Status Advise(const absl::Status& status,
                    const ConnectionOptions& options,
                    std::string_view role) {
  const std::string_view message = base::MessageOf(status);
  const auto with = [&](const auto&... parts) { return base::Error(status.code(), parts...); };
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      // What the service itself says begins with an SMTP code or in lower case.
      if (message.starts_with("4") || message.starts_with("the ")) {
        return with(message, "; try again later");
      }
      return with(options.address, ": cannot be reached: ", CauseOf(message),
                  "; check the address (--server, --submission) and that the service runs");
    case absl::StatusCode::kDeadlineExceeded:
      return with(options.address, ": no answer within ", absl::ToInt64Seconds(options.timeout),
                  " s; try again, or give more time with --timeout");
    case absl::StatusCode::kUnauthenticated:
      return with(message, "; give --certificate and --key, or --token-file");
    case absl::StatusCode::kPermissionDenied:
      return with(message, "; use a certificate or token that has the role ", role);
    case absl::StatusCode::kResourceExhausted:
      return with(message, "; try again later");
    case absl::StatusCode::kUnimplemented:
      return with(
          options.address, ": ", message,
          "; this port has another service: Submission is on 7171, Admin and Directory on 7172");
    default:
      return status;
  }
}

}  // namespace postern::cli
