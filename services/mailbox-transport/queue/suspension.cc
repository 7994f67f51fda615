// What administrators do to queues and messages: suspend, resume, remove.
//
//   the ticket is          Suspend              Resume            Remove
//   waiting                taken, to be parked  -                 taken, to be settled
//   parked                 -                    taken             taken, to be settled
//   under way              PendingSuspend       nothing pending   PendingRemove
//
// "Taken" is a Work of kind kChanged: while whoever asked tells the store, nobody else has the
// ticket. What is pending comes true when the ticket comes back.

#include <algorithm>

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

namespace {

bool Concerns(Wish wish, const Place& place) {
  const bool suspended = place.ticket.suspended;
  if (wish == Wish::kSuspend) return !suspended && !place.removed;
  if (wish == Wish::kResume) return place.in == Place::In::kSuspended || suspended;
  return true;
}

void Mark(Line::Taken& taken, Wish wish, Changing& changing) {
  if (taken.kind == Work::Kind::kRemoved || Removes(taken.pending)) return;  // it goes already
  switch (wish) {
    case Wish::kSuspend:
      if (taken.pending == Pending::kSuspend) return;
      taken.pending = Pending::kSuspend;
      break;
    case Wish::kResume:
      if (taken.pending != Pending::kSuspend) return;
      taken.pending = Pending::kNothing;
      ++changing.taken_back;
      return;
    case Wish::kRemove:
      taken.pending = Pending::kRemove;
      break;
    case Wish::kRemoveWithNdr:
      taken.pending = Pending::kRemoveWithNdr;
      break;
  }
  ++changing.pending;
}

}  // namespace

void Schedule::Suspend(const model::NextHop& hop, absl::Time now) {
  Line& line = FindOrMake(hop, now);
  line.suspended = true;
  LetGo(line);
  Note(line, now);
}

bool Schedule::Resume(const model::NextHop& hop, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr || !line->suspended) return false;
  line->suspended = false;
  line->opened = now;
  Note(*line, now);
  return true;
}

bool Schedule::Suspended(const model::NextHop& hop) const {
  const Line* line = Find(hop);
  return line != nullptr && line->suspended;
}

Changing Schedule::Change(const model::NextHop& hop,
                          base::MessageId id,
                          Wish wish,
                          absl::Time now) {
  Changing changing;
  Line* line = Find(hop);
  if (line == nullptr) return changing;
  for (Line::Taken& one : line->taken) {
    if (one.key.id == id) Mark(one, wish, changing);
  }
  std::vector<Place*> concerned;
  for (auto at = line->by_id.lower_bound(id); at != line->by_id.end(); ++at) {
    if ((*at)->ticket.id != id) break;
    if (Concerns(wish, **at)) concerned.push_back(*at);
  }
  for (Place* place : concerned) {
    Work work = Take(place, Work::Kind::kChanged);
    work.with_ndr = wish == Wish::kRemoveWithNdr;
    changing.works.push_back(std::move(work));
  }
  Note(*line, now);
  return changing;
}

Pending Schedule::PendingOf(const model::NextHop& hop, model::TicketKey key) const {
  Line* line = Find(hop);
  if (line == nullptr) return Pending::kNothing;
  const auto found = line->FindTaken(key);
  return found == line->taken.end() ? Pending::kNothing : found->pending;
}

void Schedule::PutBack(const model::NextHop& hop, model::Ticket ticket, absl::Time now) {
  Line& line = FindOrMake(hop, now);
  GiveBack(line, ticket.key(), now);
  Enter(line, std::move(ticket), now);
  Note(line, now);
}

}  // namespace postern::queue
