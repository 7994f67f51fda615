// common/connector/words.h
//
// The words of a Send connector's fields that have a fixed set of values.
//
// Flow      ParseUsage("internet"), without regard to case; NameOf gives Exchange's spelling.
// Failure   nullopt: it is none of the words; the ...Words say which there are.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/smtp/policy.h"

namespace postern::connector {

enum class Usage : std::uint8_t { kCustom, kInternal, kInternet, kPartner };
enum class ConnectorType : std::uint8_t { kDefault, kXPremises };
enum class ProtocolLogging : std::uint8_t { kNone, kVerbose };

// Which errors change their kind before a verdict is made of them; none is Default.
struct ErrorPolicies {
  bool downgrade_dns_failures = false;
  bool downgrade_custom_failures = false;
  bool upgrade_custom_failures = false;

  bool operator==(const ErrorPolicies&) const = default;

  // {"Default"} when there is none.
  std::vector<std::string> ToWords() const;
  // Adds one word; false when it is unknown.
  bool Add(std::string_view word);
};

inline constexpr std::string_view kUsageWords = "Custom, Internal, Internet or Partner";
inline constexpr std::string_view kConnectorTypeWords = "Default or XPremises";
inline constexpr std::string_view kProtocolLoggingWords = "None or Verbose";
inline constexpr std::string_view kTlsAuthLevelWords =
    "None, EncryptionOnly, CertificateValidation or DomainValidation";
inline constexpr std::string_view kSmartHostAuthWords =
    "None, BasicAuth, BasicAuthRequireTLS, ExchangeServer or ExternalAuthoritative";
inline constexpr std::string_view kErrorPoliciesWords =
    "Default, DowngradeDnsFailures, DowngradeCustomFailures or UpgradeCustomFailures";

std::optional<Usage> ParseUsage(std::string_view word);
std::optional<ConnectorType> ParseConnectorType(std::string_view word);
std::optional<ProtocolLogging> ParseProtocolLogging(std::string_view word);
std::optional<smtp::TlsAuthLevel> ParseTlsAuthLevel(std::string_view word);
std::optional<smtp::SmartHostAuth> ParseSmartHostAuth(std::string_view word);

std::string_view NameOf(Usage usage);
std::string_view NameOf(ConnectorType type);
std::string_view NameOf(ProtocolLogging level);
using smtp::NameOf;

}  // namespace postern::connector
