// common/rpc/credentials.h
//
// gRPC credentials from PEM files, both directions, read again when the files change.
//
// Failure   kInvalidArgument, kNotFound: which setting, which file, which rule.
// Lifetime  What is returned is shared; gRPC keeps it.
// Limits    TLS 1.2 or later; files are in use at most 15 s after they have changed.
// See       common/rpc/kept_files.h; FileWatcherCertificateProvider of gRPC 1.51

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/rpc/settings.h"

namespace grpc {
class Channel;
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace postern::rpc {

// Whether the three files can be read and fit together.
absl::Status CheckFiles(const RpcSettings& settings);
// Changes when one of them does (tls::StampOf).
std::string StampOfFiles(const RpcSettings& settings);

// Whether a caller must prove itself by a certificate, or may (and then has to bring a token).
enum class ClientCertificate { kRequired, kOptional };

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const RpcSettings& settings, ClientCertificate client);

// `service`: the peer's certificate must be spiffe://<trust domain>/<site>/<service>; an empty
// `site` or `service` takes any.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const RpcSettings& settings, const std::string& site, const std::string& service);

// A channel between our services.
struct ChannelTerms {
  std::string site;  // of the peer, as for MakeChannelCredentials
  std::string service = "mailbox-transport";
  // How long one connection may take, and the waits between two; zero is gRPC's own.
  absl::Duration connect = absl::ZeroDuration();
  absl::Duration retry_first = absl::Milliseconds(500);
  absl::Duration retry_max = absl::Seconds(5);
  int receive_bytes_max = 0;  // of one message; 0 is gRPC's own
};

// It has a connection of its own, and a peer that says nothing is lost after 30 s. Fails as
// CheckPlaintext and MakeChannelCredentials; a connection that does not come about fails its calls.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const RpcSettings& settings,
                                                           const std::string& address,
                                                           const ChannelTerms& terms);

// kFailedPrecondition when plain text is on and `address` is not a loopback address.
absl::Status CheckPlaintext(const RpcSettings& settings, const std::string& address);

}  // namespace postern::rpc
