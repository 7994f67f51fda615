// Mailbox     = Local-part "@" ( Domain / address-literal )
// Local-part  = Dot-string / Quoted-string
// Dot-string  = Atom *("." Atom)
// Quoted-string = DQUOTE *( %d32-33 / %d35-91 / %d93-126 / "\" %d32-126 ) DQUOTE
// Path        = "<" [ "@" Domain *( ",@" Domain ) ":" ] Mailbox ">"

#include "common/mail/address.h"

#include <array>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/mail/utf8.h"

namespace postern::mail {

namespace {

constexpr std::array<bool, 256> MakeAtext() {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c)
    table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) {
    table[static_cast<std::size_t>(c)] = true;
  }
  // UTF-8 is checked for the whole text before.
  for (std::size_t c = 128; c < 256; ++c)
    table[c] = true;
  return table;
}

constexpr std::array<bool, 256> kAtext = MakeAtext();

bool IsAtext(char c) {
  return kAtext[static_cast<unsigned char>(c)];
}

absl::Status Bad(std::string_view text, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "address \"", base::Printable(text), "\" ",
                     rule);
}

// Passes `at` over a dot-string; the broken rule, or nullptr.
const char* PassDotString(std::string_view text, std::size_t& at) {
  while (true) {
    const std::size_t begin = at;
    while (at < text.size() && IsAtext(text[at]))
      ++at;
    if (at == begin) {
      if (at == 0 && at < text.size() && text[at] == '@') return "must have a local part";
      return "must have a local part of atoms joined by single dots, or quote it";
    }
    if (at == text.size() || text[at] != '.') return nullptr;
    ++at;
  }
}

const char* PassQuotedString(std::string_view text, std::size_t& at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') {
      ++at;
      return nullptr;
    }
    if (text[at] == '\\' && ++at == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) return "must not have control characters in its local part";
    if (byte >= 0x80 && text[at - 1] == '\\') return "must not have a backslash before non-ASCII";
  }
  return "must close the quotes of its local part";
}

absl::Status CheckMailDomain(std::string_view text, std::string_view domain) {
  if (domain.size() > kDomainBytesMax) return Bad(text, "must have a domain of at most 255 bytes");
  if (!domain.empty() && domain.front() == '[') {
    if (!LiteralAddress(domain).ok()) {
      return Bad(text, "must have an address literal like [192.0.2.1] or [IPv6:2001:db8::1]");
    }
    return absl::OkStatus();
  }
  if (IsAscii(domain)) {
    const char* rule = BrokenDomainRule(domain);
    return rule == nullptr ? absl::OkStatus() : Bad(text, base::Cat("has a domain that ", rule));
  }
  if (domain.back() == '.') return Bad(text, "must not have a domain that ends with a dot");
  return NormalizeDomain(domain).status();
}

// The inside of "<...>" without its source route.
absl::StatusOr<std::string_view> PathInside(std::string_view text) {
  if (text.empty() || PathBytes(text) != text.size()) {
    return Bad(text, "must be one address in angle brackets");
  }
  std::string_view inside = text.substr(1, text.size() - 2);
  if (inside.empty() || inside.front() != '@') return inside;
  const std::size_t colon = inside.find(':');
  if (colon == std::string_view::npos || colon > kSourceRouteBytesMax) {
    return Bad(text, "must have a colon after its source route");
  }
  for (const std::string_view hop : base::Split(inside.substr(0, colon), ',')) {
    if (hop.empty() || hop.front() != '@' || BrokenDomainRule(hop.substr(1)) != nullptr) {
      return Bad(text, "must have a source route of the form @domain,@domain:");
    }
  }
  return inside.substr(colon + 1);
}

}  // namespace

std::string Address::ToString() const {
  if (domain.empty()) return local;
  return base::Cat(local, "@", domain);
}

absl::StatusOr<Address> ParseMailbox(std::string_view text, bool utf8) {
  if (text.empty()) return Bad(text, "must not be empty");
  if (text.size() > kMailboxBytesMax) return Bad(text, "must be at most 571 bytes long");
  if (!IsAscii(text)) {
    if (!utf8) return Bad(text, "has non-ASCII characters, which need SMTPUTF8");
    if (!IsUtf8(text)) return Bad(text, "must be UTF-8");
  }
  std::size_t at = 0;
  const char* rule = text[0] == '"' ? PassQuotedString(text, at) : PassDotString(text, at);
  if (rule != nullptr) return Bad(text, rule);
  if (at == text.size()) return Bad(text, "must have an @ and a domain");
  if (text[at] != '@') return Bad(text, "has a character in its local part that must be quoted");
  if (at > kLocalBytesMax) return Bad(text, "must have a local part of at most 315 bytes");
  const std::string_view domain = text.substr(at + 1);
  POSTERN_RETURN_IF_ERROR(CheckMailDomain(text, domain));
  return Address{std::string(text.substr(0, at)), std::string(domain)};
}

absl::StatusOr<std::string> AsciiMailbox(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  POSTERN_ASSIGN_OR_RETURN(Address address, ParseMailbox(text, true));
  if (!IsAscii(address.local)) return Bad(text, "has a local part that is not ASCII");
  POSTERN_ASSIGN_OR_RETURN(address.domain, NormalizeDomain(address.domain));
  return address.ToString();
}

absl::StatusOr<Address> ParseReversePath(std::string_view text, bool utf8) {
  POSTERN_ASSIGN_OR_RETURN(const std::string_view inside, PathInside(text));
  if (text == "<>") return Address();
  return ParseMailbox(inside, utf8);
}

absl::StatusOr<Address> ParseForwardPath(std::string_view text, bool utf8) {
  POSTERN_ASSIGN_OR_RETURN(const std::string_view inside, PathInside(text));
  if (text == "<>") return Bad(text, "must not be the null path here");
  if (base::EqualsIgnoreCase(text, "<postmaster>")) return Address{"Postmaster", ""};
  return ParseMailbox(inside, utf8);
}

std::size_t PathBytes(std::string_view text) {
  if (text.empty() || text.front() != '<') return 0;
  bool quoted = false;
  for (std::size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++at;
    if (!quoted && c == '>') return at + 1;
  }
  return 0;
}

std::string DomainOf(std::string_view address) {
  std::size_t from = 0;
  if (!address.empty() && address.front() == '"') {
    from = 1;
    while (from < address.size() && address[from] != '"')
      from += address[from] == '\\' ? 2 : 1;
    if (from >= address.size()) return {};
  }
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at < from) return {};
  return base::LowerAscii(address.substr(at + 1));
}

}  // namespace postern::mail
