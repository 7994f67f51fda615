// How tickets and workers come back, and how tickets are taken back to be routed again.

#include <algorithm>

#include "common/base/check.h"
#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

// What was taken is not taken any more; what an administrator wants of it meanwhile.
Pending Schedule::GiveBack(Line& line, model::TicketKey key, absl::Time now) {
  const auto found = line.FindTaken(key);
  if (found == line.taken.end()) return Pending::kNothing;
  const Line::Taken given = std::move(*found);
  const auto priority = static_cast<std::size_t>(given.priority);
  if (given.kind == Work::Kind::kAttempt) {
    --line.under_way[priority];
  } else if (given.kind != Work::Kind::kChanged) {
    --lapsed_out_;
  }
  --line.counts[priority];
  line.taken.erase(found);
  if (given.set != nullptr) LeavePlace(line, given, now);
  --messages_;
  probe_.Messages(line.hop.type, -1);
  if (line.probe == key) {
    line.probe.reset();
    line.probe_wanted = false;
  }
  Note(line, now);
  return given.pending;
}

void Schedule::WorkerEnded(const Lane& lane, absl::Time now) {
  if (lane.kind == Lane::Kind::kLapsed) {
    POSTERN_CHECK(lapsed_workers_ > 0);
    --lapsed_workers_;
    return;
  }
  Line* line = Find(lane.hop);
  POSTERN_CHECK(line != nullptr && line->workers > 0);
  --line->workers;
  --workers_;
  probe_.Connections(-1);
  if (line->workers == 0 && line->in_round) ++starved_lines_;
  if (!line->probe) line->probe_wanted = false;
  Note(*line, now);
  if (line->mx_set != nullptr) GiveRoom(*line, now);
}

void Schedule::NoteLeft(Line& line, absl::Time now) {
  line.outgoing.Count(now);
  probe_.Left(line.hop.type);
}

void Schedule::Done(const model::NextHop& hop, model::TicketKey key, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return;
  // What was taken back to be routed again has been counted.
  if (line->FindTaken(key) != line->taken.end()) NoteLeft(*line, now);
  GiveBack(*line, key, now);
}

void Schedule::Retry(const model::NextHop& hop, model::Ticket ticket, absl::Time now) {
  Line& line = FindOrMake(hop, now);
  const Pending pending = GiveBack(line, ticket.key(), now);
  Return(line, std::move(ticket), pending, now);
}

void Schedule::Retry(const model::NextHop& hop,
                     model::TicketKey key,
                     std::vector<model::Ticket> tickets,
                     absl::Time now) {
  Line& line = FindOrMake(hop, now);
  const Pending pending = GiveBack(line, key, now);
  for (model::Ticket& ticket : tickets)
    Return(line, std::move(ticket), pending, now);
}

void Schedule::NoteError(const model::NextHop& hop, std::string_view error) {
  Line* const line = Find(hop);
  if (line != nullptr) line->message_error = model::LastErrorOf(error);
}

void Schedule::Return(Line& line, model::Ticket ticket, Pending pending, absl::Time now) {
  if (ticket.due > now) probe_.MessageRetried();
  if (pending == Pending::kSuspend) ticket.suspended = true;
  Place* const place = Enter(line, std::move(ticket), now);
  if (Removes(pending)) {
    Lapse(place);
    place->removed = true;
    place->with_ndr = pending == Pending::kRemoveWithNdr;
  }
  Note(line, now);
}

std::vector<model::Ticket> Schedule::TakeBack(const model::NextHop& hop,
                                              std::uint64_t mark,
                                              std::size_t tickets_max,
                                              absl::Time now) {
  std::vector<model::Ticket> tickets;
  Line* line = Find(hop);
  if (line == nullptr || line->suspended) return tickets;
  TakeWaiting(*line, mark, tickets_max, now, tickets);
  probe_.Resubmitted(tickets.size());
  Note(*line, now);
  return tickets;
}

std::vector<model::Ticket> Schedule::TakeAway(const model::NextHop& hop,
                                              std::uint64_t mark,
                                              std::size_t tickets_max,
                                              absl::Time now) {
  std::vector<model::Ticket> tickets;
  Line* line = Find(hop);
  if (line == nullptr) return tickets;
  while (!line->parked.empty() && tickets.size() < tickets_max) {
    if (line->parked.front()->mark >= mark) break;  // their order is that of the marks
    NoteLeft(*line, now);
    tickets.push_back(Leave(line->parked.front()));
  }
  TakeWaiting(*line, mark, tickets_max, now, tickets);
  Note(*line, now);
  return tickets;
}

void Schedule::TakeWaiting(Line& line,
                           std::uint64_t mark,
                           std::size_t tickets_max,
                           absl::Time now,
                           std::vector<model::Ticket>& tickets) {
  const bool unreachable = line.hop.type == model::DeliveryType::kUnreachable;
  for (const model::Priority priority : model::kPrioritiesByRank) {
    Place* place = line.ready.of(priority).front();
    while (place != nullptr && tickets.size() < tickets_max) {
      Place* const next = place->after;
      if (place->mark < mark) {
        NoteLeft(line, now);
        tickets.push_back(Leave(place));
      } else if (unreachable) {
        break;  // there the order is that of the marks
      }
      place = next;
    }
  }
  const auto& later = line.later.members();
  for (std::size_t i = later.size(); i > 0 && tickets.size() < tickets_max; --i) {
    if (i > later.size() || later[i - 1]->mark >= mark) continue;
    NoteLeft(line, now);
    tickets.push_back(Leave(later[i - 1]));
  }
}

}  // namespace postern::queue
