// services/mailbox-transport/queue/schedule.h
//
// Schedule: the queue without its waiting: every decision about when and how many, with the time
// given.
//
// Flow      As Queue. NextWanted until it has nothing, after every other call; then sleep to
//           NextWake.
// Lifetime  Owns the tickets that wait. Not thread-safe.
// Limits    A new or returning next hop begins with queue.first_connections, each delivery gives it
//           one more. A shrinking one: while others of its workers succeed, a failure takes one
//           worker away and a success gives one back; the last one's failure puts it in Retry.
//           One that puts off message after message loses half: see kDeferralsInARow.
// See       queue.h; docs/architecture.md "queue"

#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"

#include "common/base/random.h"
#include "services/mailbox-transport/queue/census.h"
#include "services/mailbox-transport/queue/mx_sets.h"
#include "services/mailbox-transport/queue/places.h"
#include "services/mailbox-transport/queue/probe.h"
#include "services/mailbox-transport/queue/ramp.h"
#include "services/mailbox-transport/queue/rate.h"
#include "services/mailbox-transport/queue/rate_limits.h"
#include "services/mailbox-transport/queue/ready.h"
#include "services/mailbox-transport/queue/settings.h"
#include "services/mailbox-transport/queue/view.h"

namespace postern::queue {

// Workers of the lapsed lane, in each shard.
inline constexpr std::size_t kLapsedWorkers = 4;
// Held hops start again within this time after WakeHeld.
inline constexpr absl::Duration kWakeSpread = absl::Seconds(5);
// A few held hops need less: this much for each.
inline constexpr absl::Duration kWakeSpreadOfOne = absl::Milliseconds(50);
// A held hop that nobody wakes looks for itself after this time.
inline constexpr absl::Duration kHeldMax = absl::Minutes(1);
// So many tickets of a priority wait in a queue with their message in memory: a few seconds' work.
inline constexpr std::size_t kKeptAhead = 8192;
// Tickets that a worker takes before it makes room for a hop that has none.
inline constexpr std::uint32_t kTurn = 20;
// What was learnt of a domain's MX set holds as long as the DNS says, within these bounds.
inline constexpr absl::Duration kMxSetHoldsMin = absl::Minutes(5);
inline constexpr absl::Duration kMxSetHoldsMax = absl::Hours(24);

struct Line;

// What the next hops of this shard have in common that are of one MX set.
struct MxSetLines {
  MxSetPtr set;
  std::size_t size = 0;
  absl::btree_map<std::uint64_t, Line*> waiting;  // for room, first come first out
  absl::btree_set<Line*> fallen;                  // in Retry because the hosts were down
  bool awaits = false;                            // the set knows that this shard waits
  absl::Time wake = absl::InfiniteFuture();
  std::uint32_t wake_position = kNowhere;

  absl::Time wake_time() const { return wake; }
};

// One next hop.
struct Line {
  enum class State : std::uint8_t {
    kOpen,
    kProbing,  // one ticket first, for kRampPatience alone
    kRetry,    // nothing until `resumes`
    kHeld,     // nothing until WakeHeld, at the latest `resumes`
  };

  struct Taken {
    model::TicketKey key;
    Work::Kind kind = Work::Kind::kAttempt;
    model::Priority priority = model::Priority::kNormal;
    Pending pending = Pending::kNothing;
    MxSetPtr set = nullptr;  // in which it has a place
    MxSet::Admission admission = MxSet::Admission::kNo;
  };

  model::NextHop hop;
  std::uint64_t id = 0;
  State state = State::kOpen;
  bool suspended = false;  // by an administrator: nothing is handed out
  Ready ready;
  Heap<Place, &Place::due, &Place::later_position> later;
  Fifo parked;  // suspended, each for itself
  absl::btree_set<Place*, ById> by_id;
  std::vector<Taken> taken;
  ByPriority under_way{};     // of `taken`, the attempts
  ByPriority counts{};        // all
  ByPriority deferred{};      // of `later`
  ByPriority suspended_by{};  // of `parked`
  std::size_t workers = 0;
  Ramp ramp;                                 // of its workers
  absl::Time opened = absl::InfinitePast();  // since when its messages may go
  Paces paces{};
  std::uint64_t paced = 0;  // when its paces let it go the last time, among all lines
  Rate incoming;
  Rate outgoing;
  std::uint32_t turn = 0;
  bool in_round = false;
  bool in_held = false;
  bool probe_wanted = false;
  std::optional<model::TicketKey> probe;
  std::string last_error;
  std::string message_error;  // the newest that a message came or came back with
  absl::Time last_retry = absl::InfinitePast();
  absl::Time resumes = absl::InfiniteFuture();
  absl::Time idle_since = absl::InfinitePast();  // nothing was delivered, nor routed again
  absl::Time empty_since = absl::InfinitePast();
  absl::Time wake = absl::InfiniteFuture();
  std::uint32_t wake_position = kNowhere;
  MxSetLines* mx_set = nullptr;  // null: its exchangers are not known, or nobody's
  absl::Time mx_set_until = absl::InfinitePast();
  std::uint64_t mx_set_turn = 0;  // in MxSetLines::waiting; 0: it does not wait there

