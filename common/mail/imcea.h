// common/mail/imcea.h
//
// IMCEA: an address of another type (fax, X.400) in the form of an SMTP address:
// IMCEAFAX-+2B1555@contoso.com is FAX:+1555.
//
// Flow      FromImcea(address); whether the address is ours to open is for the caller to know.
// Failure   An address that is not of this form, or not decodable, is nullopt: it is an SMTP
//           address.
// Limits    kImceaTypeBytesMax; an address is at most kMailboxBytesMax long.
// See       MS-OXCMAIL 2.1.3.1.8 and 2.2.3.1.2

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

inline constexpr std::size_t kImceaTypeBytesMax = 32;

struct TypedAddress {
  std::string type;     // upper case: "FAX"
  std::string address;  // in the form of its type: "+1555"; no control characters

  bool operator==(const TypedAddress&) const = default;
};

// What is encapsulated in "IMCEA<type>-<encoded>@domain". The type is what stands before the first
// hyphen; SMTP is no type that is encapsulated.
std::optional<TypedAddress> FromImcea(std::string_view address);

// The local part that says the same: "IMCEAFAX-+2B1555".
std::string ToImcea(const TypedAddress& address);

}  // namespace postern::mail
