#include "common/connector/words.h"

#include "common/base/text.h"

namespace postern::connector {

namespace {

constexpr std::string_view kDowngradeDns = "DowngradeDnsFailures";
constexpr std::string_view kDowngradeCustom = "DowngradeCustomFailures";
constexpr std::string_view kUpgradeCustom = "UpgradeCustomFailures";
constexpr std::string_view kDefault = "Default";

// The values of these types count from 0 to `last`, and each has a name.
template <typename Word>
std::optional<Word> Find(std::string_view text, Word last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto word = static_cast<Word>(i);
    if (base::EqualsIgnoreCase(NameOf(word), text)) return word;
  }
  return std::nullopt;
}

}  // namespace

std::string_view NameOf(Usage usage) {
  switch (usage) {
    case Usage::kCustom:
      return "Custom";
    case Usage::kInternal:
      return "Internal";
    case Usage::kInternet:
      return "Internet";
    case Usage::kPartner:
      return "Partner";
  }
  return "Custom";
}

std::string_view NameOf(ConnectorType type) {
  return type == ConnectorType::kDefault ? kDefault : "XPremises";
}

std::string_view NameOf(ProtocolLogging level) {
  return level == ProtocolLogging::kNone ? "None" : "Verbose";
}

std::optional<Usage> ParseUsage(std::string_view word) {
  return Find(word, Usage::kPartner);
}

std::optional<ConnectorType> ParseConnectorType(std::string_view word) {
  return Find(word, ConnectorType::kXPremises);
}

std::optional<ProtocolLogging> ParseProtocolLogging(std::string_view word) {
  return Find(word, ProtocolLogging::kVerbose);
}

std::optional<smtp::TlsAuthLevel> ParseTlsAuthLevel(std::string_view word) {
  return Find(word, smtp::TlsAuthLevel::kDomainValidation);
}

std::optional<smtp::SmartHostAuth> ParseSmartHostAuth(std::string_view word) {
  return Find(word, smtp::SmartHostAuth::kExternalAuthoritative);
}

std::vector<std::string> ErrorPolicies::ToWords() const {
  std::vector<std::string> words;
  if (downgrade_dns_failures) words.emplace_back(kDowngradeDns);
  if (downgrade_custom_failures) words.emplace_back(kDowngradeCustom);
  if (upgrade_custom_failures) words.emplace_back(kUpgradeCustom);
  if (words.empty()) words.emplace_back(kDefault);
  return words;
}

bool ErrorPolicies::Add(std::string_view word) {
  if (base::EqualsIgnoreCase(word, kDowngradeDns)) return downgrade_dns_failures = true;
  if (base::EqualsIgnoreCase(word, kDowngradeCustom)) return downgrade_custom_failures = true;
  if (base::EqualsIgnoreCase(word, kUpgradeCustom)) return upgrade_custom_failures = true;
  return base::EqualsIgnoreCase(word, kDefault);
}

}  // namespace postern::connector
