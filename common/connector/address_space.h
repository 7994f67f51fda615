// common/connector/address_space.h
//
// AddressSpace: which recipients a connector is for, as "[Type:]Space[;Cost]".
//
// Failure   kInvalidArgument with the rule that was broken; the caller adds the name of the field.
// Limits    512 bytes; cost 1 to 100, 1 when it is left out.
// See       docs/glossary.md; RFC 1035; RFC 5890 (A-labels)

#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::connector {

// How closely a space fits a domain: exact, then the longest wildcard, then "*". Greater is closer.
struct Specificity {
  enum class Kind : std::uint8_t { kAny = 0, kWildcard = 1, kExact = 2 };

  Kind kind = Kind::kAny;
  std::uint16_t labels = 0;  // of the wildcard's domain

  auto operator<=>(const Specificity&) const = default;
};

struct AddressSpace {
  std::string type = "SMTP";  // upper case
  std::string space;          // SMTP: "*", "*.contoso.com" or "contoso.com", lower-case A-labels
  std::uint32_t cost = 1;

  bool operator==(const AddressSpace&) const = default;

  static absl::StatusOr<AddressSpace> Parse(std::string_view text);

  // Type, space and cost: "SMTP:*.contoso.com;10".
  std::string ToString() const;

  bool smtp() const { return type == "SMTP"; }

  // The domain without its "*." (empty for "*").
  std::string_view base() const;
  Specificity specificity() const;

  // How closely the space fits `domain`, a normalised domain (lower-case A-labels) or an address
  // literal in brackets, which only "*" fits. Never for another type than SMTP.
  std::optional<Specificity> Match(std::string_view domain) const;
};

}  // namespace postern::connector
