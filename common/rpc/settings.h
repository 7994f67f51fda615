// common/rpc/settings.h
//
// RpcSettings: how services prove themselves to one another.
//
// Flow      CheckSettings tells what they alone tell; common/rpc/own_certificate.h reads the files.
// Failure   kInvalidArgument with key, value and rule.
// See       SPIFFE-ID §2.1 for the trust domain

#pragma once

#include <string>

#include "absl/status/status.h"

#include "common/settings/errors.h"
#include "common/settings/setting.h"

namespace postern::rpc {

struct RpcSettings {
  settings::Setting<std::string> certificate_file{
      .key = "rpc.certificate_file",
      .about =
          "PEM certificate chain of this service, with the URI SAN "
          "spiffe://<trust domain>/<site>/<service>. Read again when it changes."};
  settings::Setting<std::string> key_file{.key = "rpc.key_file",
                                          .about = "PEM private key of the certificate."};
  settings::Setting<std::string> ca_file{
      .key = "rpc.ca_file",
      .about = "PEM certificates of the authorities that callers and servers are checked against."};
  settings::Setting<std::string> trust_domain{
      .key = "rpc.trust_domain",
      .fallback = "postern.local",
      .about = "Only certificates of this SPIFFE trust domain are accepted."};
  settings::Setting<std::string> tokens_file{
      .key = "rpc.tokens_file",
      .about =
          "Lines \"<SHA-256 of the token in hex> <identity> <role>,<role>\" for callers without a "
          "certificate; they send \"authorization: Bearer <token>\" over TLS."};
  settings::Setting<bool> insecure_plaintext{
      .key = "rpc.insecure_plaintext",
      .fallback = false,
      .about =
          "For development only: gRPC without TLS, on loopback addresses; every caller has every "
          "role."};
  settings::Setting<int> frame_bytes_max{
      .key = "rpc.frame_bytes_max",
      .fallback = 16 * 1024 * 1024,
      .min = 16 * 1024 * 1024,  // an offer to the most recipients that a ticket has
      .max = 64 * 1024 * 1024,
      .about = "The largest gRPC message that is taken, in bytes."};
  settings::Setting<int> max_connections{
      .key = "rpc.max_connections",
      .fallback = 1000,
      .min = 10,
      .max = 100'000,
      .about = "Connections that a gRPC port takes at a time; others wait to be accepted."};
  settings::Setting<int> max_connections_per_source{
      .key = "rpc.max_connections_per_source",
      .fallback = 200,
      .min = 1,
      .max = 100'000,
      .about =
          "Connections that a gRPC port takes of one IPv4 address, or of the /64 of an IPv6 "
          "address; what is more is closed."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(certificate_file);
    visit(key_file);
    visit(ca_file);
    visit(trust_domain);
    visit(tokens_file);
    visit(insecure_plaintext);
    visit(frame_bytes_max);
    visit(max_connections);
    visit(max_connections_per_source);
  }
};

// One of the three files that mTLS needs is set.
absl::Status CheckSet(const settings::Setting<std::string>& file);

void CheckSettings(const RpcSettings& settings, settings::Errors& errors);

}  // namespace postern::rpc
