// services/mailbox-transport/accept/listener_config.h
//
// ListenerConfig: one SMTP listener as `accept.listeners` describes it, checked.
//
// Flow      ListenersFrom(settings) at start.
// Failure   kInvalidArgument naming the listener, the field, its value and the rule; every listener
//           is right or none opens.
// Limits    kListenersMax listeners, kNetworksMax networks in one list. A network that gives relay
//           rights must be at least kNarrowestV4 or kNarrowestV6 bits long: nothing wider is one
//           owner's.
// See       docs/architecture.md "accept"; RFC 8314 for the ports

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/io/endpoint.h"
#include "common/mail/header_firewall.h"
#include "services/mailbox-transport/accept/proxy_protocol.h"
#include "services/mailbox-transport/accept/settings.h"

namespace postern::accept {

inline constexpr std::size_t kListenersMax = 32;
inline constexpr std::size_t kNetworksMax = 256;
inline constexpr int kNarrowestV4 = 8;  // 10.0.0.0/8
inline constexpr int kNarrowestV6 = 7;  // fc00::/7

enum class TlsMode : std::uint8_t { kNone, kStartTls, kImplicit };
enum class AuthMode : std::uint8_t { kNone, kOptional, kRequired };

struct ListenerConfig {
  std::string name;
  io::Endpoint address;
  TlsMode tls = TlsMode::kNone;
  AuthMode auth = AuthMode::kNone;
  std::vector<io::Network> networks;        // clients that may send without AUTH
  std::vector<io::Network> snat_addresses;  // ... but never these
  ProxyVersions proxy;
  std::vector<io::Network> proxy_peers;
  mail::HeaderRights headers{.routing = true};  // what its clients may bring

  // Whether a client with this real address may send to anyone without AUTH.
  bool MayRelay(const io::IpAddress& client) const;
  // Whether the address is one that cluster machinery writes over the client's.
  bool IsShared(const io::IpAddress& client) const;
};

// What stands in the other settings and decides about a listener.
struct ListenerSurroundings {
  bool certificate = false;
  bool users = false;
  std::vector<io::Network> relay_networks;
  std::vector<io::Network> snat_addresses;
};

// The errors are a line each.
absl::StatusOr<ListenerConfig> ParseListener(std::string_view words,
                                             const ListenerSurroundings& around);

// Those of accept.listeners, or the defaults when it is empty; the errors of all, a line each.
absl::StatusOr<std::vector<ListenerConfig>> ListenersFrom(const AcceptSettings& settings);

}  // namespace postern::accept
