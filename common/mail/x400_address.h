// common/mail/x400_address.h
//
// X400Address: the attributes of an X.400 originator/recipient address or of a space of addresses.
//
// Flow      ParseX400 of both; space.Holds(address).
// Failure   nullopt: the text is not of this form.
// Limits    kX400BytesMax, kX400AttributesMax.
// See       RFC 1685 §2: "G=Ann; S=Lee; O=Sales; P=MyOrg; A=adatum; C=us", or the same between "/"

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::mail {

inline constexpr std::size_t kX400BytesMax = 1024;
inline constexpr std::size_t kX400AttributesMax = 32;

struct X400Address {
  // By name; names and values in lower case, runs of spaces as one. No name is there twice.
  std::vector<std::pair<std::string, std::string>> attributes;

  bool operator==(const X400Address&) const = default;

  // Whether each attribute of this is one of `address` too, with the same value; "*" is every
  // value.
  bool Holds(const X400Address& address) const;
};

// RFC 1685's other names count as one: ADMD is A, PRMD is P, Surname is S, OU is OU1, ...
std::optional<X400Address> ParseX400(std::string_view text);

}  // namespace postern::mail
