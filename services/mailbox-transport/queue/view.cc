#include "services/mailbox-transport/queue/view.h"

#include <algorithm>
#include <optional>

#include "common/base/text.h"
#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

namespace {

// Whether nothing is tried for a while, by its own failures or those of the hosts that it shares.
struct Standing {
  bool waits = false;
  absl::Time resumes = absl::InfinitePast();
  std::optional<MxSet::View> hosts = {};  // they are down, and it waits for them
};

Standing StandingOf(const Line& line) {
  Standing standing;
  standing.waits = line.waits();
  if (standing.waits) standing.resumes = line.resumes;
  if (line.mx_set == nullptr || !line.taken.empty()) return standing;
  if (!line.mx_set->set->down()) return standing;  // which spares the copy
  MxSet::View hosts = line.mx_set->set->view();
  if (!hosts.down) return standing;
  standing.waits = true;
  standing.resumes = std::max(standing.resumes, hosts.resumes);
  standing.hosts = std::move(hosts);
  return standing;
}

QueueStatus StatusOf(const Line& line, const Standing& standing) {
  if (line.suspended) return QueueStatus::kSuspended;
  if (standing.waits) return QueueStatus::kRetry;
  if (line.workers == 0 && line.taken.empty()) return QueueStatus::kReady;
  return line.ramp.worked() ? QueueStatus::kActive : QueueStatus::kConnecting;
}

MessageStatus StatusOf(const Line::Taken& taken) {
  if (taken.kind == Work::Kind::kRemoved) return MessageStatus::kPendingRemove;
  switch (taken.pending) {
    case Pending::kNothing:
      break;
    case Pending::kSuspend:
      return MessageStatus::kPendingSuspend;
    case Pending::kRemove:
    case Pending::kRemoveWithNdr:
      return MessageStatus::kPendingRemove;
  }
  return MessageStatus::kActive;
}

MessageStatus StatusOf(const Standing& standing, const Place& place) {
  if (place.removed) return MessageStatus::kPendingRemove;
  if (place.in == Place::In::kSuspended) return MessageStatus::kSuspended;
  const bool later = place.in == Place::In::kLater;
  return later || standing.waits ? MessageStatus::kRetry : MessageStatus::kReady;
}

TicketView ViewOf(const Line::Taken& taken) {
  TicketView view;
  view.id = taken.key.id;
  view.status = StatusOf(taken);
  view.priority = taken.priority;
  return view;
}

TicketView ViewOf(const Line& line, const Standing& standing, const Place& place) {
  TicketView view;
  view.id = place.ticket.id;
  view.status = StatusOf(standing, place);
  view.priority = place.ticket.priority;
  view.due = std::max(place.due(), standing.waits ? standing.resumes : Until(line.paces));
  if (view.status == MessageStatus::kSuspended || line.suspended) {
    view.due = absl::InfiniteFuture();
  }
  view.expires = place.expires();
  return view;
}

// What an administrator reads of a queue that was not even tried.
void TellHosts(const MxSet::View& hosts, QueueView& view) {
  view.retry_count = std::max(view.retry_count, hosts.failures);
  if (view.last_error.empty()) view.last_error = hosts.error;
  view.last_retry_time = std::max(view.last_retry_time, hosts.last_retry);
  view.first_retry_time = std::min(view.first_retry_time, hosts.first_retry);
}

}  // namespace

QueueStatus StatusOf(const Line& line) {
  return StatusOf(line, StandingOf(line));
}

std::string_view NameOf(QueueStatus status) {
  switch (status) {
    case QueueStatus::kReady:
      return "Ready";
    case QueueStatus::kConnecting:
      return "Connecting";
    case QueueStatus::kActive:
      return "Active";
    case QueueStatus::kRetry:
      return "Retry";
    case QueueStatus::kSuspended:
      return "Suspended";
  }
  return "None";
}

