#include "services/mailbox-transport/model/next_hop.h"

#include "common/base/text.h"

namespace postern::model {

std::string_view NameOf(DeliveryType type) {
  switch (type) {
    case DeliveryType::kUndefined:
      return "Undefined";
    case DeliveryType::kDnsConnectorDelivery:
      return "DnsConnectorDelivery";
    case DeliveryType::kSmartHostConnectorDelivery:
      return "SmartHostConnectorDelivery";
    case DeliveryType::kSmtpRelayToConnectorSourceServers:
      return "SmtpRelayToConnectorSourceServers";
    case DeliveryType::kUnreachable:
      return "Unreachable";
    case DeliveryType::kSmtpRelayToRemoteActiveDirectorySite:
      return "SmtpRelayToRemoteActiveDirectorySite";
    case DeliveryType::kPoison:
      return "Poison";
  }
  return "Undefined";
}

NextHop UnreachableHop() {
  return {DeliveryType::kUnreachable, "", ""};
}

NextHop PoisonHop() {
  return {DeliveryType::kPoison, "Poison Message", ""};
}

const NextHop& QueueOf(const NextHop& hop) {
  static const NextHop kUnreachable = UnreachableHop();
  static const NextHop kPoison = PoisonHop();
  if (hop.type == DeliveryType::kUnreachable) return kUnreachable;
  return hop.type == DeliveryType::kPoison ? kPoison : hop;
}

std::string ConnectorLabel(const NextHop& hop) {
  const bool hub = hop.type == DeliveryType::kSmtpRelayToRemoteActiveDirectorySite;
  return hub ? base::Cat("site/", hop.domain) : hop.connector;
}

NextHop SubmissionHop() {
  return {DeliveryType::kUndefined, "Submission", ""};
}

std::string NextHop::ToString() const {
  return base::Cat(NameOf(type), " ", domain, " by ", connector.empty() ? "-" : connector);
}

}  // namespace postern::model
