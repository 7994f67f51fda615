// common/dns/settings.h
//
// DnsSettings: how a service asks its name servers, and what it makes of their answers.
//
// Flow      A service has one; InternalResolver and ExternalResolver give what CachedResolver::Make
//           takes, RulesOf what the engine takes.
// Failure   kInvalidArgument naming the setting, its value and the words that it may have.
// See       Exchange's InternalDNSProtocolOption, ExternalDNSProtocolOption and DnsFaultTolerance;
//           docs/exchange.md "DNS"

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/dns/cached_resolver.h"
#include "common/dns/hosts.h"
#include "common/settings/errors.h"
#include "common/settings/setting.h"

namespace postern::dns {

struct DnsSettings {
  settings::Setting<std::string> fault_tolerance{
      .key = "dns.fault_tolerance",
      .fallback = "Lenient",
      .about =
          "Lenient: a mail exchanger that leads nowhere is passed over. Normal: it takes all of "
          "equal or worse preference with it (DnsFaultTolerance)."};
  settings::Setting<std::string> smart_hosts{
      .key = "dns.smart_hosts",
      .fallback = "balanced",
      .about =
          "balanced: the smart hosts of a connector share the load. ordered: the first of the list "
          "is asked first, the others when it fails."};
  settings::Setting<std::string> address_families{
      .key = "dns.address_families",
      .fallback = "any",
      .about =
          "The addresses of a host that are asked for and connected to: any, ipv4 or ipv6. An "
          "address that is written down, like a smart host [192.0.2.1], is used as it is."};
  settings::Setting<std::vector<std::string>> refused_networks{
      .key = "dns.refused_networks",
      .fallback = {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::", "::1",
                   "fe80::/10", "ff00::/8"},
      .about =
          "Networks to which neither an MX record nor an address literal may send mail, or whoever "
          "has a domain could reach what listens there; smart hosts may be anywhere."};
  settings::Setting<std::string> protocol{
      .key = "dns.protocol",
      .fallback = "Any",
      .about =
          "How the name servers are asked (InternalDNSProtocolOption): Any is UDP, and TCP for "
          "answers that are too long for it; UseTcpOnly; UseUdpOnly."};
  settings::Setting<std::string> external_protocol{
      .key = "dns.external_protocol",
      .fallback = "Any",
      .about =
          "The same for connectors with useExternalDnsServersEnabled (ExternalDNSProtocolOption)."};
  settings::Setting<absl::Duration> server_timeout{
      .key = "dns.server_timeout",
      .fallback = absl::Seconds(5),
      .min = absl::Milliseconds(50),
      .max = absl::Minutes(1),
      .about =
          "How long one name server may take before the next is asked; longer in each further "
          "round over all of them."};
  settings::Setting<absl::Duration> query_timeout{
      .key = "dns.query_timeout",
      .fallback = absl::Minutes(1),
      .min = absl::Milliseconds(100),
      .max = absl::Minutes(10),
      .about = "How long one question may take, over all name servers."};
  settings::Setting<std::string> trust_ad{
      .key = "dns.trust_ad",
      .fallback = "auto",
      .about =
          "Whether the name servers are believed when they say that DNSSEC vouches for an answer "
          "(the AD bit), which DANE needs. auto: when each of them is on this machine. yes: they "
          "must be, or dns.trust_ad_remote must be set. no: never."};
  settings::Setting<std::string> external_trust_ad{
      .key = "dns.external_trust_ad",
      .fallback = "auto",
      .about = "The same for connectors with useExternalDnsServersEnabled."};
  settings::Setting<bool> trust_ad_remote{
      .key = "dns.trust_ad_remote",
      .fallback = false,
      .about =
          "Allows yes for name servers on other machines: then the network between must be "
          "protected, as whoever can change an answer can forge the AD bit."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(fault_tolerance);
    visit(smart_hosts);
    visit(address_families);
    visit(refused_networks);
    visit(protocol);
    visit(external_protocol);
    visit(server_timeout);
    visit(query_timeout);
    visit(trust_ad);
    visit(external_trust_ad);
    visit(trust_ad_remote);
  }
};

using ServersSetting = settings::Setting<std::vector<std::string>>;

// For connectors without useExternalDnsServersEnabled.
absl::StatusOr<CachedResolver::Options> InternalResolver(const DnsSettings& settings,
                                                         const ServersSetting& servers);

// For the others; nothing when it would be the same one. Without external servers it asks
// the internal ones, in its own way.
absl::StatusOr<std::optional<CachedResolver::Options>> ExternalResolver(
    const DnsSettings& settings, const ServersSetting& servers, const ServersSetting& external);

absl::StatusOr<LookupRules> RulesOf(const DnsSettings& settings);

// All that is wrong with them, as far as the settings alone tell.
void CheckSettings(const DnsSettings& settings,
                   const ServersSetting& servers,
                   const ServersSetting& external,
                   settings::Errors& errors);

}  // namespace postern::dns