  bool up() const { return state == State::kOpen; }

  // Its messages do, until `resumes`.
  bool waits() const { return state == State::kRetry || state == State::kHeld; }

  // The oldest of its messages; 0 when there is none.
  base::MessageId first() const {
    std::uint64_t least = by_id.empty() ? UINT64_MAX : (*by_id.begin())->ticket.id.value;
    for (const Taken& one : taken)
      least = std::min(least, one.key.id.value);
    return {least == UINT64_MAX ? 0 : least};
  }

  std::size_t size() const { return by_id.size() + taken.size(); }

  std::vector<Taken>::iterator FindTaken(model::TicketKey which) {
    return std::find_if(taken.begin(), taken.end(),
                        [which](const Taken& one) { return one.key == which; });
  }

  void PutLater(Place* place) {
    later.Push(place);
    ++deferred[static_cast<std::size_t>(place->ticket.priority)];
  }

  void TakeLater(Place* place) {
    later.Remove(place);
    --deferred[static_cast<std::size_t>(place->ticket.priority)];
  }

  void Park(Place* place) {
    parked.PushBack(place);
    ++suspended_by[static_cast<std::size_t>(place->ticket.priority)];
  }

  void TakeParked(Place* place) {
    parked.Remove(place);
    --suspended_by[static_cast<std::size_t>(place->ticket.priority)];
  }

  // Not to be tried now; `waiting`: nothing of it is.
  ByPriority DeferredByPriority(bool waiting) const {
    ByPriority all = deferred;
    for (std::size_t i = 0; waiting && i < all.size(); ++i)
      all[i] += ready.of(static_cast<model::Priority>(i)).size();
    return all;
  }

  std::size_t attempts() const { return under_way[0] + under_way[1] + under_way[2]; }

  absl::Time wake_time() const { return wake; }
};

QueueStatus StatusOf(const Line& line);

// The wait after so many failures in a row, and its stage: 0 glitch, 1 transient, 2 outbound.
struct Rung {
  absl::Duration wait;
  std::uint32_t stage = 0;
};

Rung RungOf(const QueueSettings& settings, std::uint32_t failures);

class Schedule {
 public:
  Schedule(const QueueSettings& settings,
           base::Random& random,
           Probe& probe,
           std::size_t workers_max,
           std::size_t shards = 1,
           MxSets* sets = nullptr,
           std::size_t shard = 0);
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  void Add(const model::NextHop& hop, model::Ticket ticket, absl::Time now);

  // Who gets one more worker now; it counts as started.
  std::optional<Lane> NextWanted(absl::Time now);
  std::optional<Work> TryTake(const Lane& lane, absl::Time now);
  void WorkerEnded(const Lane& lane, absl::Time now);

  void Done(const model::NextHop& hop, model::TicketKey key, absl::Time now);
  void Retry(const model::NextHop& hop, model::Ticket ticket, absl::Time now);
  void Retry(const model::NextHop& hop,
             model::TicketKey key,
             std::vector<model::Ticket> tickets,
             absl::Time now);

  void HopWorked(const model::NextHop& hop, absl::Time now);
  void HopDeferred(const model::NextHop& hop, absl::Time now);
  void NoteError(const model::NextHop& hop, std::string_view error);
  // `hosts_down`: no host of it came as far as a transaction, so that it concerns its MX set.
  void HopFailed(const model::NextHop& hop,
                 std::string_view error,
                 absl::Time now,
                 bool hosts_down = false);
  void HopHeld(const model::NextHop& hop, std::string_view reason, absl::Time now);
  void WakeHeld(absl::Time now);
  bool RetryNow(const model::NextHop& hop, absl::Time now);

  bool Admit(const model::NextHop& hop,
             model::TicketKey key,
             const std::string& mx_set,
             absl::Duration ttl,
             absl::Time now);
  std::string PlaceOf(const model::NextHop& hop, model::TicketKey key) const;
  void PutOff(const model::NextHop& hop, model::Ticket ticket, absl::Time now);
  void RoomIn(const MxSetPtr& set, absl::Time now);

  void Suspend(const model::NextHop& hop, absl::Time now);
  bool Resume(const model::NextHop& hop, absl::Time now);
  bool Suspended(const model::NextHop& hop) const;
  Changing Change(const model::NextHop& hop, base::MessageId id, Wish wish, absl::Time now);
  Pending PendingOf(const model::NextHop& hop, model::TicketKey key) const;
  void PutBack(const model::NextHop& hop, model::Ticket ticket, absl::Time now);

  std::uint64_t mark() const { return next_mark_; }

  std::vector<model::Ticket> TakeBack(const model::NextHop& hop,
                                      std::uint64_t mark,
                                      std::size_t tickets_max,
                                      absl::Time now);
  // The same with what is suspended: the mail leaves this server.
  std::vector<model::Ticket> TakeAway(const model::NextHop& hop,
                                      std::uint64_t mark,
                                      std::size_t tickets_max,
                                      absl::Time now);

