// services/mailbox-transport/settle/settings.h
//
// SettleSettings: who reports and how much of the original a DSN carries, under Exchange's names.
//
// See       Set-TransportConfig; docs/generated/settings.md

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::settle {

struct SettleSettings {
  settings::Setting<settings::Size> external_dsn_max_message_attach_size{
      .key = "settle.external_dsn_max_message_attach_size",
      .fallback = {10ull << 20},
      .min = {0},
      .max = {2047ull << 20},
      .about =
          "Up to this size, and at most 640KB, a DSN carries the whole original, else its "
          "headers."};

  settings::Setting<std::string> external_dsn_reporting_authority{
      .key = "settle.external_dsn_reporting_authority",
      .about = "The domain that DSNs speak for; empty is the server's own name."};

  settings::Setting<std::string> external_postmaster_address{
      .key = "settle.external_postmaster_address",
      .about = "From of DSNs; empty is postmaster at the reporting authority."};

  settings::Setting<bool> external_delay_dsn_enabled{
      .key = "settle.external_delay_dsn_enabled",
      .fallback = true,
      .about = "Whether senders are told that a message is late."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(external_dsn_max_message_attach_size);
    visit(external_dsn_reporting_authority);
    visit(external_postmaster_address);
    visit(external_delay_dsn_enabled);
  }
};

}  // namespace postern::settle
