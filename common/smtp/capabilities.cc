#include "common/smtp/capabilities.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kKeywordsMax = 64;
constexpr std::size_t kKeywordBytesMax = 128;
constexpr std::uint64_t kLimitMax = 999'999;  // RFC 9422 §4

// A letter or digit, then letters, digits and hyphens.
bool IsKeyword(std::string_view word) {
  if (word.empty() || word.front() == '-') return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void AddMechanisms(std::string_view text, std::vector<std::string>& auth) {
  for (const std::string_view word : base::Split(text, ' ')) {
    if (word.empty() || auth.size() >= kKeywordsMax) continue;
    std::string mechanism = base::UpperAscii(word.substr(0, kKeywordBytesMax));
    if (std::find(auth.begin(), auth.end(), mechanism) == auth.end()) {
      auth.push_back(std::move(mechanism));
    }
  }
}

// Of a limit that is named twice the smaller one holds.
void AddLimits(std::string_view text, Capabilities& offered) {
  for (const std::string_view word : base::Split(text, ' ')) {
    const std::size_t end = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, end);
    const auto value = base::ParseUnsigned(word.substr(std::min(end + 1, word.size())));
    if (!value.has_value() || *value == 0 || *value > kLimitMax) continue;
    std::uint32_t* limit = nullptr;
    if (base::EqualsIgnoreCase(name, "MAILMAX")) limit = &offered.messages_max;
    if (base::EqualsIgnoreCase(name, "RCPTMAX")) limit = &offered.recipients_max;
    if (base::EqualsIgnoreCase(name, "RCPTDOMAINMAX")) limit = &offered.recipient_domains_max;
    if (limit == nullptr || (*limit != 0 && *limit <= *value)) continue;
    *limit = static_cast<std::uint32_t>(*value);
  }
}

}  // namespace

Capabilities Capabilities::Parse(const mail::Reply& ehlo) {
  Capabilities offered;
  // The first line is the peer's name.
  for (std::size_t i = 1; i < ehlo.lines.size() && offered.keywords.size() < kKeywordsMax; ++i) {
    const std::string_view line = base::Trim(ehlo.lines[i]);
    // "AUTH=LOGIN" is an old form that some peers still offer beside the right one.
    const std::size_t end = std::min(line.find_first_of(" ="), line.size());
    const std::string keyword = base::UpperAscii(line.substr(0, end));
    const std::string_view value = end < line.size() ? base::Trim(line.substr(end + 1)) : "";
    if (!IsKeyword(keyword)) continue;
    offered.keywords.push_back(base::Printable(line, kKeywordBytesMax));

    if (keyword == "AUTH") AddMechanisms(value, offered.auth);
    if (end < line.size() && line[end] == '=') continue;
    if (keyword == "PIPELINING") offered.pipelining = true;
    if (keyword == "8BITMIME") offered.eight_bit_mime = true;
    if (keyword == "DSN") offered.dsn = true;
    if (keyword == "CHUNKING") offered.chunking = true;
    if (keyword == "SMTPUTF8") offered.smtputf8 = true;
    if (keyword == "STARTTLS") offered.starttls = true;
    if (keyword == "REQUIRETLS") offered.require_tls = true;
    if (keyword == "ENHANCEDSTATUSCODES") offered.enhanced_status_codes = true;
    if (keyword == "LIMITS") AddLimits(value, offered);
    if (keyword == "SIZE") {
      offered.size = true;
      offered.size_max = base::ParseUnsigned(value).value_or(0);
    }
  }
  return offered;
}

mail::EsmtpFeatures Capabilities::Features(std::uint64_t message_size) const {
  mail::EsmtpFeatures features;
  features.size = size;
  features.eight_bit_mime = eight_bit_mime;
  features.dsn = dsn;
  features.smtputf8 = smtputf8;
  features.require_tls = require_tls;
  features.message_size = message_size;
  return features;
}

}  // namespace postern::smtp
