#include "services/mailbox-transport/queue/schedule.h"

#include <algorithm>

#include "common/base/check.h"

namespace postern::queue {

namespace {

bool Unreachable(const Line& line) {
  return line.hop.type == model::DeliveryType::kUnreachable;
}

bool Poison(const Line& line) {
  return line.hop.type == model::DeliveryType::kPoison;
}

}  // namespace

Schedule::Schedule(const QueueSettings& settings,
                   base::Random& random,
                   Probe& probe,
                   std::size_t workers_max,
                   std::size_t shards,
                   MxSets* sets,
                   std::size_t shard)
    : settings_(settings),
      random_(random),
      probe_(probe),
      workers_max_(workers_max),
      sets_(sets),
      shard_(shard) {
  POSTERN_CHECK(workers_max > 0);
  auto limits = RateLimits::Parse(*settings.rate_limits, shards);
  POSTERN_CHECK(limits.ok());  // CheckSettings has looked at them
  limits_ = *std::move(limits);
}

Schedule::~Schedule() {
  for (const auto& [hop, line] : lines_) {
    while (!line->by_id.empty())
      Leave(*line->by_id.begin());
  }
}

Line* Schedule::Find(const model::NextHop& hop) const {
  const auto found = lines_.find(model::QueueOf(hop));
  return found == lines_.end() ? nullptr : found->second.get();
}

Line& Schedule::FindOrMake(const model::NextHop& hop, absl::Time now) {
  if (Line* line = Find(hop)) return *line;
  auto line = std::make_unique<Line>();
  line->hop = model::QueueOf(hop);
  line->id = next_id_++;
  line->ramp = Ramp(static_cast<std::size_t>(*settings_.first_connections),
                    static_cast<std::size_t>(*settings_.max_per_domain_outbound_connections));
  line->paces = limits_.PacesOf(line->hop);
  line->paced = ++paced_;  // behind those that wait already
  line->empty_since = now;
  line->idle_since = now;
  Line& made = *line;
  lines_.emplace(made.hop, std::move(line));
  probe_.Queues(1);
  return made;
}

void Schedule::Remove(Line& line) {
  if (line.in_round) {
    std::erase(round_, &line);
    --starved_lines_;
  }
  if (line.in_held) std::erase(held_, &line);
  if (line.mx_set != nullptr) LeaveMxSet(line);
  if (wakes_.Holds(&line)) wakes_.Remove(&line);
  probe_.Queues(-1);
  const model::NextHop key = line.hop;
  lines_.erase(key);
}

void Schedule::Add(const model::NextHop& hop, model::Ticket ticket, absl::Time now) {
  Line& line = FindOrMake(hop, now);
  if (line.size() == 0) line.message_error.clear();
  line.incoming.Count(now);
  probe_.Came(line.hop.type);
  Enter(line, std::move(ticket), now);
  Note(line, now);
}

Place* Schedule::Enter(Line& line, model::Ticket ticket, absl::Time now) {
  auto* place = new Place;  // owned by its line until Leave
  place->ticket = std::move(ticket);
  place->line = &line;
  place->mark = next_mark_++;
  line.by_id.insert(place);
  ++line.counts[static_cast<std::size_t>(place->ticket.priority)];
  if (place->ticket.suspended || Poison(line)) {
    place->in = Place::In::kSuspended;
    line.Park(place);
  } else if (place->due() <= now || Unreachable(line)) {
    line.ready.PushBack(place);
  } else {
    place->in = Place::In::kLater;
    line.PutLater(place);
  }
  KeepOrLetGo(*place);
  // What may have brought the process down waits for an administrator, however long he takes.
  const bool lapses = !Poison(line);
  if (lapses && place->expires() != absl::InfiniteFuture()) expiries_.Push(place);
  if (lapses && place->notify() != absl::InfiniteFuture()) notifies_.Push(place);
  ++messages_;
  probe_.Messages(line.hop.type, 1);
  return place;
}

void Schedule::Unlink(Place* place) {
  switch (place->in) {
    case Place::In::kReady:
      place->line->ready.Remove(place);
      break;
    case Place::In::kLater:
      place->line->TakeLater(place);
      break;
    case Place::In::kLapsed:
      lapsed_.Remove(place);
      break;
    case Place::In::kSuspended:
      place->line->TakeParked(place);
      break;
  }
  if (expiries_.Holds(place)) expiries_.Remove(place);
  if (notifies_.Holds(place)) notifies_.Remove(place);
}

model::Ticket Schedule::Leave(Place* place) {
  Unlink(place);
  place->line->by_id.erase(place);
  --place->line->counts[static_cast<std::size_t>(place->ticket.priority)];
  --messages_;
  probe_.Messages(place->line->hop.type, -1);
  model::Ticket ticket = std::move(place->ticket);
  delete place;
  return ticket;
}

void Schedule::Lapse(Place* place) {
  Unlink(place);
  place->in = Place::In::kLapsed;
  lapsed_.PushBack(place);
}

void Schedule::Advance(absl::Time now) {
  while (expiries_.first() <= now) {
    Line& line = *expiries_.top()->line;
    Lapse(expiries_.top());
    Note(line, now);
  }
  while (notifies_.first() <= now) {
    Line& line = *notifies_.top()->line;
    Lapse(notifies_.top());
    Note(line, now);
  }
  while (wakes_.first() <= now) {
    Wake(*wakes_.top(), now);
  }
  while (mx_set_wakes_.first() <= now) {
    Release(*mx_set_wakes_.top(), now);
  }
}

void Schedule::Wake(Line& line, absl::Time now) {
  if (line.size() == 0 && line.workers == 0 && !line.suspended) return Remove(line);
  const bool waits = line.waits();
  if (waits && line.resumes <= now) {
    line.state = Line::State::kProbing;
    line.probe_wanted = false;
    line.probe.reset();
  }
  if (line.mx_set_turn != 0 && line.mx_set_until <= now) LeaveMxSet(line);
  if ((waits || WaitsForHosts(line)) && !line.suspended &&
      line.idle_since + *settings_.max_idle_time_before_resubmit <= now) {
    line.idle_since = now;
    overdue_.push_back(line.hop);
  }
  if (Grows(line) && line.ramp.patience_ends() <= now) Grow(line, now);
  while (line.later.first() <= now) {
    Place* place = line.later.top();
    line.TakeLater(place);
    place->in = Place::In::kReady;
    line.ready.PushBack(place);
  }
  Note(line, now);
}

void Schedule::Note(Line& line, absl::Time now) {
  if (!line.in_round && Wants(line, now) && Passes(line, now)) {
    line.in_round = true;
    round_.push_back(&line);
    if (line.workers == 0) ++starved_lines_;
  }
  const bool empty = line.size() == 0 && line.workers == 0 && !line.suspended;
  if (!empty) {
    line.empty_since = absl::InfinitePast();
  } else if (line.empty_since == absl::InfinitePast()) {
    line.empty_since = now;
  }

  const absl::Time wake =
      empty ? line.empty_since + *settings_.queue_max_idle_time : WakeOf(line, now);
  if (wake == line.wake) return;
  line.wake = wake;
  const bool held = wakes_.Holds(&line);
  if (wake == absl::InfiniteFuture()) {
    if (held) wakes_.Remove(&line);
  } else if (held) {
    wakes_.Update(&line);
  } else {
    wakes_.Push(&line);
  }
}

// When something changes for a queue that is not empty.
absl::Time Schedule::WakeOf(const Line& line, absl::Time now) const {
  if (line.waits()) {
    if (line.suspended) return line.resumes;
    return std::min(line.resumes, line.idle_since + *settings_.max_idle_time_before_resubmit);
  }
  absl::Time wake = line.later.first();
  if (line.mx_set_turn != 0) {
    if (!line.suspended && line.mx_set->set->down()) {
      wake = std::min(wake, line.idle_since + *settings_.max_idle_time_before_resubmit);
    }
    return std::min(wake, line.mx_set_until);
  }
  if (line.suspended || line.ready.empty()) return wake;
  if (Grows(line)) wake = std::min(wake, line.ramp.patience_ends());
  const absl::Time allowed = Until(line.paces);
  return allowed <= now ? wake : std::min(wake, allowed);
}

bool Schedule::Grows(const Line& line) const {
  if (line.state == Line::State::kProbing) return line.probe && !line.ready.empty();
  return line.up() && !line.ready.empty() && line.ramp.Full(line.attempts());
}

bool Schedule::Wants(const Line& line, absl::Time now) const {
  if (line.suspended || line.ready.empty() || Unreachable(line)) return false;
  if (line.state == Line::State::kProbing) {
    return !line.probe_wanted && !line.probe && Until(line.paces) <= now;
  }
  if (!line.up() || line.workers >= line.ramp.allowed()) return false;
  const std::size_t idle = line.workers - std::min(line.workers, line.attempts());
  const ByPriority room = RoomOf(line);
  std::size_t wanted = 0;
  for (const model::Priority priority : model::kPrioritiesByRank) {
    wanted += std::min(line.ready.of(priority).size(), room[static_cast<std::size_t>(priority)]);
  }
  return std::min(wanted, Allowed(line.paces, now)) > idle;
}

ByPriority Schedule::RoomOf(const Line& line) const {
  ByPriority room;
  room.fill(line.ramp.allowed());
  if (!*settings_.priority_queuing_enabled) return room;
  const std::array<int, model::kPriorities> most = {
      *settings_.max_per_domain_normal_priority_connections,
      *settings_.max_per_domain_high_priority_connections,
      *settings_.max_per_domain_low_priority_connections};
  for (std::size_t i = 0; i < room.size(); ++i) {
    const auto limit = std::min(room[i], static_cast<std::size_t>(most[i]));
    room[i] = limit - std::min(limit, line.under_way[i]);
  }
  return room;
}

std::optional<Lane> Schedule::NextWanted(absl::Time now) {
  Advance(now);
  const std::size_t idle = lapsed_workers_ - std::min(lapsed_workers_, lapsed_out_);
  if (lapsed_.size() > idle && lapsed_workers_ < kLapsedWorkers) {
    ++lapsed_workers_;
    return Lane{Lane::Kind::kLapsed, model::NextHop()};
  }
  while (!round_.empty()) {
    Line& line = *round_.front();
    const bool wants = Wants(line, now);
    if (wants && workers_ >= workers_max_) return std::nullopt;
    round_.pop_front();
    line.in_round = false;
    if (line.workers == 0) --starved_lines_;
    if (!wants || !Passes(line, now)) {
      Note(line, now);
      continue;
    }

    ++line.workers;
    ++workers_;
    probe_.Connections(1);
    line.turn = 0;
    if (line.state == Line::State::kProbing) line.probe_wanted = true;
    Note(line, now);
    return Lane{Lane::Kind::kHop, line.hop};
  }
  return std::nullopt;
}

bool Schedule::MayTake(const Line& line, absl::Time now) const {
  if (line.suspended || Until(line.paces) > now) return false;
  if (line.state == Line::State::kProbing) return !line.probe;
  return line.up() && line.workers <= line.ramp.allowed() && line.attempts() < line.ramp.allowed();
}

// A worker gives its slot to the hop that is next in the round: when its own hop has more workers,
// even afterwards, so that slots do not go to and fro; or when it had its turn and some hop has no
// worker.
bool Schedule::MakesRoom(const Line& line) const {
  if (workers_ < workers_max_) return false;
  if (starved_lines_ > 0 && line.turn >= kTurn) return true;
  for (const Line* next : round_) {
    if (next != &line) return next->workers + 1 < line.workers;
  }
  return false;
}

Work Schedule::Take(Place* place, Work::Kind kind) {
  Line& line = *place->line;
  Work work;
  work.kind = kind;
  work.hop = line.hop;
  work.with_ndr = place->with_ndr;
  Unlink(place);
  line.by_id.erase(place);
  work.ticket = std::move(place->ticket);
  delete place;
  line.taken.push_back({work.ticket.key(), kind, work.ticket.priority});
  if (kind == Work::Kind::kAttempt)
    ++line.under_way[static_cast<std::size_t>(work.ticket.priority)];
  return work;
}

std::optional<Work> Schedule::TakeLapsed(absl::Time now) {
  if (lapsed_.empty()) return std::nullopt;
  Place* place = lapsed_.front();
  ++lapsed_out_;
  if (place->removed) return Take(place, Work::Kind::kRemoved);
  const bool expired = place->expires() <= now;
  Work work = Take(place, expired ? Work::Kind::kExpired : Work::Kind::kDelayed);
  // Once a message: what waits on has no notification before it any more.
  work.ticket.notify_delay_at = absl::InfiniteFuture();
  expired ? probe_.Expired() : probe_.Delayed();
  return work;
}

std::optional<Work> Schedule::TryTake(const Lane& lane, absl::Time now) {
  Advance(now);
  if (lane.kind == Lane::Kind::kLapsed) return TakeLapsed(now);
  Line* line = Find(lane.hop);
  if (line == nullptr || line->ready.empty() || Unreachable(*line)) return std::nullopt;
  if (!MayTake(*line, now) || MakesRoom(*line)) return std::nullopt;
  const auto priority = line->ready.Turn(RoomOf(*line));
  if (!priority) return std::nullopt;
  MxSetPtr set;
  MxSet::Admission admission = MxSet::Admission::kNo;
  if (!EnterMxSet(*line, set, admission, now)) return std::nullopt;
  line->ready.Spend(*priority);
  ++line->turn;
  SpendPace(*line, now);
  if (line->attempts() == 0 || line->state == Line::State::kProbing) line->ramp.Began(now);
  Work work = Take(line->ready.of(*priority).front(), Work::Kind::kAttempt);
  line->taken.back().set = std::move(set);
  line->taken.back().admission = admission;
  if (line->state == Line::State::kProbing) line->probe = work.ticket.key();
  Note(*line, now);
  return work;
}

void Schedule::SpendPace(Line& line, absl::Time now) {
  if (line.paces == Paces{}) return;
  Spend(line.paces, now);
  line.paced = ++paced_;
  if (wakes_.Holds(&line)) wakes_.Update(&line);
}

absl::Time Schedule::NextWake() const {
  return std::min({wakes_.first(), mx_set_wakes_.first(), expiries_.first(), notifies_.first()});
}

}  // namespace postern::queue