std::string_view NameOf(MessageStatus status) {
  switch (status) {
    case MessageStatus::kReady:
      return "Ready";
    case MessageStatus::kActive:
      return "Active";
    case MessageStatus::kRetry:
      return "Retry";
    case MessageStatus::kSuspended:
      return "Suspended";
    case MessageStatus::kPendingSuspend:
      return "PendingSuspend";
    case MessageStatus::kPendingRemove:
      return "PendingRemove";
  }
  return "None";
}

std::vector<QueueView> Schedule::Queues(absl::Time now) const {
  std::vector<QueueView> views;
  views.reserve(lines_.size());
  for (const auto& [hop, line] : lines_) {
    const Standing standing = StandingOf(*line);
    QueueView view;
    view.id = line->id;
    view.hop = line->hop;
    view.status = StatusOf(*line, standing);
    view.first = line->first();
    view.message_count = line->size();
    view.deferred_count = line->later.size() + (standing.waits ? line->ready.size() : 0);
    view.suspended_count = line->parked.size();
    view.count_by_priority = line->counts;
    view.deferred_by_priority = line->DeferredByPriority(standing.waits);
    view.connections = line->workers;
    view.retry_count = line->ramp.failures();
    view.last_error = line->last_error;
    // Of what is tried again later, or cannot be tried; not of one that has gone meanwhile.
    if (view.deferred_count > 0 || view.hop.type == model::DeliveryType::kUnreachable) {
      view.message_error = line->message_error;
    }
    view.last_retry_time = line->last_retry;
    view.next_retry_time =
        standing.waits ? std::max(standing.resumes, now) : std::max(line->later.first(), now);
    view.first_retry_time = line->ramp.first_retry();
    if (line->mx_set != nullptr) view.mx_set = line->mx_set->set->name();
    if (standing.hosts) TellHosts(*standing.hosts, view);
    view.incoming_rate = line->incoming.PerMinute(now);
    view.outgoing_rate = line->outgoing.PerMinute(now);
    view.velocity = view.outgoing_rate - view.incoming_rate;
    if (!standing.waits && !line->ready.empty() && Until(line->paces) > now) {
      view.next_retry_time = Until(line->paces);
      if (view.last_error.empty()) {
        view.last_error = base::Cat("waits for its rate limit of ", TextOf(line->paces));
      }
    }
    views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(),
            [](const QueueView& a, const QueueView& b) { return a.id < b.id; });
  return views;
}

std::vector<TicketView> Schedule::UnderWay(const model::NextHop& hop,
                                           std::size_t tickets_max) const {
  std::vector<TicketView> views;
  const Line* line = Find(hop);
  if (line == nullptr) return views;
  for (const Line::Taken& one : line->taken) {
    if (views.size() == tickets_max) break;
    views.push_back(ViewOf(one));
  }
  return views;
}

std::vector<TicketView> Schedule::Tickets(const model::NextHop& hop,
                                          std::size_t tickets_max) const {
  std::vector<TicketView> views;
  const Line* line = Find(hop);
  if (line == nullptr || tickets_max == 0) return views;
  const Standing standing = StandingOf(*line);
  std::vector<Line::Taken> taken = line->taken;
  std::sort(taken.begin(), taken.end(),
            [](const Line::Taken& a, const Line::Taken& b) { return a.key.id < b.key.id; });
  auto under_way = taken.begin();
  auto waiting = line->by_id.begin();
  while (under_way != taken.end() || waiting != line->by_id.end()) {
    const bool first = waiting == line->by_id.end() ||
                       (under_way != taken.end() && under_way->key.id <= (*waiting)->ticket.id);
    const TicketView view = first ? ViewOf(*under_way++) : ViewOf(*line, standing, **waiting++);
    if (!views.empty() && views.back().id == view.id) {
      // What is under way came before; of two that wait the earlier one tells when it goes.
      const bool waits = views.back().status != MessageStatus::kActive;
      if (waits && view.due < views.back().due) views.back() = view;
    } else if (views.size() == tickets_max) {
      break;
    } else {
      views.push_back(view);
    }
  }
  return views;
}

}  // namespace postern::queue
