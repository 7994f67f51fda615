// Next hops whose domains have one MX set: they wait for its room, and fall and rise together.
//
// A line waits with the others of its set when it wants a worker and the set has no room. Whoever
// gives room back releases as many as there is room for; a timer looks after those whom nobody
// tells.

#include <algorithm>
#include <utility>

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

void Schedule::Join(Line& line, const std::string& mx_set, absl::Duration ttl, absl::Time now) {
  if (sets_ == nullptr) return;
  const absl::Time until = now + std::clamp(ttl, kMxSetHoldsMin, kMxSetHoldsMax);
  if (line.mx_set != nullptr && line.mx_set->set->name() == mx_set) {
    line.mx_set_until = until;
    return;
  }
  if (line.mx_set != nullptr) LeaveMxSet(line);
  if (mx_set.empty()) return;
  MxSetPtr set = sets_->Find(line.hop.connector, mx_set);
  if (set == nullptr) return;
  std::unique_ptr<MxSetLines>& lines = mx_set_lines_[set.get()];
  if (lines == nullptr) lines = std::make_unique<MxSetLines>();
  lines->set = std::move(set);
  ++lines->size;
  line.mx_set = lines.get();
  line.paces[kOfMxSet] = limits_.PaceOfMxSet(mx_set);
  line.mx_set_until = until;
}

void Schedule::LeaveMxSet(Line& line) {
  MxSetLines& lines = *std::exchange(line.mx_set, nullptr);
  line.paces[kOfMxSet] = nullptr;
  lines.waiting.erase(std::exchange(line.mx_set_turn, 0));
  lines.fallen.erase(&line);
  if (--lines.size > 0) return;
  if (mx_set_wakes_.Holds(&lines)) mx_set_wakes_.Remove(&lines);
  MxSetPtr set = std::move(lines.set);
  set->Await(shard_, false);
  mx_set_lines_.erase(set.get());
  sets_->Forget(std::move(set));
}

void Schedule::AwaitRoom(Line& line, absl::Time now) {
  if (line.mx_set_turn != 0) return;
  line.mx_set_turn = ++mx_set_turns_;
  line.mx_set->waiting.emplace(line.mx_set_turn, &line);
  NoteMxSet(*line.mx_set, now);
}

bool Schedule::Passes(Line& line, absl::Time now) {
  if (line.mx_set == nullptr) return true;
  if (line.mx_set_turn != 0) return false;
  MxSet& set = *line.mx_set->set;
  set.Advance(now);
  if (set.Room(shard_, now) > 0) return true;
  set.Await(shard_, true);
  if (set.Room(shard_, now) > 0) return true;  // another shard gave it back meanwhile
  AwaitRoom(line, now);
  return false;
}

bool Schedule::EnterMxSet(Line& line, MxSetPtr& set, MxSet::Admission& admission, absl::Time now) {
  if (line.mx_set == nullptr) return true;
  if (line.mx_set_until <= now) {  // the attempt will tell anew
    LeaveMxSet(line);
    return true;
  }
  MxSetLines& lines = *line.mx_set;
  // Only then are the others asked about, for which the set is locked.
  if (line.turn >= kTurn && (!lines.waiting.empty() || lines.set->Wanted(shard_))) {
    AwaitRoom(line, now);
    return false;
  }
  admission = lines.set->Enter(shard_, now);
  if (admission == MxSet::Admission::kNo) {
    AwaitRoom(line, now);
    return false;
  }
  set = lines.set;
  return true;
}

void Schedule::LeavePlace(const Line& line, const Line::Taken& taken, absl::Time now) {
  taken.set->Leave(shard_, taken.admission);
  if (line.mx_set != nullptr && line.mx_set->set == taken.set) return;  // WorkerEnded offers it
  RoomIn(taken.set, now);
  if (mx_set_lines_.find(taken.set.get()) == mx_set_lines_.end()) sets_->Forget(taken.set);
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
  const MxSetPtr set = line->mx_set == nullptr ? nullptr : line->mx_set->set;
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
    return false;  // it waits for room in the set, or for its pace, when it is given back
  }
  Spend(pace, now);
  taken->set = set;
  taken->admission = admission;
  return true;
}

