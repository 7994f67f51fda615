// common/smtp/security_settings.h
//
// SecuritySettings: what is asked of domains and certificates beside the Send connector; both
// services have them.
//
// See       docs/exchange.md "DANE and MTA-STS"; RFC 7672; RFC 8461; RFC 8460

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::smtp {

struct SecuritySettings {
  settings::Setting<bool> dane{
      .key = "security.dane",
      .fallback = true,
      .about =
          "Whether TLSA records bind the hosts that DNSSEC vouches for. It needs name servers that "
          "validate and whose AD bit is trusted."};
  settings::Setting<bool> mta_sts{
      .key = "security.mta_sts",
      .fallback = true,
      .about = "Whether the MTA-STS policies of domains are looked up and obeyed."};
  settings::Setting<std::string> mta_sts_ca_file{
      .key = "security.mta_sts_ca_file",
      .about =
          "PEM file with the authorities that the web servers of MTA-STS policies may have their "
          "certificate from; empty is the system's trust store."};
  settings::Setting<int> mta_sts_port{
      .key = "security.mta_sts_port",
      .fallback = 443,
      .min = 1,
      .max = 65535,
      .about = "For development only: the port of the web servers of MTA-STS policies."};
  settings::Setting<std::string> crl_file{
      .key = "security.crl_file",
      .about =
          "PEM file with certificate revocation lists for the certificates of remote hosts. Read "
          "again when it changes."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(dane);
    visit(mta_sts);
    visit(mta_sts_ca_file);
    visit(mta_sts_port);
    visit(crl_file);
  }
};

}  // namespace postern::smtp
