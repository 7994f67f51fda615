// services/mailbox-transport/settle/sender_rules.h
//
// SenderRules: what a DSN looks like and whether one is due, for senders of the organization and
// for all others.
//
// Flow      For(sender) -> the rules that hold for it.
// Lifetime  A value; a change of the directory replaces it.
// See       Set-TransportConfig: External* and Internal*; docs/exchange.md "The organization"

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "services/mailbox-transport/settle/settings.h"

namespace postern::settle {

struct DsnRules {
  std::uint64_t max_message_attach_size = 10ull << 20;  // bytes
  std::string reporting_authority;                      // empty is the server's own name
  std::string postmaster_address;                       // empty is postmaster@<authority>
  bool delay_dsn_enabled = true;
  bool send_html = true;
};

struct SenderRules {
  DsnRules external;
  DsnRules internal;
  // Whether an address is of an accepted domain; without it every sender is external.
  std::function<bool(std::string_view address)> is_internal;

  const DsnRules& For(std::string_view sender) const {
    return is_internal && is_internal(sender) ? internal : external;
  }
};

// As long as there is no directory.
inline SenderRules RulesFrom(const SettleSettings& settings) {
  SenderRules rules;
  rules.external.reporting_authority = *settings.external_dsn_reporting_authority;
  rules.external.postmaster_address = *settings.external_postmaster_address;
  rules.internal = rules.external;
  return rules;
}

}  // namespace postern::settle
