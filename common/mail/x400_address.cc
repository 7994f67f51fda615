#include "common/mail/x400_address.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::mail {

namespace {

// Names of one attribute that RFC 1685 §2.2 and its predecessors allow.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"admd", "a"},    {"prmd", "p"},       {"org", "o"},         {"ou", "ou1"},
    {"surname", "s"}, {"given name", "g"}, {"givenname", "g"},   {"initials", "i"},
    {"country", "c"}, {"generation", "q"}, {"common name", "cn"}};

// Lower case, without spaces at the ends and with one where there are several.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : base::Trim(text)) {
    if (c == ' ' && !plain.empty() && plain.back() == ' ') continue;
    plain.push_back(c);
  }
  return base::LowerAscii(plain);
}

std::string NameOf(std::string_view text) {
  std::string name = Plain(text);
  for (const auto& [other, one] : kOtherNames) {
    if (name == other) return std::string(one);
  }
  return name;
}

}  // namespace

bool X400Address::Holds(const X400Address& address) const {
  return std::all_of(attributes.begin(), attributes.end(), [&](const auto& wanted) {
    return std::any_of(address.attributes.begin(), address.attributes.end(), [&](const auto& one) {
      return one.first == wanted.first && (wanted.second == "*" || one.second == wanted.second);
    });
  });
}

std::optional<X400Address> ParseX400(std::string_view text) {
  if (text.size() > kX400BytesMax) return std::nullopt;
  const char separator = base::Trim(text).starts_with('/') ? '/' : ';';
  X400Address address;
  for (const std::string_view part : base::Split(text, separator)) {
    if (base::Trim(part).empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::pair attribute(NameOf(part.substr(0, equals)), Plain(part.substr(equals + 1)));
    // The administration domain may be blank: "A= ;" is how a country without one is written.
    const bool may_be_blank = attribute.first == "a";
    if (attribute.first.empty() || (attribute.second.empty() && !may_be_blank)) return std::nullopt;
    address.attributes.push_back(std::move(attribute));
  }
  auto& all = address.attributes;
  if (all.empty() || all.size() > kX400AttributesMax) return std::nullopt;
  std::sort(all.begin(), all.end());
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(all.begin(), all.end(), same_name) != all.end()) return std::nullopt;
  return address;
}

}  // namespace postern::mail
