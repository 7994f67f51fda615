// common/directory/snapshot.h
//
// Snapshot: everything the organization's directory says, at one moment, read-only.
//
// Flow      MakeSnapshot(parts) -> share the pointer; a change is a new Snapshot.
// Lifetime  Immutable and shared: what is looked up lives as long as the SnapshotPtr is held.
// See       common/directory/file_source.h for where it comes from

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/units.h"
#include "common/connector/send_connector.h"

namespace postern::directory {

using connector::SendConnector;

struct Site {
  std::string name;
  std::vector<std::string> front_ends;  // "host:7170" or "dns:///name:7170"
  std::string comment;
  bool hub_site_enabled = false;     // relays through it on a least-cost path stop here
  bool inbound_mail_enabled = true;  // false: no relay goes to its servers

  bool operator==(const Site&) const = default;
};

// The link in which every site is that no other link names.
inline constexpr std::string_view kDefaultSiteLink = "defaultipsitelink";
inline constexpr std::uint32_t kSiteLinkCostDefault = 100;

struct SiteLink {
  std::string name;
  std::vector<std::string> sites;  // each with each of the others
  std::uint32_t cost = kSiteLinkCostDefault;
  std::optional<std::uint32_t> exchange_cost;
  std::uint64_t max_message_size = base::kUnlimited;  // bytes
  std::string comment;

  bool operator==(const SiteLink&) const = default;

  std::uint32_t mail_cost() const { return exchange_cost.value_or(cost); }
};

struct TransportServer {
  std::string name;
  std::string site;
  std::string relay_address;  // "host:7172", or empty
  std::string comment;

  bool operator==(const TransportServer&) const = default;
};

enum class DomainType : std::uint8_t { kAuthoritative, kInternalRelay, kExternalRelay };

// "Authoritative", ...
std::string_view NameOf(DomainType type);

struct AcceptedDomain {
  std::string name;
  std::string domain_name;  // "contoso.com" or "*.contoso.com", lower-case A-labels
  DomainType domain_type = DomainType::kAuthoritative;
  bool is_default = false;
  std::string comment;

  bool operator==(const AcceptedDomain&) const = default;
};

// What holds for the whole organization; these are the values without a TransportConfig.
struct TransportConfig {
  std::string slug = "transport-config";
  std::uint64_t max_receive_size = 35 * 1024 * 1024;  // bytes; base::kUnlimited is no limit
  std::uint32_t max_recipient_envelope_limit = 5000;
  std::string external_postmaster_address;       // empty: Snapshot::PostmasterAddress
  std::string external_dsn_reporting_authority;  // empty is the server's name
  std::uint64_t external_dsn_max_message_attach_size = 10 * 1024 * 1024;
  bool external_delay_dsn_enabled = true;
  bool external_dsn_send_html = true;
  std::string internal_dsn_reporting_authority;  // empty is the server's name
  std::uint64_t internal_dsn_max_message_attach_size = 10 * 1024 * 1024;
  bool internal_delay_dsn_enabled = true;
  bool internal_dsn_send_html = true;
  std::vector<std::string> tls_send_domain_secure_list;  // lower-case A-labels

  bool operator==(const TransportConfig&) const = default;
};

struct SnapshotParts {
  std::vector<SendConnector> connectors;
  std::vector<Site> sites;
  std::vector<SiteLink> links;
  std::vector<TransportServer> servers;
  std::vector<AcceptedDomain> domains;
  TransportConfig config;
  bool stale = false;
};

class Snapshot {
 public:
  // Parts that already obey the rules of the directory (LoadFolder checks them).
  explicit Snapshot(SnapshotParts parts);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Hash of the content: equal directories have equal versions.
  const std::string& version() const { return version_; }

  // True when this is the copy kept on disk because the source could not be read.
  bool stale() const { return parts_.stale; }

  // In the order of their names, without regard to case.
  const std::vector<SendConnector>& connectors() const { return parts_.connectors; }

  const std::vector<Site>& sites() const { return parts_.sites; }

  const std::vector<SiteLink>& links() const { return parts_.links; }

  const std::vector<TransportServer>& servers() const { return parts_.servers; }

  const std::vector<AcceptedDomain>& domains() const { return parts_.domains; }

  const TransportConfig& config() const { return parts_.config; }

  // Names are compared without regard to case; null or empty when there is none.
  const SendConnector* FindConnector(std::string_view name) const;
  const Site* FindSite(std::string_view name) const;
  const TransportServer* FindServer(std::string_view name) const;
  std::string_view SiteOf(std::string_view server) const;
  const std::vector<std::string>& FrontEndsOf(std::string_view site) const;
  const std::vector<const TransportServer*>& ServersOf(std::string_view site) const;
  // The source servers that the directory has; one that is named twice, as itself and by its site,
  // comes twice.
  std::vector<const TransportServer*> SourcesOf(const SendConnector& connector) const;

  // The accepted domain that `domain` (lower-case A-labels) is of; null for a domain of others.
  const AcceptedDomain* AcceptedDomainOf(std::string_view domain) const;
  // Whether Domain Security holds to `domain` (lower-case A-labels).
  bool SendsDomainSecure(std::string_view domain) const;
  // The address from which notices come to others: as configured, or postmaster at the default
  // accepted domain, or empty.
  std::string PostmasterAddress() const;

 private:
  using Index = std::unordered_map<std::string, std::size_t>;

  SnapshotParts parts_;
  std::string version_;
  Index connector_index_;
  Index site_index_;
  Index server_index_;
  std::unordered_map<std::string, std::vector<const TransportServer*>> servers_by_site_;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

inline SnapshotPtr MakeSnapshot(SnapshotParts parts) {
  return std::make_shared<const Snapshot>(std::move(parts));
}

}  // namespace postern::directory
