#include "services/mailbox-transport/deliver/relay_order.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "common/base/rendezvous.h"

namespace postern::deliver {

RelayOrder InOrder(const model::RelayPlan& plan, const model::Message& message, absl::Time now) {
  const std::set<std::string, std::less<>> passed(message.servers.begin(), message.servers.end());
  const bool may_go_back = now - absl::FromUnixMillis(message.id.unix_ms()) >= kBackAfter;
  const std::string id = message.id.ToString();
  RelayOrder order;
  for (const auto& group : plan.groups) {
    std::vector<std::pair<std::uint64_t, const model::RelayServer*>> ranked;
    bool waits = false;
    for (const model::RelayServer& server : group) {
      if (passed.count(server.name) != 0 && !(server.source && may_go_back)) {
        waits |= server.source;
      } else {
        ranked.emplace_back(base::RendezvousWeight(server.name, id), &server);
      }
    }
    std::sort(ranked.begin(), ranked.end(), std::greater<>());
    for (const auto& [weight, server] : ranked) {
      if (order.servers.size() == kServersMax) return order;
      order.servers.push_back(*server);
    }
    if (waits && ranked.empty()) {
      order.later = order.servers.empty();
      return order;
    }
  }
  return order;
}

}  // namespace postern::deliver
