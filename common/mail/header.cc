#include "common/mail/header.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

// A subject is shown, not kept; what lies behind this is never looked at.
constexpr std::size_t kEncodedBytesMax = 4096;

bool IsSpace(char c) {
  return c == ' ' || c == '\t';
}

// The bytes of the first line with its CRLF; all of `text` when no CRLF ends it.
std::size_t LineBytes(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at > 0 && text[at - 1] == '\r') return at + 1;
  }
  return text.size();
}

// The bytes of the name before the colon; npos when the line is no field.
std::size_t NameBytes(std::string_view line, std::size_t& colon) {
  std::size_t at = 0;
  while (at < line.size() && line[at] > 32 && line[at] < 127 && line[at] != ':')
    ++at;
  const std::size_t name = at;
  while (at < line.size() && IsSpace(line[at]))
    ++at;
  if (name == 0 || at == line.size() || line[at] != ':') return std::string_view::npos;
  colon = at;
  return name;
}

std::optional<std::string> DecodeQ(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out.push_back(' ');
    } else if (text[i] == '=') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = base::HexDigit(text[i + 1]);
      const int low = base::HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string FromLatin1(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

// Decodes the word "=?charset?encoding?text?=" at the start of `text`; `bytes` becomes its length.
std::optional<std::string> DecodeWord(std::string_view text, std::size_t& bytes) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size()) return std::nullopt;
  if (text[charset_end + 2] != '?') return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find('?', begin);
  if (end == std::string_view::npos || text.substr(end, 2) != "?=") return std::nullopt;
  const std::string_view encoded = text.substr(begin, end - begin);
  if (encoded.find(' ') != std::string_view::npos) return std::nullopt;

  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));  // RFC 2231: a language may follow
  const bool latin1 = base::EqualsIgnoreCase(charset, "iso-8859-1");
  if (!latin1 && !base::EqualsIgnoreCase(charset, "utf-8") &&
      !base::EqualsIgnoreCase(charset, "us-ascii")) {
    return std::nullopt;
  }
  std::optional<std::string> decoded;
  const char encoding = text[charset_end + 1];
  if (encoding == 'B' || encoding == 'b') decoded = base::FromBase64(encoded);
  if (encoding == 'Q' || encoding == 'q') decoded = DecodeQ(encoded);
  if (!decoded) return std::nullopt;
  bytes = end + 2;
  return latin1 ? FromLatin1(*decoded) : decoded;
}

}  // namespace

std::size_t HeaderBytes(std::string_view message) {
  if (message.starts_with("\r\n")) return 2;
  const std::size_t at = message.find("\r\n\r\n");
  return at == std::string_view::npos ? message.size() : at + 4;
}

bool StartsWithField(std::string_view text) {
  std::size_t colon = 0;
  return NameBytes(text, colon) != std::string_view::npos;
}

void HeaderBlock::Iterator::Advance() {
  while (!rest_.empty() && !rest_.starts_with("\r\n")) {
    const std::size_t first = LineBytes(rest_);
    std::size_t bytes = first;
    while (bytes < rest_.size() && IsSpace(rest_[bytes]))
      bytes += LineBytes(rest_.substr(bytes));
    const std::string_view raw = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    std::size_t colon = 0;
    const std::size_t name = NameBytes(raw.substr(0, first), colon);
    if (name == std::string_view::npos) continue;
    std::string_view body = raw.substr(colon + 1);
    if (body.ends_with("\r\n")) body.remove_suffix(2);
    field_ = {.name = raw.substr(0, name), .body = body, .raw = raw};
    return;
  }
  field_ = {};
}

std::optional<HeaderField> HeaderBlock::Find(std::string_view name) const {
  for (const HeaderField& field : *this) {
    if (base::EqualsIgnoreCase(field.name, name)) return field;
  }
  return std::nullopt;
}

std::size_t HeaderBlock::Count(std::string_view name) const {
  std::size_t count = 0;
  for (const HeaderField& field : *this) {
    if (base::EqualsIgnoreCase(field.name, name)) ++count;
  }
  return count;
}

std::string Unfold(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  body = base::Trim(body);
  while (!body.empty()) {
    const std::size_t fold = body.find("\r\n");
    out.append(body.substr(0, fold));
    if (fold == std::string_view::npos) break;
    body.remove_prefix(fold + 2);
  }
  return out;
}

std::string DecodeWords(std::string_view body, std::size_t bytes_max) {
  const std::string unfolded = Unfold(body.substr(0, kEncodedBytesMax));
  std::string_view rest = unfolded;
  std::string out;
  while (!rest.empty()) {
    const std::size_t start = rest.find("=?");
    const std::string_view plain = rest.substr(0, start);
    std::size_t bytes = 0;
    const auto word =
        start == std::string_view::npos ? std::nullopt : DecodeWord(rest.substr(start), bytes);
    out.append(plain);
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    if (!word) {
      out.append("=?");
      rest.remove_prefix(2);
      continue;
    }
    out.append(*word);
    rest.remove_prefix(bytes);
    // Spaces between two encoded words are not part of the text (RFC 2047 §6.2).
    const std::size_t next = rest.find_first_not_of(" \t");
    if (next == std::string_view::npos) break;
    if (next > 0 && DecodeWord(rest.substr(next), bytes)) rest.remove_prefix(next);
  }
  return CleanText(out, bytes_max);
}

}  // namespace postern::mail