  // Next hops that were in Retry too long: what waits there is to be routed again.
  std::vector<model::NextHop> TakeOverdue() { return std::exchange(overdue_, {}); }

  // When something is due next without a call from outside.
  absl::Time NextWake() const;

  std::size_t message_count() const { return messages_; }

  std::size_t worker_count() const { return workers_; }

  Census Count(absl::Time now) const;
  std::vector<QueueView> Queues(absl::Time now) const;
  std::vector<TicketView> Tickets(const model::NextHop& hop, std::size_t tickets_max) const;
  std::vector<TicketView> UnderWay(const model::NextHop& hop, std::size_t tickets_max) const;

 private:
  Line* Find(const model::NextHop& hop) const;
  Line& FindOrMake(const model::NextHop& hop, absl::Time now);
  void Remove(Line& line);

  void TakeWaiting(Line& line,
                   std::uint64_t mark,
                   std::size_t tickets_max,
                   absl::Time now,
                   std::vector<model::Ticket>& tickets);

  void Advance(absl::Time now);
  void Wake(Line& line, absl::Time now);
  // After anything changed in `line`: its place in the round, its next wake.
  void Note(Line& line, absl::Time now);

  Place* Enter(Line& line, model::Ticket ticket, absl::Time now);
  void KeepOrLetGo(Place& place) const;
  void LetGo(Line& line);
  model::Ticket Leave(Place* place);
  void Unlink(Place* place);
  void Lapse(Place* place);
  Pending GiveBack(Line& line, model::TicketKey key, absl::Time now);
  void Return(Line& line, model::Ticket ticket, Pending pending, absl::Time now);
  Work Take(Place* place, Work::Kind kind);
  std::optional<Work> TakeLapsed(absl::Time now);
  void SpendPace(Line& line, absl::Time now);
  void NoteLeft(Line& line, absl::Time now);

  // How many more may be under way, by priority.
  ByPriority RoomOf(const Line& line) const;
  bool Wants(const Line& line, absl::Time now) const;
  bool MayTake(const Line& line, absl::Time now) const;
  // Whether it could do with more connections than the ramp, or the one that tries first, gives it
  // yet; and what it gets once that has lasted for kRampPatience.
  bool Grows(const Line& line) const;
  void Grow(Line& line, absl::Time now);
  void Open(Line& line, absl::Time now);
  absl::Time WakeOf(const Line& line, absl::Time now) const;
  bool MakesRoom(const Line& line) const;
  void Climb(Line& line, std::string_view error, absl::Time now);

  void Join(Line& line, const std::string& mx_set, absl::Duration ttl, absl::Time now);
  void LeaveMxSet(Line& line);
  // True when its MX set has room; else it waits there.
  bool Passes(Line& line, absl::Time now);
  void AwaitRoom(Line& line, absl::Time now);
  // A place in the MX set of the line, for one attempt; no set, no place. False: it waits there.
  bool EnterMxSet(Line& line, MxSetPtr& set, MxSet::Admission& admission, absl::Time now);
  void LeavePlace(const Line& line, const Line::Taken& taken, absl::Time now);
  // As many of those that wait as there is room for go on; false when none does.
  bool Release(MxSetLines& lines, absl::Time now);
  void GiveRoom(Line& line, absl::Time now);
  void NoteMxSet(MxSetLines& lines, absl::Time now);
  void FallWith(Line& line, std::string_view error, absl::Time now);

  static bool WaitsForHosts(const Line& line) {
    return line.mx_set_turn != 0 && line.mx_set->set->down();
  }

  const QueueSettings& settings_;
  base::Random& random_;
  Probe& probe_;
  const std::size_t workers_max_;
  MxSets* const sets_;
  const std::size_t shard_;

  std::unordered_map<const MxSet*, std::unique_ptr<MxSetLines>> mx_set_lines_;
  Heap<MxSetLines, &MxSetLines::wake_time, &MxSetLines::wake_position> mx_set_wakes_;
  std::uint64_t mx_set_turns_ = 0;
  std::unordered_map<model::NextHop, std::unique_ptr<Line>> lines_;
  // Of those that wait for one pace the one goes on that has waited longest.
  Heap<Line, &Line::wake_time, &Line::wake_position, &Line::paced> wakes_;
  std::uint64_t paced_ = 0;
  Heap<Place, &Place::expires, &Place::expiry_position> expiries_;
  Heap<Place, &Place::notify, &Place::notify_position> notifies_;
  Fifo lapsed_;
  std::deque<Line*> round_;
  std::vector<Line*> held_;
  std::vector<model::NextHop> overdue_;
  RateLimits limits_;
  std::size_t workers_ = 0;
  std::size_t starved_lines_ = 0;  // in the round without a worker
  std::size_t lapsed_workers_ = 0;
  std::size_t lapsed_out_ = 0;
  std::size_t messages_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_mark_ = 1;
};

}  // namespace postern::queue
