#include "services/mailbox-transport/admin/message_walk.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace postern::admin {

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
// Of a record that cannot be read nobody knows the queue.
constexpr std::string_view kAnyQueue = "*";

}  // namespace

RowPlace EdgePlace(bool backward) {
  return backward ? RowPlace{kMost, kMost} : RowPlace{};
}

bool MessageWalk::IsBeyond(const RowPlace& place, const RowPlace& at) const {
  return terms_.backward ? place < at : place > at;
}

bool MessageWalk::ShowAll(const QueueState& state,
                          const model::Message& message,
                          absl::Time now,
                          RowPlace& at,
                          Visit visit) const {
  std::vector<PlacedRow> rows = state.StandingsOf(message, now);
  if (terms_.backward) std::reverse(rows.begin(), rows.end());
  for (const PlacedRow& placed : rows) {
    if (!IsBeyond(placed.place, at)) continue;
    at = placed.place;
    if (terms_.queues && !terms_.queues->contains(placed.standing.queue)) continue;
    if (terms_.other_queues.contains(placed.standing.queue)) continue;
    const Row row{placed.place, {message, placed.standing, server_, now}, absl::OkStatus()};
    const bool fits =
        terms_.filter.Holds([&row](std::size_t field) { return MessageField(field, row.fields); });
    if (fits && !visit(row)) return false;
  }
  return true;
}

bool MessageWalk::ShowDamage(base::MessageId id,
                             const absl::Status& damage,
                             absl::Time now,
                             RowPlace& at,
                             Visit visit) const {
  model::Message message;
  message.id = id;
  Standing standing;
  standing.queue = std::string(kAnyQueue);
  standing.queue_error = damage.ToString();
  const RowPlace place{id.value, QueueRank(kAnyQueue)};
  if (!IsBeyond(place, at) || terms_.queues) return true;
  at = place;
  const Row row{place, {message, standing, server_, now}, damage};
  const bool fits =
      terms_.filter.Holds([&row](std::size_t field) { return MessageField(field, row.fields); });
  return !fits || visit(row);
}

bool MessageWalk::Show(const QueueState& state,
                       base::MessageId id,
                       const absl::StatusOr<model::Message>& message,
                       absl::Time now,
                       RowPlace& at,
                       Visit visit) const {
  const bool more = message.ok() ? ShowAll(state, *message, now, at, visit)
                                 : ShowDamage(id, message.status(), now, at, visit);
  // All of this message has been seen.
  if (more) at = {id.value, terms_.backward ? 0 : kMost};
  return more;
}

absl::StatusOr<MessageWalk::Slice> MessageWalk::NextListed(const QueueState& state,
                                                           absl::Time now,
                                                           RowPlace& at,
                                                           Visit visit) const {
  const std::vector<base::MessageId>& ids = *terms_.ids;
  const base::MessageId from{at.message};
  Slice slice;
  auto step = [&](base::MessageId id) {
    const auto message = store_.Load(id);
    ++slice.examined;
    // It may have left meanwhile.
    if (absl::IsNotFound(message.status())) {
      at = {id.value, terms_.backward ? 0 : kMost};
      return true;
    }
    return Show(state, id, message, now, at, visit);
  };
  const auto run = [&](auto begin, auto end) {
    while (begin != end && slice.examined < kSliceMessages && !slice.stopped)
      slice.stopped = !step(*begin++);
    slice.ended = begin == end && !slice.stopped;
  };
  if (terms_.backward) {
    const auto last = std::upper_bound(ids.begin(), ids.end(), from);
    run(std::make_reverse_iterator(last), ids.rend());
  } else {
    run(std::lower_bound(ids.begin(), ids.end(), from), ids.end());
  }
  return slice;
}

absl::StatusOr<MessageWalk::Slice> MessageWalk::Next(const QueueState& state,
                                                     absl::Time now,
                                                     RowPlace& at,
                                                     Visit visit) const {
  if (terms_.ids) return NextListed(state, now, at, visit);
  Slice slice;
  slice.ended = true;
  const auto step = [&](base::MessageId id, const absl::StatusOr<model::Message>& message) {
    if (slice.examined == kSliceMessages) {
      slice.ended = false;
      return false;
    }
    ++slice.examined;
    slice.stopped = !Show(state, id, message, now, at, visit);
    slice.ended = !slice.stopped;
    return !slice.stopped;
  };
  // What was removed by the thousand is still in the way until the store has tidied up.
  base::MessageId from{at.message};
  if (!terms_.backward && !store_.damaged()) from = std::max(from, state.first());
  const absl::Status walked = store_.Walk(from, terms_.backward, step);
  if (!walked.ok()) return walked;
  return slice;
}

}  // namespace postern::admin
