// services/mailbox-transport/model/next_hop.h
//
// NextHop: where a recipient goes next - delivery type, domain, connector - and the key of its
// queue.
//
// See       docs/glossary.md; Exchange's NextHopSolutionKey

#pragma once

#include <compare>
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
};

// Exchange's word, as administrators read it.
std::string_view NameOf(DeliveryType type);

struct NextHop {
  DeliveryType type = DeliveryType::kUndefined;
  std::string domain;     // recipient domain, smart-host list, or connector name; lower case
  std::string connector;  // connector name; empty when unreachable

  auto operator<=>(const NextHop&) const = default;

  std::string ToString() const;
};

}  // namespace postern::model

template <>
struct std::hash<postern::model::NextHop> {
  std::size_t operator()(const postern::model::NextHop& hop) const {
    return std::hash<std::string>()(hop.domain) * 31 + std::hash<std::string>()(hop.connector) +
           static_cast<std::size_t>(hop.type);
  }
};
