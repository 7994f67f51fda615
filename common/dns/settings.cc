#include "common/dns/settings.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/question.h"

namespace postern::dns {

namespace {

using Words = std::vector<std::pair<std::string_view, int>>;

// The value beside the word that the setting has, in any case.
absl::StatusOr<int> Choose(const settings::Setting<std::string>& setting, const Words& words) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) {
    if (base::LowerAscii(*setting) == base::LowerAscii(word)) return value;
    names.emplace_back(word);
  }
  return settings::WrongValue(setting, " is not " + base::Join(names, " or "));
}

absl::StatusOr<CachedResolver::Options> OptionsOf(const DnsSettings& settings,
                                                  const ServersSetting& servers,
                                                  const settings::Setting<std::string>& protocol,
                                                  const settings::Setting<std::string>& trust) {
  using enum CaresResolver::Protocol;
  using Families = CaresResolver::Families;
  CachedResolver::Options options;
  options.network.servers = *servers;
  options.network.per_server_timeout = *settings.server_timeout;
  options.network.query_timeout = *settings.query_timeout;
  const Words protocols = {{"Any", static_cast<int>(kAny)},
                           {"UseTcpOnly", static_cast<int>(kTcpOnly)},
                           {"UseUdpOnly", static_cast<int>(kUdpOnly)}};
  POSTERN_ASSIGN_OR_RETURN(const int way, Choose(protocol, protocols));
  options.network.protocol = static_cast<CaresResolver::Protocol>(way);
  const Words families = {{"any", static_cast<int>(Families::kAny)},
                          {"ipv4", static_cast<int>(Families::kIpv4)},
                          {"ipv6", static_cast<int>(Families::kIpv6)}};
  POSTERN_ASSIGN_OR_RETURN(const int asked, Choose(settings.address_families, families));
  options.network.families = static_cast<Families>(asked);
  const Words trusts = {{"auto", static_cast<int>(TrustAd::kAuto)},
                        {"yes", static_cast<int>(TrustAd::kYes)},
                        {"no", static_cast<int>(TrustAd::kNo)}};
  POSTERN_ASSIGN_OR_RETURN(const int trusted, Choose(trust, trusts));
  options.trust_ad = static_cast<TrustAd>(trusted);
  options.trust_ad_remote = *settings.trust_ad_remote;
  options.servers_key = servers.key;
  options.trust_ad_key = trust.key;
  return options;
}

}  // namespace

absl::StatusOr<CachedResolver::Options> InternalResolver(const DnsSettings& settings,
                                                         const ServersSetting& servers) {
  return OptionsOf(settings, servers, settings.protocol, settings.trust_ad);
}

absl::StatusOr<std::optional<CachedResolver::Options>> ExternalResolver(
    const DnsSettings& settings, const ServersSetting& servers, const ServersSetting& external) {
  POSTERN_ASSIGN_OR_RETURN(const CachedResolver::Options internal,
                           InternalResolver(settings, servers));
  POSTERN_ASSIGN_OR_RETURN(CachedResolver::Options options,
                           OptionsOf(settings, external->empty() ? servers : external,
                                     settings.external_protocol, settings.external_trust_ad));
  options.name = "external";
  const bool same = options.network.servers == internal.network.servers &&
                    options.network.protocol == internal.network.protocol &&
                    options.trust_ad == internal.trust_ad;
  if (same) return std::nullopt;
  return std::optional(std::move(options));
}

absl::StatusOr<LookupRules> RulesOf(const DnsSettings& settings) {
  LookupRules rules;
  const Words tolerances = {{"Lenient", 1}, {"Normal", 0}};
  POSTERN_ASSIGN_OR_RETURN(const int lenient, Choose(settings.fault_tolerance, tolerances));
  const Words orders = {{"balanced", 1}, {"ordered", 0}};
  POSTERN_ASSIGN_OR_RETURN(const int balanced, Choose(settings.smart_hosts, orders));
  for (const std::string& text : *settings.refused_networks) {
    auto network = io::Network::Parse(text);
    if (!network.ok()) return base::Annotate(network.status(), settings.refused_networks.key);
    rules.refused.push_back(*network);
  }
  rules.lenient = lenient == 1;
  rules.balanced = balanced == 1;
  return rules;
}

void CheckSettings(const DnsSettings& settings,
                   const ServersSetting& servers,
                   const ServersSetting& external,
                   settings::Errors& errors) {
  for (const ServersSetting* setting : {&servers, &external}) {
    for (const std::string& text : **setting) {
      const auto server = ParseServer(text);
      if (!server.ok()) errors.Note(base::Annotate(server.status(), setting->key));
    }
  }
  // It looks at the internal one first.
  errors.Note(ExternalResolver(settings, servers, external).status());
  errors.Note(RulesOf(settings).status());
}

}  // namespace postern::dns
