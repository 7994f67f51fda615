// Next hops whose domains have one MX set: they wait for its room, and fall and rise together.
//
// A line waits in its rollup when it wants a worker and the set has no room. Whoever gives room
// back releases as many as there is room for; a timer looks after those whom nobody tells.

#include <algorithm>
#include <utility>

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

void Schedule::Join(Line& line, const std::string& mx_set, absl::Duration ttl, absl::Time now) {
  if (sets_ == nullptr) return;
  const absl::Time until = now + std::clamp(ttl, kMxSetHoldsMin, kMxSetHoldsMax);
  if (line.rollup != nullptr && line.rollup->set->name() == mx_set) {
    line.rollup_until = until;
    return;
  }
  if (line.rollup != nullptr) LeaveRollup(line);
  if (mx_set.empty()) return;
  MxSetPtr set = sets_->Find(line.hop.connector, mx_set);
  if (set == nullptr) return;
  std::unique_ptr<Rollup>& rollup = rollups_[set.get()];
  if (rollup == nullptr) rollup = std::make_unique<Rollup>();
  rollup->set = std::move(set);
  ++rollup->lines;
  line.rollup = rollup.get();
  line.paces[kOfMxSet] = limits_.PaceOfMxSet(mx_set);
  line.rollup_until = until;
}

void Schedule::LeaveRollup(Line& line) {
  Rollup& rollup = *std::exchange(line.rollup, nullptr);
  line.paces[kOfMxSet] = nullptr;
  rollup.waiting.erase(std::exchange(line.rollup_turn, 0));
  rollup.fallen.erase(&line);
  if (--rollup.lines > 0) return;
  if (rollup_wakes_.Holds(&rollup)) rollup_wakes_.Remove(&rollup);
  MxSetPtr set = std::move(rollup.set);
  set->Await(shard_, false);
  rollups_.erase(set.get());
  sets_->Forget(std::move(set));
}

void Schedule::AwaitRoom(Line& line, absl::Time now) {
  if (line.rollup_turn != 0) return;
  line.rollup_turn = ++rollup_turns_;
  line.rollup->waiting.emplace(line.rollup_turn, &line);
  NoteRollup(*line.rollup, now);
}

bool Schedule::Passes(Line& line, absl::Time now) {
  if (line.rollup == nullptr) return true;
  if (line.rollup_turn != 0) return false;
  MxSet& set = *line.rollup->set;
  if (set.Room(shard_, now) > 0) return true;
  set.Await(shard_, true);
  if (set.Room(shard_, now) > 0) return true;  // another shard gave it back meanwhile
  AwaitRoom(line, now);
  return false;
}

bool Schedule::EnterRollup(Line& line, MxSetPtr& set, MxSet::Admission& admission, absl::Time now) {
  if (line.rollup == nullptr) return true;
  if (line.rollup_until <= now) {  // the attempt will tell anew
    LeaveRollup(line);
    return true;
  }
  Rollup& rollup = *line.rollup;
  // Only then are the others asked about, for which the set is locked.
  if (line.turn >= kTurn && (!rollup.waiting.empty() || rollup.set->Wanted(shard_))) {
    AwaitRoom(line, now);
    return false;
  }
  admission = rollup.set->Enter(shard_, now);
  if (admission == MxSet::Admission::kNo) {
    AwaitRoom(line, now);
    return false;
  }
  set = rollup.set;
  return true;
}

void Schedule::LeavePlace(const Line& line, const Line::Taken& taken, absl::Time now) {
  taken.set->Leave(shard_, taken.admission);
  if (line.rollup != nullptr && line.rollup->set == taken.set) return;  // WorkerEnded offers it
  RoomIn(taken.set, now);
  if (rollups_.find(taken.set.get()) == rollups_.end()) sets_->Forget(taken.set);
}

