// common/connector/send_connector.h
//
// SendConnector: a Send connector with every default filled in and every field typed.
//
// Flow      FromResource(resource) -> use -> ToResource for what administrators read.
// Failure   kInvalidArgument with every broken rule, one a line (common/connector/validate.h).
// Limits    A value; shared read-only as part of a directory::Snapshot.
// See       proto/postern/v1/resources.proto

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/connector/address_space.h"
#include "common/connector/permissions.h"
#include "common/connector/words.h"
#include "common/io/endpoint.h"
#include "postern/v1/resources.pb.h"

namespace postern::connector {

inline constexpr std::string_view kApiVersion = "postern.dev/v1";
inline constexpr std::uint64_t kMaxMessageSizeDefault = 25 * 1024 * 1024;
inline constexpr std::uint64_t kMaxMessageSizeMost = 2'147'483'647;
inline constexpr std::uint16_t kPortDefault = 25;
inline constexpr std::uint32_t kMessagesPerConnectionDefault = 20;

struct SendConnector {
  std::string name;  // Exchange's name, unique without regard to case
  std::string slug;  // metadata.name
  bool enabled = true;
  std::vector<AddressSpace> address_spaces;
  bool dns_routing_enabled = true;
  std::vector<std::string>
      smart_hosts;                    // "mail.contoso.com" (A-labels) or "[10.1.1.1]", "[IPv6:::1]"
  std::uint16_t port = kPortDefault;  // of smart hosts
  bool frontend_proxy_enabled = false;
  std::string fqdn;                                         // EHLO name; empty is the server's own
  std::uint64_t max_message_size = kMaxMessageSizeDefault;  // bytes; base::kUnlimited is no limit
  bool require_tls = false;
  bool ignore_start_tls = false;
  bool force_helo = false;
  std::uint32_t smtp_max_messages_per_connection = kMessagesPerConnectionDefault;  // 0: no limit
  absl::Duration connection_inactivity_timeout = absl::Minutes(10);
  std::vector<std::string> source_transport_servers;  // lower case; "mbx-0" or "site/<name>"
  std::string comment;
  Usage usage = Usage::kCustom;
  std::string authentication_credential;  // name of a secret: username, password or token
  bool cloud_services_mail_enabled = false;
  ConnectorType connector_type = ConnectorType::kDefault;
  bool domain_secure_enabled = false;
  ErrorPolicies error_policies;
  bool is_scoped_connector = false;
  ProtocolLogging protocol_logging_level = ProtocolLogging::kNone;
  smtp::SmartHostAuth smart_host_auth_mechanism = smtp::SmartHostAuth::kNone;
  std::optional<io::IpAddress> source_ip_address;  // any without
  smtp::TlsAuthLevel tls_auth_level = smtp::TlsAuthLevel::kNone;
  std::string tls_certificate_name;  // "<I>issuer<S>subject"
  std::string tls_domain;            // "contoso.com" or "*.contoso.com", A-labels
  bool use_external_dns_servers_enabled = false;
  bool allow_policy_override = false;  // ours: IgnoreSTARTTLS goes before DANE and MTA-STS
  std::string egress;                  // ours: label of the front ends' source addresses
  bool revocation_soft_fail = true;    // ours: a certificate of unknown revocation passes
  std::vector<UserGrant> permissions;
  std::string version;  // content hash

  bool operator==(const SendConnector&) const = default;
};

// The site when a source server is each one of a site, as "site/<name>"; nothing when it is one.
std::optional<std::string_view> SiteIn(std::string_view source);
std::string SourceOfSite(std::string_view site);

absl::StatusOr<SendConnector> FromResource(const v1::SendConnector& resource);

// All defaults explicit, values in their one canonical form. Without what only a server knows
// (metadata.resourceVersion, status).
v1::SendConnector ToResource(const SendConnector& connector);

// "contoso.com" or "*.contoso.com" in lower-case A-labels.
absl::StatusOr<std::string> ParseTlsDomain(std::string_view text);

// Any address is nullopt: "0.0.0.0", "::" or empty.
absl::StatusOr<std::optional<io::IpAddress>> ParseSourceAddress(std::string_view text);

// "host.example" as A-labels, "10.1.1.1" or "[10.1.1.1]" as "[10.1.1.1]", IPv6 as
// "[IPv6:2001:db8::1]".
absl::StatusOr<std::string> ParseSmartHost(std::string_view text);

}  // namespace postern::connector
