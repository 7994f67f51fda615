// services/mailbox-transport/settle/settings.h
//
// SettleSettings: who reports where the organization does not say, under Exchange's names.
//
// See       Set-TransportConfig; docs/generated/settings.md

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::settle {

struct SettleSettings {
  settings::Setting<std::string> external_dsn_reporting_authority{
      .key = "settle.external_dsn_reporting_authority",
      .about =
          "The domain that DSNs to senders outside speak for, where TransportConfig names none; "
          "empty is the server's own name."};

  settings::Setting<std::string> external_postmaster_address{
      .key = "settle.external_postmaster_address",
      .about =
          "From of DSNs, where TransportConfig names none; empty is postmaster at the default "
          "accepted domain, or at the reporting authority."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(external_dsn_reporting_authority);
    visit(external_postmaster_address);
  }
};

}  // namespace postern::settle