std::string Schedule::PlaceOf(const model::NextHop& hop, model::TicketKey key) const {
  Line* line = Find(hop);
  if (line == nullptr) return {};
  const auto taken = line->FindTaken(key);
  return taken == line->taken.end() || taken->set == nullptr ? std::string() : taken->set->name();
}

void Schedule::PutOff(const model::NextHop& hop, model::Ticket ticket, absl::Time now) {
  const Line* line = Find(hop);
  // What waits for long is kept by the store, not by memory.
  const bool full = line != nullptr && line->mx_set != nullptr && !line->mx_set->set->down();
  if (!full) ticket.message = nullptr;
  Retry(hop, std::move(ticket), now);
}

void Schedule::RoomIn(const MxSetPtr& set, absl::Time now) {
  const auto lines = mx_set_lines_.find(set.get());
  const bool used = lines != mx_set_lines_.end() && Release(*lines->second, now);
  if (!used) set->Offer(shard_, now);
}

// What a worker leaves goes to those that wait, in this shard or another, by turns.
void Schedule::GiveRoom(Line& line, absl::Time now) {
  MxSet& set = *line.mx_set->set;
  const bool turn_over = line.turn >= kTurn && set.Wanted(shard_);
  if (!turn_over) Release(*line.mx_set, now);
  set.Offer(shard_, now);
}

bool Schedule::Release(MxSetLines& lines, absl::Time now) {
  // First of all: it may be what the hosts are taken for up by.
  if (!lines.waiting.empty()) lines.set->Advance(now);
  std::size_t room = lines.waiting.empty() ? 0 : lines.set->Room(shard_, now);
  if (!lines.fallen.empty() && !lines.set->down()) {
    for (Line* line : std::exchange(lines.fallen, {})) {
      if (line->state != Line::State::kRetry) continue;
      line->resumes = now;
      Note(*line, now);
    }
  }
  bool used = false;
  while (room > 0 && !lines.waiting.empty()) {
    Line& line = *lines.waiting.begin()->second;
    lines.waiting.erase(lines.waiting.begin());
    line.mx_set_turn = 0;
    Note(line, now);
    if (line.in_round) {
      --room;
      used = true;
    }
    if (line.mx_set_turn != 0) break;  // another shard was quicker
  }
  NoteMxSet(lines, now);
  return used;
}

void Schedule::NoteMxSet(MxSetLines& lines, absl::Time now) {
  const bool awaits = !lines.waiting.empty() || !lines.fallen.empty();
  if (awaits || lines.awaits) lines.set->Await(shard_, awaits);
  lines.awaits = awaits;
  absl::Time wake = absl::InfiniteFuture();
  if (!lines.waiting.empty()) wake = lines.set->NextTime(now);
  // A wake-up that comes sooner does no harm, and spares the heap.
  if (wake != absl::InfiniteFuture() && lines.wake > now && lines.wake <= wake) return;
  if (wake == lines.wake) return;
  lines.wake = wake;
  const bool held = mx_set_wakes_.Holds(&lines);
  if (wake == absl::InfiniteFuture()) {
    if (held) mx_set_wakes_.Remove(&lines);
  } else if (held) {
    mx_set_wakes_.Update(&lines);
  } else {
    mx_set_wakes_.Push(&lines);
  }
}

void Schedule::FallWith(Line& line, std::string_view error, absl::Time now) {
  MxSet& set = *line.mx_set->set;
  set.Failed(error, now, [&](std::uint32_t failures) {
    // Of one that is alone both are the same.
    if (failures == line.ramp.failures()) return line.resumes;
    return now + random_.Around(RungOf(settings_, failures).wait, *settings_.retry_jitter_percent);
  });
  if (line.state == Line::State::kRetry && set.down()) line.mx_set->fallen.insert(&line);
  NoteMxSet(*line.mx_set, now);
}

}  // namespace postern::queue
