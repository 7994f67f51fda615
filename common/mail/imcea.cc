#include "common/mail/imcea.h"

#include "common/base/text.h"
#include "common/mail/address.h"

namespace postern::mail {

namespace {

constexpr std::string_view kPrefix = "IMCEA";

std::optional<std::string> Decode(std::string_view encoded) {
  std::string plain;
  plain.reserve(encoded.size());
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    char c = encoded[at];
    if (c == '_') {
      c = '/';
    } else if (c == '+') {
      if (at + 2 >= encoded.size()) return std::nullopt;
      const int high = base::HexDigit(encoded[at + 1]);
      const int low = base::HexDigit(encoded[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      at += 2;
    } else if (!base::IsLetterOrDigit(c) && c != '-' && c != '=') {
      return std::nullopt;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    plain.push_back(c);
  }
  return plain;
}

}  // namespace

std::optional<TypedAddress> FromImcea(std::string_view address) {
  if (!base::StartsWithIgnoreCase(address, kPrefix)) return std::nullopt;
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || address.size() > kMailboxBytesMax) return std::nullopt;
  const std::string_view local = address.substr(kPrefix.size(), at - kPrefix.size());
  const auto hyphen = local.find('-');
  if (hyphen == std::string_view::npos || hyphen == 0 || hyphen > kImceaTypeBytesMax) {
    return std::nullopt;
  }
  TypedAddress typed;
  typed.type = base::UpperAscii(local.substr(0, hyphen));
  const bool plain_type = std::all_of(typed.type.begin(), typed.type.end(),
                                      [](char c) { return base::IsLetterOrDigit(c) || c == '_'; });
  // An SMTP address needs no capsule; in one it would be a way past the rules for relaying.
  if (!plain_type || typed.type == "SMTP") return std::nullopt;
  auto decoded = Decode(local.substr(hyphen + 1));
  if (!decoded || decoded->empty()) return std::nullopt;
  typed.address = *std::move(decoded);
  return typed;
}

std::string ToImcea(const TypedAddress& address) {
  std::string local = base::Cat(kPrefix, address.type, "-");
  for (const char c : address.address) {
    if (base::IsLetterOrDigit(c) || c == '-' || c == '=') {
      local.push_back(c);
    } else if (c == '/') {
      local.push_back('_');
    } else {
      local.append("+").append(base::UpperAscii(base::Hex(std::string_view(&c, 1))));
    }
  }
  return local;
}

}  // namespace postern::mail
