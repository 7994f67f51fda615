#include "cli/import_text.h"

#include <cstdint>

#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::cli {

namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

absl::Status Broken(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto byte = [&out](std::uint32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0 | point >> 6);
    return byte(0x80 | (point & 0x3F));
  }
  if (point < 0x10000) {
    byte(0xE0 | point >> 12);
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
  }
  byte(0x80 | (point >> 6 & 0x3F));
  byte(0x80 | (point & 0x3F));
}

absl::StatusOr<std::string> FromUtf16(std::string_view bytes, bool big_endian) {
  if (bytes.size() % 2 != 0) return Broken("is UTF-16 that ends in the middle of a character");
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return big_endian ? first << 8 | second : second << 8 | first;
  };
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t point = unit(at);
    if (point >= 0xD800 && point < 0xE000) {
      const bool pair = point < 0xDC00 && at + 2 < bytes.size() && unit(at + 2) >= 0xDC00 &&
                        unit(at + 2) < 0xE000;
      if (!pair) return Broken("is UTF-16 with half a character at byte ", at);
      point = 0x10000 + ((point - 0xD800) << 10) + (unit(at + 2) - 0xDC00);
      at += 2;
    }
    AppendUtf8(point, out);
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> Utf8From(std::string_view bytes) {
  if (bytes.size() > kImportBytesMax) return Broken("has more than ", kImportBytesMax, " bytes");
  if (bytes.starts_with("\xFF\xFE")) return FromUtf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return FromUtf16(bytes.substr(2), true);
  // JSON begins with an ASCII character, so a NUL beside it is half of one.
  if (bytes.size() >= 2 && bytes[1] == '\0') return FromUtf16(bytes, false);
  if (bytes.size() >= 2 && bytes[0] == '\0') return FromUtf16(bytes, true);
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  if (mail::IsUtf8(bytes)) return std::string(bytes);
  return Broken(
      "is neither UTF-8 nor UTF-16: export it with | Out-File -Encoding UTF8 export.json");
}

}  // namespace postern::cli
