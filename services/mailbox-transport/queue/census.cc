#include "services/mailbox-transport/queue/census.h"

#include <algorithm>
#include <utility>

#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

namespace {

constexpr std::string_view kOther = "other";

void AddTo(ByPriority& sum, const ByPriority& more) {
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] += more[i];
}

Census::Source SourceOf(const model::NextHop& hop) {
  return {hop.type, model::ConnectorLabel(hop)};
}

absl::Duration AgeOf(const Line& line, absl::Time now) {
  const auto given = absl::FromUnixMillis(line.first().unix_ms());
  return std::max(now - given, absl::ZeroDuration());
}

// Waiting for its rate limit is no lag.
absl::Duration LagOf(const Line& line, QueueStatus status, absl::Time now) {
  const bool waits_by_right =
      line.state != Line::State::kOpen || line.suspended || status == QueueStatus::kRetry ||
      line.hop.type == model::DeliveryType::kUnreachable || line.paces != Paces{};
  absl::Duration lag;
  if (waits_by_right) return lag;
  for (const model::Priority priority : model::kPrioritiesByRank) {
    const Place* const first = line.ready.of(priority).front();
    if (first == nullptr) continue;
    const absl::Time given = absl::FromUnixMillis(first->ticket.id.unix_ms());
    lag = std::max(lag, now - std::max({given, first->due(), line.opened}));
  }
  return lag;
}

void CountMessages(const Line& line, QueueStatus status, Census::Kind& kind) {
  const ByPriority deferred = line.DeferredByPriority(status == QueueStatus::kRetry);
  for (std::size_t i = 0; i < line.counts.size(); ++i) {
    if (line.suspended) {
      kind.active[i] += line.under_way[i];
      kind.suspended[i] += line.counts[i] - line.under_way[i];
      continue;
    }
    kind.deferred[i] += deferred[i];
    kind.suspended[i] += line.suspended_by[i];
    kind.active[i] += line.counts[i] - deferred[i] - line.suspended_by[i];
  }
  kind.largest = std::max(kind.largest, line.size());
}

}  // namespace

void Census::NoteOldest(Source source, absl::Duration age) {
  if (!oldest.contains(source) && oldest.size() >= kOldestMax) source.connector = kOther;
  absl::Duration& kept = oldest[std::move(source)];
  kept = std::max(kept, age);
}

void Census::Rank() {
  const auto longer = [](const Top& a, const Top& b) {
    return a.messages != b.messages ? a.messages > b.messages : a.hop < b.hop;
  };
  const std::size_t named = std::min(top.size(), kTopHops);
  std::partial_sort(top.begin(), top.begin() + static_cast<std::ptrdiff_t>(named), top.end(),
                    longer);
  top.resize(named);
}

void Census::Add(const Census& other) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    AddTo(kinds[i].active, other.kinds[i].active);
    AddTo(kinds[i].deferred, other.kinds[i].deferred);
    AddTo(kinds[i].suspended, other.kinds[i].suspended);
    kinds[i].largest = std::max(kinds[i].largest, other.kinds[i].largest);
    kinds[i].lag = std::max(kinds[i].lag, other.kinds[i].lag);
  }
  for (std::size_t i = 0; i < queues.size(); ++i)
    queues[i] += other.queues[i];
  for (const auto& [source, age] : other.oldest)
    NoteOldest(source, age);
  top.insert(top.end(), other.top.begin(), other.top.end());
  Rank();
}

Census Schedule::Count(absl::Time now) const {
  Census census;
  std::vector<std::pair<std::size_t, const Line*>> longest;
  for (const auto& [hop, line] : lines_) {
    const QueueStatus status = StatusOf(*line);
    Census::Kind& kind = census.kinds[static_cast<std::size_t>(hop.type)];
    CountMessages(*line, status, kind);
    ++census.queues[static_cast<std::size_t>(status)];
    if (line->size() == 0) continue;
    census.NoteOldest(SourceOf(hop), AgeOf(*line, now));
    kind.lag = std::max(kind.lag, LagOf(*line, status, now));
    longest.emplace_back(line->size(), line.get());
  }
  // Only of those that are named the rest is copied.
  const auto named = static_cast<std::ptrdiff_t>(std::min(longest.size(), kTopHops));
  std::partial_sort(longest.begin(), longest.begin() + named, longest.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second->hop < b.second->hop;
                    });
  for (auto at = longest.begin(); at != longest.begin() + named; ++at)
    census.top.push_back({at->second->hop, at->first, AgeOf(*at->second, now)});
  return census;
}

}  // namespace postern::queue
