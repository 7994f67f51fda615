// services/mailbox-transport/model/next_hop.h
//
// NextHop: where a recipient goes next - delivery type, domain, connector - and the key of its
// queue.
//
// See       docs/glossary.md; Exchange's NextHopSolutionKey

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace postern::model {

// Stored as numbers: never renumber.
enum class DeliveryType : std::uint8_t {
  kUndefined = 0,
  kDnsConnectorDelivery = 1,
  kSmartHostConnectorDelivery = 2,
  kSmtpRelayToConnectorSourceServers = 3,
  kUnreachable = 4,
  kSmtpRelayToRemoteActiveDirectorySite = 5,
  kPoison = 6,
};

inline constexpr std::size_t kDeliveryTypes = 7;

// Exchange's word, as administrators read it.
std::string_view NameOf(DeliveryType type);

// To another server of the organization.
constexpr bool IsRelay(DeliveryType type) {
  return type == DeliveryType::kSmtpRelayToConnectorSourceServers ||
         type == DeliveryType::kSmtpRelayToRemoteActiveDirectorySite;
}

struct NextHop {
  DeliveryType type = DeliveryType::kUndefined;
  // Recipient domain or smart-host list, in lower case; relay: the connector's name, or the site of
  // the hub.
  std::string domain;
  std::string connector;  // its name; empty when unreachable and towards a hub site

  auto operator<=>(const NextHop&) const = default;

  std::string ToString() const;
};

// The queues that Exchange calls persistent, under the names that stand in place of a domain.
NextHop UnreachableHop();
NextHop PoisonHop();
// The key of its queue: all that is unreachable has one, and so has all that is poison. `hop`
// itself, or one that stays.
const NextHop& QueueOf(const NextHop& hop);
// As metrics call the connector of a hop: its name; of a relay to a hub, which is for several,
// "site/<name>".
std::string ConnectorLabel(const NextHop& hop);
// Of messages that are not routed yet: of the type that has no next hop.
NextHop SubmissionHop();

inline bool IsSubmission(const NextHop& hop) {
  return hop.type == DeliveryType::kUndefined && !hop.domain.empty();
}

}  // namespace postern::model

template <>
struct std::hash<postern::model::NextHop> {
  std::size_t operator()(const postern::model::NextHop& hop) const {
    return std::hash<std::string>()(hop.domain) * 31 + std::hash<std::string>()(hop.connector) +
           static_cast<std::size_t>(hop.type);
  }
};
