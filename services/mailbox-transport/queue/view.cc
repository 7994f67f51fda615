#include "services/mailbox-transport/queue/view.h"

#include <algorithm>

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

namespace {

bool Waits(const Line& line) {
  return line.state == Line::State::kRetry || line.state == Line::State::kHeld;
}

QueueStatus StatusOf(const Line& line) {
  if (Waits(line)) return QueueStatus::kRetry;
  if (line.workers == 0 && line.taken.empty()) return QueueStatus::kReady;
  return line.worked ? QueueStatus::kActive : QueueStatus::kConnecting;
}

}  // namespace

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
  }
  return "None";
}

std::vector<QueueView> Schedule::Queues(absl::Time now) const {
  std::vector<QueueView> views;
  views.reserve(lines_.size());
  for (const auto& [hop, line] : lines_) {
    QueueView view;
    view.id = line->id;
    view.hop = line->hop;
    view.status = StatusOf(*line);
    view.message_count = line->size();
    view.deferred_count = line->later.size() + (Waits(*line) ? line->ready.size() : 0);
    view.connections = line->workers;
    view.retry_count = line->failures;
    view.last_error = line->last_error;
    view.last_retry_time = line->last_retry;
    view.next_retry_time =
        Waits(*line) ? std::max(line->resumes, now) : std::max(line->later.first(), now);
    views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(),
            [](const QueueView& a, const QueueView& b) { return a.id < b.id; });
  return views;
}

std::vector<TicketView> Schedule::Tickets(const model::NextHop& hop,
                                          std::size_t tickets_max) const {
  std::vector<TicketView> views;
  const Line* line = Find(hop);
  if (line == nullptr) return views;
  const auto show = [&](const Place& place, MessageStatus status) {
    TicketView view;
    view.id = place.ticket.id;
    view.status = status;
    view.due = Waits(*line) ? std::max(place.due(), line->resumes) : place.due();
    view.expires = place.expires();
    views.push_back(view);
  };
  for (const Line::Taken& one : line->taken) {
    if (views.size() == tickets_max) return views;
    TicketView view;
    view.id = one.id;
    view.status = MessageStatus::kActive;
    views.push_back(view);
  }
  const auto ready = Waits(*line) ? MessageStatus::kRetry : MessageStatus::kReady;
  for (const Place* place = line->ready.front(); place != nullptr; place = place->after) {
    if (views.size() == tickets_max) return views;
    show(*place, ready);
  }
  for (const Place* place : line->later.members()) {
    if (views.size() == tickets_max) return views;
    show(*place, MessageStatus::kRetry);
  }
  return views;
}

}  // namespace postern::queue
