// services/mailbox-transport/deliver/relay_order.h
//
// RelayOrder: which servers of a plan may have a message, and in which order they are tried. Pure.
//
// Limits    kServersMax servers.
// See       services/mailbox-transport/model/relay_plan.h; docs/decisions/0008-relay.md

#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"

#include "services/mailbox-transport/model/message.h"
#include "services/mailbox-transport/model/relay_plan.h"

namespace postern::deliver {

// More are not worth the wait: the next attempt begins with the first again.
inline constexpr std::size_t kServersMax = 16;

// A source server that sent a message on to us gets it back when the message has been here for so
// long. That it does not want it says that the directory changes, and all servers have the new one
// within seconds; without the wait two that differ would use up the relays of a message meanwhile.
inline constexpr absl::Duration kBackAfter = absl::Minutes(1);

struct RelayOrder {
  std::vector<model::RelayServer> servers;
  bool later = false;  // there are none now, and one when kBackAfter is over
};

// The servers of the plan that may have this message, in the order in which they are tried: group
// after group, in each by rendezvous hash of its id, so that servers share the load and a message
// goes to the same one again. One that it has passed only gets it back as a source server, and not
// at once; while a group waits for that, none behind it is tried.
RelayOrder InOrder(const model::RelayPlan& plan, const model::Message& message, absl::Time now);

}  // namespace postern::deliver
