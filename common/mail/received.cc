#include "common/mail/received.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/date.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::size_t kTlsTextBytesMax = 64;

using Bytes = std::array<bool, 256>;

// Of a domain or an address literal.
constexpr Bytes kOfNames = [] {
  Bytes safe{};
  for (const char c : std::string_view("-._:[]"))
    safe[static_cast<unsigned char>(c)] = true;
  for (unsigned char c = '0'; c <= 'z'; ++c) {
    if (c <= '9' || (c >= 'A' && c <= 'Z') || c >= 'a') safe[c] = true;
  }
  return safe;
}();

// All but what would end a word or the comment around it.
constexpr Bytes kOfWords = [] {
  Bytes safe{};
  for (unsigned char c = 33; c < 127; ++c)
    safe[c] = std::string_view("()\\;<>\"").find(static_cast<char>(c)) == std::string_view::npos;
  return safe;
}();

// `text` up to that size, with "?" for what is not safe.
void AppendSafe(std::string& out, std::string_view text, std::size_t bytes_max, const Bytes& safe) {
  std::size_t at = out.size();
  out.append(text.substr(0, bytes_max));
  for (; at < out.size(); ++at) {
    if (!safe[static_cast<unsigned char>(out[at])]) out[at] = '?';
  }
}

// A client's text inside a structured field.
void AppendName(std::string& out, std::string_view text) {
  AppendSafe(out, text, kReceivedTextBytesMax, kOfNames);
}

// Our own text.
void AppendWord(std::string& out, std::string_view text, std::size_t bytes_max) {
  AppendSafe(out, text, bytes_max, kOfWords);
}

void AppendClient(std::string& out, const ReceivedParts& parts) {
  out.append("from ");
  AppendName(out, parts.helo.empty() ? "unknown" : parts.helo);
  if (!parts.client_address.empty()) {
    const bool v6 = parts.client_address.find(':') != std::string_view::npos;
    out.append(v6 ? " ([IPv6:" : " ([");
    AppendName(out, parts.client_address);
    out.append("])");
  }
  out.append("\r\n\t");
}

void AppendTls(std::string& out, const ReceivedParts& parts) {
  if (parts.tls_version.empty()) return;
  out.append(" (version=");
  AppendWord(out, parts.tls_version, kTlsTextBytesMax);
  if (!parts.tls_cipher.empty()) {
    out.append(" cipher=");
    AppendWord(out, parts.tls_cipher, kTlsTextBytesMax);
  }
  out.push_back(')');
}

// An address that does not parse could say anything here; one in UTF-8 may stand only in a message
// that is known to be of SMTPUTF8. With A-labels where that is possible: our own stamp must not be
// what keeps a message from a host without SMTPUTF8.
void AppendRecipient(std::string& out, const ReceivedParts& parts) {
  const bool utf8 = parts.protocol.starts_with("UTF8");
  if (parts.recipient.empty() || !ParseMailbox(parts.recipient, utf8).ok()) return;
  std::string_view shown = parts.recipient;
  absl::StatusOr<std::string> plain;
  if (!IsAscii(shown)) plain = AsciiMailbox(shown);
  if (plain.ok()) shown = *plain;
  out.append("\r\n\tfor <").append(shown);
  out.append(">");
}

}  // namespace

std::string_view ProtocolName(bool extended, bool tls, bool authenticated, bool smtputf8) {
  static constexpr std::array<std::string_view, 4> kPlain = {"ESMTP", "ESMTPS", "ESMTPA",
                                                             "ESMTPSA"};
  static constexpr std::array<std::string_view, 4> kUtf8 = {"UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA",
                                                            "UTF8SMTPSA"};
  const std::size_t which = (tls ? 1U : 0U) + (authenticated ? 2U : 0U);
  if (smtputf8) return kUtf8[which];
  return extended || which != 0 ? kPlain[which] : "SMTP";
}

std::string ReceivedLine(const ReceivedParts& parts) {
  std::string out;
  out.reserve(320);
  out.append("Received: ");
  if (!parts.helo.empty() || !parts.client_address.empty()) AppendClient(out, parts);
  out.append("by ");
  AppendName(out, parts.host);
  if (!parts.protocol.empty()) {
    out.append(" with ");
    AppendWord(out, parts.protocol, kTlsTextBytesMax);
    AppendTls(out, parts);
  }
  if (!parts.id.empty()) {
    out.append("\r\n\tid ");
    AppendWord(out, parts.id, kReceivedTextBytesMax);
  }
  AppendRecipient(out, parts);
  out.append(";\r\n\t").append(FormatDate(parts.date)).append("\r\n");
  return out;
}

}  // namespace postern::mail
