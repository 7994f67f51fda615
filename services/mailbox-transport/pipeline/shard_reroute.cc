// Routing again what waits, as a shard does it.

#include <utility>

#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/shard.h"

namespace postern::pipeline {

namespace {

constexpr std::size_t kRerouteSlice = 256;
constexpr absl::Duration kWrittenSoon = absl::Milliseconds(5);

// What routing changes of a recipient.
struct Routed {
  model::NextHop hop;
  absl::Time due;

  explicit Routed(const model::RecipientState& state)
      : hop(state.next_hop), due(state.next_attempt) {}

  bool operator==(const Routed&) const = default;
};

}  // namespace

// After a change of the directory: what was unreachable, and what waits for a hop that is not right
// any more, is routed again, in slices so that delivery goes on. What may stay is left alone: a
// better way for it is no reason to read every message.
io::Task<void> Shard::Reroute() {
  while (std::exchange(reroute_again_, false) && !loops_.stopping()) {
    const RouteTablePtr table = shared_.router.table();
    const model::NextHop unreachable = model::UnreachableHop();
    co_await RerouteQueue(unreachable, Due::kAsBefore);
    for (const queue::QueueView& view : queue_.Queues()) {
      const bool special = view.hop.type == model::DeliveryType::kUnreachable ||
                           view.hop.type == model::DeliveryType::kPoison;
      if (special || Stays(view.hop, *table)) continue;
      co_await RerouteQueue(view.hop, Due::kAsBefore);
    }
    routed_by_ = table;
  }
  rerouting_ = false;
}

// Messages for a hub may be for any connector behind it: they stay only while these are the same.
bool Shard::Stays(const model::NextHop& hop, const route::RouteTable& table) const {
  if (!table.StillRight(hop)) return false;
  if (hop.type != model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite) return true;
  return routed_by_ != nullptr &&
         routed_by_->ConnectorsVia(hop.domain) == table.ConnectorsVia(hop.domain);
}

io::Task<void> Shard::RerouteQueue(model::NextHop hop, Due due) {
  const std::uint64_t mark = queue_.Mark();
  while (!loops_.stopping()) {
    const std::size_t count = co_await RerouteSome(hop, mark, kRerouteSlice, due);
    if (count == 0) co_return;
    co_await io::Sleep(absl::ZeroDuration());
  }
}

io::Task<std::size_t> Shard::ResubmitSome(model::NextHop hop,
                                          std::uint64_t mark,
                                          std::size_t most) {
  co_return co_await RerouteSome(std::move(hop), mark, most, Due::kNow);
}

io::Task<std::size_t> Shard::RerouteSome(model::NextHop hop,
                                         std::uint64_t mark,
                                         std::size_t most,
                                         Due due) {
  std::vector<model::Ticket> tickets = queue_.TakeBack(hop, mark, most);
  const std::size_t count = tickets.size();
  OnTheWay::Some some(shared_.on_the_way, count);
  for (model::Ticket& ticket : tickets) {
    co_await RerouteTicket(hop, std::move(ticket), due);
    some.Arrived();
  }
  co_return count;
}

io::Task<void> Shard::RerouteTicket(model::NextHop hop, model::Ticket ticket, Due due) {
  const auto message = co_await MessageOf(ticket);
  if (!message.ok()) {
    NoteUnreadable(hop, std::move(ticket), message.status());
    co_return;
  }
  while (shared_.TooMuchUnwritten()) {
    const absl::Status slept = co_await io::Sleep(kWrittenSoon);
    if (!slept.ok()) co_return;
  }
  std::string error;
  absl::AnyInvocable<bool()> route = [this, &message, &ticket, &hop, &error, due] {
    if (shared_.tracking != nullptr) {
      shared_.tracking->Rerouted(**message, ticket.recipients, hop);
    }
    error = RouteAgain(*message, ticket.recipients, hop, due);
    if (shared_.tracking != nullptr) shared_.tracking->Routed(**message, ticket.recipients);
    shared_.place_recipients(*message, ticket.recipients);
    return true;
  };
  co_await On(OwnerOf(**message), std::move(route));
  POSTERN_LOG(kInfo, "route", "routed again",
              {{"message_id", ticket.id.ToString()},
               {"next_hop", hop.domain},
               {"connector", hop.connector}});
  if (error.empty()) co_return;
  // Behind the ticket, which an empty queue takes as something new.
  executor_.Post([this, hop, error = std::move(error)] { queue_.NoteError(hop, error); });
}

std::string Shard::RouteAgain(const model::MessagePtr& message,
                              const std::vector<std::uint32_t>& recipients,
                              const model::NextHop& hop,
                              Due due) {
  bool changed = false;
  std::string error;
  for (const std::uint32_t recipient : recipients) {
    model::RecipientState& state = message->recipients[recipient];
    const Routed before(state);
    shared_.router.RouteOne(*message, recipient);
    if (due == Due::kNow) state.next_attempt = absl::InfinitePast();
    changed |= before != Routed(state);
    if (error.empty() && state.next_hop == hop) error = state.last_error;
  }
  if (changed) shared_.WriteRouted(message);
  return error;
}

}  // namespace postern::pipeline
