// Which tickets wait with their message in memory: those that are next in a queue that delivers.
// The store gives back the others when their turn comes, so that a million that wait for a host
// that is down cost what their tickets cost.

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

namespace {

bool Delivers(const Line& line) {
  return line.state != Line::State::kRetry && !line.suspended;
}

}  // namespace

void Schedule::KeepOrLetGo(Place& place) const {
  const Line& line = *place.line;
  const bool next =
      place.in == Place::In::kReady && line.ready.of(place.ticket.priority).size() <= kKeptAhead;
  if (!next || !Delivers(line)) place.ticket.message = nullptr;
}

// A place only moves forward, so that whoever has its message stands among the first.
void Schedule::LetGo(Line& line) {
  for (const model::Priority priority : model::kPrioritiesByRank) {
    Place* place = line.ready.of(priority).front();
    for (std::size_t i = 0; i < kKeptAhead && place != nullptr; ++i, place = place->after)
      place->ticket.message = nullptr;
  }
}

}  // namespace postern::queue
