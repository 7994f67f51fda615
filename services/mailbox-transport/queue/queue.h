// services/mailbox-transport/queue/queue.h
//
// Queue: one shard of the queue: when each ticket is due, and how many workers each next hop has.
//
// Flow      Construct; OnWanted; Add what the store holds; spawn Run once; Stop.
//           The queue calls `wanted(lane)` to ask for one more worker. A worker is
//             while (auto work = queue.TryTake(lane)) {
//               ... attempt and settle (kAttempt), or settle alone (the other kinds) ...
//               HopWorked | HopDeferred | HopFailed | HopHeld, when the attempt told something
//               of the next hop;
//               then Done(work->hop, key), or Retry(work->hop, ticket) for each that waits on,
//               or PutOff(work->hop, ticket) when nothing was tried;
//             }
//             queue.WorkerEnded(lane);
//           A worker that finds nothing ends; it is asked for again when there is something.
// Failure   HopFailed climbs the retry ladder: nothing of the hop is tried until its next retry
//           time, then one worker tries first and HopWorked releases the rest. HopHeld waits for
//           WakeHeld, without climbing.
// Lifetime  Everything on `executor`. `wanted` may start its worker at once: the calls nest safely.
// Limits    Workers: max_per_domain_outbound_connections a hop, and this shard's part of
//           max_outbound_connections, handed out in turns; kLapsedWorkers for the lapsed lane.
//           Memory: model/ticket.h.
// See       docs/architecture.md "queue"; Exchange's retry intervals

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/io/task.h"
#include "services/mailbox-transport/queue/probe.h"
#include "services/mailbox-transport/queue/schedule.h"
#include "services/mailbox-transport/queue/settings.h"
#include "services/mailbox-transport/queue/view.h"

namespace postern::queue {

// Which part of the whole queue this is.
struct ShardPlace {
  std::size_t number = 0;
  std::size_t of = 1;
  MxSets* sets = nullptr;  // null: each next hop goes alone
};

class Queue {
 public:
  Queue(io::Executor& executor,
        base::Clock& clock,
        base::Random& random,
        const QueueSettings& settings,
        Probe& probe,
        ShardPlace shard = ShardPlace());
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Who starts workers. Before the first Add.
  void OnWanted(absl::AnyInvocable<void(Lane)> wanted);

  // Who routes again what waits for a next hop that was in Retry for too long.
  void OnOverdue(absl::AnyInvocable<void(model::NextHop)> overdue);

  // Who closes the sessions that are kept idle for an MX set, because another shard needs their
  // places.
  void OnSpareWanted(absl::AnyInvocable<void(const MxSet&)> spare_wanted);

  // Wakes the queue when something is due; until the scope that runs it stops.
  io::Task<void> Run();
  // Does what is due by the clock now; Run calls it.
  void RunOnce();
  // Hands out nothing any more; tickets that workers hold may still be given back.
  void Stop();

  void Add(const model::NextHop& hop, model::Ticket ticket);

  // The next ticket for a worker of this lane, or nothing: the worker ends.
  std::optional<Work> TryTake(const Lane& lane);
  void WorkerEnded(const Lane& lane);

  // The ticket that was taken has left this hop. Once for each ticket taken, if it is not Retry.
  void Done(const model::NextHop& hop, model::TicketKey key);
  // The ticket that was taken waits again until ticket.due (the past: with its hop).
  void Retry(const model::NextHop& hop, model::Ticket ticket);
  // The same for what became of one ticket: several, due at different times, or none.
  void Retry(const model::NextHop& hop, model::TicketKey key, std::vector<model::Ticket> tickets);

  // Why a message waits there, for the queue's view: the tickets that wait have no message at hand.
  void NoteError(const model::NextHop& hop, std::string_view error);

  // What an attempt told about the next hop itself. Before Done or Retry.
  void HopWorked(const model::NextHop& hop);
  // It answers, and has put off all that it was offered.
  void HopDeferred(const model::NextHop& hop);
  // `hosts_down`: no host of it came as far as a transaction.
  void HopFailed(const model::NextHop& hop, std::string_view error, bool hosts_down = false);
  void HopHeld(const model::NextHop& hop, std::string_view reason);

  // The hosts of what is under way are known, and are of this MX set for `ttl` (empty: of none
  // that is shared). Whether they may be connected to now; if not, PutOff.
  bool Admit(const model::NextHop& hop,
             model::TicketKey key,
             const std::string& mx_set,
             absl::Duration ttl);
  // The MX set in which what is under way has its place; empty: it has none.
  std::string PlaceOf(const model::NextHop& hop, model::TicketKey key) const;
  // Nothing was tried: the ticket waits again, for room in its MX set. Instead of Done or Retry.
  void PutOff(const model::NextHop& hop, model::Ticket ticket);

  // A front end or credit is there: held hops start again, spread over kWakeSpread.
  void WakeHeld();
  // Retry-Queue: the next retry time is now. False when there is no such queue in Retry.
  bool RetryNow(const model::NextHop& hop);

  // Suspend-Queue: nothing of the hop is handed out or taken back any more; what is under way ends,
  // what comes is taken, and what lapses comes out on its lane. The queue stays, empty or not.
  void Suspend(const model::NextHop& hop);
  // False when it is not suspended.
  bool Resume(const model::NextHop& hop);
  bool Suspended(const model::NextHop& hop) const;

  // Suspend-, Resume-, Remove-Message: takes out what the wish is about, and notes it for what is
  // under way: that comes back suspended, or on the lapsed lane to be removed.
  Changing Change(const model::NextHop& hop, base::MessageId id, Wish wish);
  // What was noted for a ticket that is under way.
  Pending PendingOf(const model::NextHop& hop, model::TicketKey key) const;
  // What Change gave waits again, as it says itself. Once for each, if it is not Done.
  void PutBack(const model::NextHop& hop, model::Ticket ticket);

  // Tickets added from now on have a mark of at least this.
  std::uint64_t Mark() const;
  // Takes out up to `tickets_max` tickets of `hop` that were there before `mark`, oldest first, to
  // be routed again and given to Add. Empty: none are left.
  std::vector<model::Ticket> TakeBack(const model::NextHop& hop,
                                      std::uint64_t mark,
                                      std::size_t tickets_max);

  // And with what is suspended, the whole queue or a message for itself.
  std::vector<model::Ticket> TakeAway(const model::NextHop& hop,
                                      std::uint64_t mark,
                                      std::size_t tickets_max);

  std::vector<QueueView> Queues() const;
  // The first of a queue in the order of ids, one for each message.
  std::vector<TicketView> Tickets(const model::NextHop& hop, std::size_t tickets_max) const;
  // The first that were taken and have not come back.
  std::vector<TicketView> UnderWay(const model::NextHop& hop, std::size_t tickets_max) const;
  std::size_t message_count() const;

 private:
  // Hands out workers, and sees that Run sleeps no longer than it may.
  void Pump(absl::Time now);

  io::Executor& executor_;
  base::Clock& clock_;
  Probe& probe_;
  ShardPlace shard_;
  Schedule schedule_;
  absl::AnyInvocable<void(Lane)> wanted_;
  absl::AnyInvocable<void(model::NextHop)> overdue_;
  absl::AnyInvocable<void(const MxSet&)> spare_wanted_;
  io::Event earlier_;
  absl::Time sleeps_until_ = absl::InfinitePast();
  absl::Time counted_ = absl::InfinitePast();
  bool pumping_ = false;
  bool stopped_ = false;
};

}  // namespace postern::queue
