#include "common/smtp/wire_check.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/smtp/wire.h"

namespace postern::smtp {

namespace {

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

absl::Status Wrong(std::string_view field, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, field, ": ", rule);
}

absl::Status CheckText(std::string_view field, std::string_view text) {
  if (text.size() > kWireTextBytesMax) {
    return Wrong(field, base::Cat("must be at most ", kWireTextBytesMax, " bytes"));
  }
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return Wrong(field, base::Cat("\"", base::Printable(text), "\" holds a control character"));
  }
  return absl::OkStatus();
}

absl::Status CheckWord(std::string_view field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return Wrong(field, base::Cat("must be at most ", bytes_max, " bytes"));
  }
  const bool fits = std::none_of(text.begin(), text.end(), [](char c) {
    return IsControl(c) || c == ' ' || c == '<' || c == '>';
  });
  if (fits) return absl::OkStatus();
  return Wrong(field, base::Cat("\"", base::Printable(text), "\" is not one word"));
}

std::string Utf8Only(std::string_view text) {
  if (mail::IsUtf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = mail::Utf8CharacterBytes(text);
    if (bytes == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

}  // namespace postern::smtp
