// common/mail/header_firewall.h
//
// The header firewall: which header fields of a message may pass from one organization to another.
//
// Flow      FilterHeader(header, rules): nothing when the header passes as it stands.
// Failure   None: what is no field passes.
// Limits    The result is at most as long as the header, and once more each promoted field, which
//           also stays where Organization fields pass.
// See       Exchange's header firewall; docs/exchange.md "Types and the header firewall"

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

// What a peer may be sent, or a submitter may bring.
struct HeaderRights {
  bool organization = false;  // X-MS-Exchange-Organization-*
  bool forest = false;        // X-MS-Exchange-Forest-*
  bool routing = false;       // Received and Resent-*

  bool operator==(const HeaderRights&) const = default;

  static constexpr HeaderRights All() { return {true, true, true}; }
};

// X-MS-Exchange-CrossPremises-* fields.
enum class CrossPremises : std::uint8_t {
  kRemove,   // none passes
  kKeep,     // all pass
  kPromote,  // all pass, and Organization fields become such, in place of those of their name
};

struct FirewallRules {
  HeaderRights rights;
  CrossPremises cross_premises = CrossPremises::kRemove;
  bool hides = false;  // what is the sender's alone (HidesField) does not pass

  bool operator==(const FirewallRules&) const = default;
};

// Bcc, Resent-Bcc and Return-Path: for whoever hands the message over, not for who gets it.
bool HidesField(std::string_view name);

// `header` is a header block, with its empty line when it has one.
std::optional<std::string> FilterHeader(std::string_view header, const FirewallRules& rules);

// True when the text may hold an X-MS-Exchange- field at all: a quick look, for the usual message
// that has none.
bool MentionsExchange(std::string_view header);

}  // namespace postern::mail
