#include "common/connector/address_space.h"

#include <algorithm>

#include "absl/status/status.h"

#include "common/base/text.h"
#include "common/mail/domain.h"

namespace postern::connector {

namespace {

constexpr std::size_t kTextBytesMax = 512;
constexpr std::uint32_t kCostMax = 100;

template <typename... Parts>
absl::Status Broken(const Parts&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

bool TypeChar(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

absl::StatusOr<std::uint32_t> ParseCost(std::string_view text) {
  const auto cost = base::ParseUnsigned(base::Trim(text));
  if (!cost || *cost < 1 || *cost > kCostMax) {
    return Broken("the cost after \";\" is a whole number from 1 to ", kCostMax);
  }
  return static_cast<std::uint32_t>(*cost);
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "*", "*.domain" or "domain" in the one form in which spaces compare.
absl::StatusOr<std::string> ParseSmtpSpace(std::string_view text) {
  if (text.empty()) return Broken("the space is empty: write a domain, \"*.domain\" or \"*\"");
  if (text == "*") return std::string(text);
  if (text == "--") return Broken("\"--\" is only for connectors of an Edge server");
  if (text.find('@') != std::string_view::npos) {
    return Broken("an address space is a domain, not an address");
  }
  const bool wildcard = text.starts_with("*.");
  const std::string_view domain = wildcard ? text.substr(2) : text;
  if (domain.find('*') != std::string_view::npos) {
    return Broken("\"*\" stands only as the whole first label, as in \"*.contoso.com\"");
  }
  if (mail::IsAddressLiteral(domain)) return Broken("an address space is a domain, not an address");
  auto normal = mail::NormalizeDomain(domain);
  if (!normal.ok()) return normal.status();
  if (AllDigits(std::string_view(*normal).substr(normal->rfind('.') + 1))) {
    return Broken("an address space is a domain, not an IP address");
  }
  return wildcard ? base::Cat("*.", *normal) : *std::move(normal);
}

absl::StatusOr<AddressSpace> ParseSmtp(std::string_view text) {
  const auto parts = base::Split(text, ';');
  if (parts.size() > 2) return Broken("an SMTP address space has at most one \";\"");
  AddressSpace space;
  if (parts.size() == 2) {
    auto cost = ParseCost(parts[1]);
    if (!cost.ok()) return cost.status();
    space.cost = *cost;
  }
  auto domain = ParseSmtpSpace(base::Trim(parts[0]));
  if (!domain.ok()) return domain.status();
  space.space = *std::move(domain);
  return space;
}

// Free text, which may itself hold ";": then what follows the last one must be the cost.
absl::StatusOr<AddressSpace> ParseOther(std::string type, std::string_view text) {
  AddressSpace space;
  space.type = std::move(type);
  std::string_view body = text;
  if (const auto semicolon = text.rfind(';'); semicolon != std::string_view::npos) {
    auto cost = ParseCost(text.substr(semicolon + 1));
    if (!cost.ok())
      return Broken("a ", space.type, " space that holds \";\" must end in \";cost\"");
    space.cost = *cost;
    body = text.substr(0, semicolon);
  }
  body = base::Trim(body);
  if (body.empty()) return Broken("the space after \"", space.type, ":\" is empty");
  space.space = std::string(body);
  return space;
}

std::uint16_t CountLabels(std::string_view domain) {
  return static_cast<std::uint16_t>(std::count(domain.begin(), domain.end(), '.') + 1);
}

}  // namespace

absl::StatusOr<AddressSpace> AddressSpace::Parse(std::string_view given) {
  const std::string_view text = base::Trim(given);
  if (text.empty()) return Broken("an address space is not empty");
  if (text.size() > kTextBytesMax) {
    return Broken("an address space has at most ", kTextBytesMax, " bytes");
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control) return Broken("an address space holds no control characters");

  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return ParseSmtp(text);
  std::string type = base::UpperAscii(base::Trim(text.substr(0, colon)));
  if (type.empty() || !std::all_of(type.begin(), type.end(), TypeChar)) {
    return Broken("the type before \":\" is made of letters, digits, \"-\" and \"_\"");
  }
  const std::string_view rest = text.substr(colon + 1);
  if (type == "SMTP") return ParseSmtp(rest);
  return ParseOther(std::move(type), rest);
}

std::string AddressSpace::ToString() const {
  return base::Cat(type, ":", space, ";", cost);
}

std::string_view AddressSpace::base() const {
  const std::string_view text = space;
  if (text == "*") return {};
  return text.starts_with("*.") ? text.substr(2) : text;
}

Specificity AddressSpace::specificity() const {
  if (space == "*") return {Specificity::Kind::kAny, 0};
  if (!smtp() || !space.starts_with("*.")) return {Specificity::Kind::kExact, 0};
  return {Specificity::Kind::kWildcard, CountLabels(base())};
}

std::optional<Specificity> AddressSpace::Match(std::string_view domain) const {
  if (!smtp()) return std::nullopt;
  const Specificity own = specificity();
  if (own.kind == Specificity::Kind::kAny) return own;
  const std::string_view mine = base();
  if (domain == mine) return own;
  if (own.kind == Specificity::Kind::kExact) return std::nullopt;
  const bool below = domain.size() > mine.size() && domain.ends_with(mine) &&
                     domain[domain.size() - mine.size() - 1] == '.';
  return below ? std::optional(own) : std::nullopt;
}

}  // namespace postern::connector