bool Schedule::Admit(const model::NextHop& hop,
                     model::TicketKey key,
                     const std::string& mx_set,
                     absl::Duration ttl,
                     absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return true;
  Join(*line, mx_set, ttl, now);
  const auto taken = line->FindTaken(key);
  if (taken == line->taken.end()) return true;
  const MxSetPtr set = line->rollup == nullptr ? nullptr : line->rollup->set;
  if (taken->set == set) return true;
  if (taken->set != nullptr) {
    const Line::Taken before = *taken;
    taken->set = nullptr;
    LeavePlace(*line, before, now);
  }
  if (set == nullptr) return true;
  // It was taken when the pace of the set was not known yet.
  const Paces pace = {line->paces[kOfMxSet]};
  MxSet::Admission admission = MxSet::Admission::kNo;
  if (Until(pace) <= now) admission = set->Enter(shard_, now);
  if (admission == MxSet::Admission::kNo) {
    probe_.PutOff();
    Refund({line->paces[kOfDestination], line->paces[kOfConnector]});
    return false;  // it waits in the rollup, or for its pace, when it is given back
  }
  Spend(pace, now);
  taken->set = set;
  taken->admission = admission;
  return true;
}

void Schedule::PutOff(const model::NextHop& hop, model::Ticket ticket, absl::Time now) {
  const Line* line = Find(hop);
  // What waits for long is kept by the store, not by memory.
  const bool full = line != nullptr && line->rollup != nullptr && !line->rollup->set->down();
  if (!full) ticket.message = nullptr;
  Retry(hop, std::move(ticket), now);
}

void Schedule::RoomIn(const MxSetPtr& set, absl::Time now) {
  const auto rollup = rollups_.find(set.get());
  const bool used = rollup != rollups_.end() && Release(*rollup->second, now);
  if (!used) set->Offer(shard_, now);
}

// What a worker leaves goes to those that wait, in this shard or another, by turns.
void Schedule::GiveRoom(Line& line, absl::Time now) {
  MxSet& set = *line.rollup->set;
  const bool turn_over = line.turn >= kTurn && set.Wanted(shard_);
  if (!turn_over) Release(*line.rollup, now);
  set.Offer(shard_, now);
}

bool Schedule::Release(Rollup& rollup, absl::Time now) {
  // First of all: it may be what the hosts are taken for up by.
  std::size_t room = rollup.waiting.empty() ? 0 : rollup.set->Room(shard_, now);
  if (!rollup.fallen.empty() && !rollup.set->down()) {
    for (Line* line : std::exchange(rollup.fallen, {})) {
      if (line->state != Line::State::kRetry) continue;
      line->resumes = now;
      Note(*line, now);
    }
  }
  bool used = false;
  while (room > 0 && !rollup.waiting.empty()) {
    Line& line = *rollup.waiting.begin()->second;
    rollup.waiting.erase(rollup.waiting.begin());
    line.rollup_turn = 0;
    Note(line, now);
    if (line.in_round) {
      --room;
      used = true;
    }
    if (line.rollup_turn != 0) break;  // another shard was quicker
  }
  NoteRollup(rollup, now);
  return used;
}

void Schedule::NoteRollup(Rollup& rollup, absl::Time now) {
  const bool awaits = !rollup.waiting.empty() || !rollup.fallen.empty();
  if (awaits || rollup.awaits) rollup.set->Await(shard_, awaits);
  rollup.awaits = awaits;
  absl::Time wake = absl::InfiniteFuture();
  if (!rollup.waiting.empty()) wake = rollup.set->NextTime(now);
  // A wake-up that comes sooner does no harm, and spares the heap.
  if (wake != absl::InfiniteFuture() && rollup.wake > now && rollup.wake <= wake) return;
  if (wake == rollup.wake) return;
  rollup.wake = wake;
  const bool held = rollup_wakes_.Holds(&rollup);
  if (wake == absl::InfiniteFuture()) {
    if (held) rollup_wakes_.Remove(&rollup);
  } else if (held) {
    rollup_wakes_.Update(&rollup);
  } else {
    rollup_wakes_.Push(&rollup);
  }
}

void Schedule::FallWith(Line& line, std::string_view error, absl::Time now) {
  MxSet& set = *line.rollup->set;
  set.Failed(error, now, [&](std::uint32_t failures) {
    // Of one that is alone both are the same.
    if (failures == line.failures) return line.resumes;
    return now + random_.Around(RungOf(settings_, failures).wait, *settings_.retry_jitter_percent);
  });
  if (line.state == Line::State::kRetry && set.down()) line.rollup->fallen.insert(&line);
  NoteRollup(*line.rollup, now);
}

}  // namespace postern::queue
