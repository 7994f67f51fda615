#include "common/mail/domain.h"

#include <array>

#include <arpa/inet.h>
#include <idn2.h>

#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kInputBytesMax = 1024;
constexpr std::string_view kIpv6Tag = "IPv6:";

absl::Status Bad(std::string_view name, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "domain \"", base::Printable(name), "\" ",
                     rule);
}

absl::StatusOr<std::string> ToAscii(std::string_view name) {
  if (!IsUtf8(name)) return Bad(name, "is not UTF-8");
  char* converted = nullptr;
  const std::string input(name);
  const int result =
      idn2_to_ascii_8z(input.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (result != IDN2_OK) {
    return Bad(name, base::Cat("is no internationalized name: ", idn2_strerror(result)));
  }
  std::string out(converted);
  idn2_free(converted);
  return out;
}

}  // namespace

const char* BrokenDomainRule(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kNameBytesMax) return "must be at most 253 bytes long";
  std::size_t label_begin = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      if (base::IsLetterOrDigit(name[i]) || name[i] == '-' || name[i] == '_') continue;
      return "must have only letters, digits and hyphens in its labels";
    }
    const std::size_t bytes = i - label_begin;
    if (bytes == 0) return "must not have an empty label";
    if (bytes > kLabelBytesMax) return "must have labels of at most 63 bytes";
    if (name[label_begin] == '-' || name[i - 1] == '-') {
      return "must not have a label that begins or ends with a hyphen";
    }
    label_begin = i + 1;
  }
  return nullptr;
}

absl::StatusOr<std::string> NormalizeDomain(std::string_view name) {
  if (name.size() > kInputBytesMax) return Bad(name, "must be at most 1024 bytes long");
  if (name.find('\0') != std::string_view::npos) return Bad(name, "must not have a NUL");
  std::string out;
  if (IsAscii(name)) {
    out = base::LowerAscii(name);
  } else {
    auto converted = ToAscii(name);
    if (!converted.ok()) return converted.status();
    out = base::LowerAscii(*converted);
  }
  if (!out.empty() && out.back() == '.') out.pop_back();
  if (const char* rule = BrokenDomainRule(out)) return Bad(name, rule);
  return out;
}

bool IsAddressLiteral(std::string_view text) {
  return text.size() >= 2 && text.front() == '[' && text.back() == ']';
}

absl::StatusOr<std::string> LiteralAddress(std::string_view text) {
  const auto bad = [text] {
    return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(text),
                       "\" is not an address literal: write [192.0.2.1] or [IPv6:2001:db8::1]");
  };
  if (!IsAddressLiteral(text) || text.size() > INET6_ADDRSTRLEN + kIpv6Tag.size() + 2) return bad();
  std::string_view inside = text.substr(1, text.size() - 2);
  const bool v6 = base::StartsWithIgnoreCase(inside, kIpv6Tag);
  if (v6) inside.remove_prefix(kIpv6Tag.size());
  if (inside.find('\0') != std::string_view::npos) return bad();
  const int family = v6 ? AF_INET6 : AF_INET;
  std::array<unsigned char, 16> binary{};
  if (inet_pton(family, std::string(inside).c_str(), binary.data()) != 1) return bad();
  std::array<char, INET6_ADDRSTRLEN> printed{};
  inet_ntop(family, binary.data(), printed.data(), printed.size());
  return std::string(printed.data());
}

bool IsHostName(std::string_view text) {
  return text.find('_') == std::string_view::npos && BrokenDomainRule(text) == nullptr;
}

}  // namespace postern::mail
