// services/mailbox-transport/queue/mx_sets.h
//
// MxSets: what the next hops have in common whose domains have one MX set: how many deliveries may
// be under way to it, and since when its hosts are down. One for all shards.
//
// Flow      Find a set when the mail exchangers of a domain are known; Enter before each attempt
//           and Leave after it; Worked and Failed with what it told of the hosts; Forget when no
//           queue is of it any more.
// Failure   Find gives null when kMxSetsMax sets are known: those hops go alone.
// Lifetime  Thread-safe. A set lives as long as somebody has it.
// Limits    queue.max_per_mx_set_outbound_connections a set and connector, over all shards, with
//           the sessions that they keep idle. It has the ramp and the ladder of a queue: see
//           ramp.h and ladder.cc.
// See       docs/queues.md "Domains that share their mail exchangers"

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/queue/probe.h"
#include "services/mailbox-transport/queue/ramp.h"
#include "services/mailbox-transport/queue/settings.h"

namespace postern::queue {

inline constexpr std::size_t kMxSetsMax = 100'000;

class MxSets;

class MxSet {
 public:
  // What became of the wish to begin a delivery.
  enum class Admission : std::uint8_t {
    kNo,
    kYes,    // until Leave
    kProbe,  // the same, and for kRampPatience the only one: the hosts were down
  };

  struct View {
    bool down = false;
    absl::Time resumes = absl::InfinitePast();  // while it is down
    std::uint32_t failures = 0;                 // in a row
    std::string error;
    absl::Time last_retry = absl::InfinitePast();
    absl::Time first_retry = absl::InfiniteFuture();  // since when it is down
    std::size_t under_way = 0;
    std::size_t allowed = 0;
  };

  MxSet(MxSets& sets, std::string connector, std::string name);
  ~MxSet();
  MxSet(const MxSet&) = delete;
  MxSet& operator=(const MxSet&) = delete;

  const std::string& connector() const { return connector_; }

  const std::string& name() const { return name_; }

  Admission Enter(std::size_t shard, absl::Time now);
  void Leave(std::size_t shard, Admission admission);
  // What time alone changes: a first try that is slow gets company, one that is full gets more.
  void Advance(absl::Time now);
  // How many may begin now. Advance first.
  std::size_t Room(std::size_t shard, absl::Time now) const;
  // Whether `shard` is to be told of room. Ask for Room once more afterwards.
  void Await(std::size_t shard, bool waits);
  // Tells the other shards that wait of the room that there is, or asks for what is spare.
  void Offer(std::size_t shard, absl::Time now);
  // The shard has closed the sessions that it kept for the next message.
  void GaveUp(std::size_t shard);
  // Whether some shard but this one waits.
  bool Wanted(std::size_t shard) const;

  void Worked(std::size_t shard, absl::Time now);
  // The hosts are there, and have put off all that they were offered.
  void Deferred(std::size_t shard, absl::Time now);
  // Something came to nothing for which the hosts need not be to blame.
  void NotTaken();
  // Nobody answers. `resumes` says when the next try is, after so many failures in a row.
  void Failed(std::string_view error,
              absl::Time now,
              absl::FunctionRef<absl::Time(std::uint32_t failures)> resumes);
  // An administrator wants it tried now; false when it is not down.
  bool RetryNow(absl::Time now);

  bool down() const;
  View view() const;
  // When there may be room without a word from anybody.
  absl::Time NextTime(absl::Time now) const;

 private:
  enum class State : std::uint8_t { kOpen, kDown, kProbing };

  // What a shard has. Its sessions outlive their deliveries, so a place that it had once is its own
  // until it gives it up.
  struct Part {
    std::size_t under_way = 0;
    std::size_t held = 0;  // the places: under way, and for sessions that may be kept
    bool waits = false;
    bool asked = false;  // to give up what it does not use
  };

  // By the ramp and the back-off, for all shards together.
  std::size_t RoomNow(absl::Time now) const;
  std::size_t RoomOf(std::size_t shard, absl::Time now) const;
  void AdvanceTo(absl::Time now);
  // Those that are to give up what they do not use.
  std::vector<std::size_t> TakeSpare(std::size_t but);
  void FallDown(std::string_view error, absl::Time now, absl::Time resumes);

  bool up() const { return state_ == State::kOpen; }

  void Open();
  void Rise();
  // Those that waited, to be told; `but` asks for itself.
  std::vector<std::size_t> TakeWaiting(std::size_t but);
  void Tell(const std::vector<std::size_t>& shards);
  void Ask(const std::vector<std::size_t>& shards);

  MxSets& sets_;
  const std::string connector_;
  const std::string name_;
  mutable std::mutex mutex_;
  State state_ = State::kOpen;
  std::size_t under_way_ = 0;
  Ramp ramp_;
  bool probing_ = false;
  std::string error_;
  absl::Time resumes_ = absl::InfinitePast();
  absl::Time last_retry_ = absl::InfinitePast();
  std::size_t held_ = 0;     // by all shards
  std::vector<Part> parts_;  // by shard
};

using MxSetPtr = std::shared_ptr<MxSet>;

class MxSets {
 public:
  MxSets(const QueueSettings& settings, Probe& probe, std::size_t shards);
  MxSets(const MxSets&) = delete;
  MxSets& operator=(const MxSets&) = delete;

  // Who is told, on whatever thread, that a set in which the shard waits has room. Before the first
  // Find.
  void OnRoom(std::size_t shard, std::function<void(MxSetPtr)> told);

  // Who closes what the shard has of idle sessions to the set and then says GaveUp.
  void OnSpareWanted(std::size_t shard, std::function<void(MxSetPtr)> asked);

  // The set of this name by this connector, made when it is new.
  MxSetPtr Find(const std::string& connector, const std::string& name);
  // Of one that nobody has any more nothing is kept.
  void Forget(MxSetPtr set);

  std::size_t size() const;

 private:
  friend class MxSet;

  // As Find, null when it is not known.
  MxSetPtr Known(const std::string& connector, const std::string& name) const;
  static std::string KeyOf(const std::string& connector, const std::string& name);

  const std::size_t limit_;
  const std::size_t first_;
  const std::size_t shards_;
  Probe& probe_;
  std::vector<std::function<void(MxSetPtr)>> told_;
  std::vector<std::function<void(MxSetPtr)>> asked_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, MxSetPtr> sets_;
};

}  // namespace postern::queue
