// common/mail/address.h
//
// Address: one RFC 5321 mailbox, and the paths in which MAIL and RCPT carry it.
//
// Flow      PathBytes finds where a command's path ends; ParseReversePath or ParseForwardPath
//           reads it.
// Failure   kInvalidArgument with the rule that was broken and the text, fit for a log line.
// Limits    kLocalBytesMax, kDomainBytesMax, kMailboxBytesMax, kSourceRouteBytesMax.
// See       RFC 5321 §4.1.2, §4.1.3, §4.5.3.1; RFC 6531 §3.3; Exchange allows 571 bytes in all

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::mail {

inline constexpr std::size_t kLocalBytesMax = 315;
inline constexpr std::size_t kDomainBytesMax = 255;
inline constexpr std::size_t kMailboxBytesMax = 571;
inline constexpr std::size_t kSourceRouteBytesMax = 512;

// Both parts exactly as they were written: a quoted local part keeps its quotes, a literal its
// brackets.
struct Address {
  std::string local;
  std::string domain;  // empty for the null sender and for a bare Postmaster

  bool operator==(const Address&) const = default;

  bool null() const { return local.empty() && domain.empty(); }

  // "local@domain"; "" for the null sender, "Postmaster" for the bare form.
  std::string ToString() const;
};

// The whole of `text` is local@domain: a dot-string or quoted string, a domain or an address
// literal. Bytes above 127 (valid UTF-8, U-labels) only when `utf8`. An underscore in a label is
// tolerated.
absl::StatusOr<Address> ParseMailbox(std::string_view text, bool utf8);

// The mailbox in ASCII, with A-labels where its domain is not; kInvalidArgument when the local part
// is not ASCII, or the domain has no such form.
absl::StatusOr<std::string> AsciiMailbox(std::string_view text);

// "<mailbox>" or "<>", the whole of `text`; a source route is dropped.
absl::StatusOr<Address> ParseReversePath(std::string_view text, bool utf8);
// "<mailbox>" or "<Postmaster>" in any case, the whole of `text`; a source route is dropped.
absl::StatusOr<Address> ParseForwardPath(std::string_view text, bool utf8);

// How many bytes the "<...>" at the start of `text` takes, ">" inside quotes passed over; 0 when
// `text` does not begin with one.
std::size_t PathBytes(std::string_view text);

// The part after the last "@" outside quotes, ASCII in lower case; "" when there is none.
std::string DomainOf(std::string_view address);

}  // namespace postern::mail
