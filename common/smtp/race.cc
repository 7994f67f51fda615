#include "common/smtp/race.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/io/scope.h"

namespace postern::smtp {

namespace {

using Dialed = absl::StatusOr<std::unique_ptr<io::Stream>>;

// What the race and its dials share.
struct Field {
  io::Dialer& dialer;
  const std::vector<io::Endpoint>& addresses;
  const RaceRules& rules;
  const RaceCalls& calls;
  RaceResult result = {};
  std::vector<std::size_t> under_way = {};
  std::size_t next = 0;
  std::array<bool, 2> sourceless = {};  // families without their source address: IPv6, IPv4
  bool over = false;
  bool due = true;  // the next dial waits for nothing
  absl::Time last_start = {};
  io::Event changed = {};

  bool MayStart() const {
    return !over && next < addresses.size() && under_way.size() < kRaceDialsMax;
  }

  bool Sourceless(std::size_t place) const {
    return sourceless[addresses[place].address.is_v4() ? 1 : 0];
  }

  // Whether an address that has a source is under way or has yet to be dialled.
  bool AnyLeft() const;
  // The next address that is admitted, now under way.
  std::optional<std::size_t> TakeNext();
  io::Task<Dialed> Dial(std::size_t place);
  void End(std::size_t place, Dialed dialed);
};

bool Field::AnyLeft() const {
  const auto has_source = [this](std::size_t place) { return !Sourceless(place); };
  for (std::size_t place = next; place < addresses.size(); ++place) {
    if (has_source(place)) return true;
  }
  return std::any_of(under_way.begin(), under_way.end(), has_source);
}

std::optional<std::size_t> Field::TakeNext() {
  while (next < addresses.size()) {
    const std::size_t place = next++;
    if (Sourceless(place) || !calls.admits(place)) continue;
    due = false;
    last_start = absl::Now();
    ++result.dials;
    under_way.push_back(place);
    return place;
  }
  return std::nullopt;
}

io::Task<Dialed> Field::Dial(std::size_t place) {
  const absl::Duration timeout = std::min(rules.connect, rules.end_by - absl::Now());
  return dialer.Dial(addresses[place], rules.sources.For(addresses[place].address), timeout);
}

void Field::End(std::size_t place, Dialed dialed) {
  if (over) return;  // the race was lost: the stream, if there is one, closes here
  if (absl::IsCancelled(dialed.status())) {
    over = true;
    result.error = dialed.status();
    return;
  }
  std::erase(under_way, place);
  if (dialed.ok()) {
    over = true;
    result.winner = place;
    result.stream = *std::move(dialed);
    return;
  }
  due = true;
  calls.failed(place, dialed.status());
  if (!absl::IsFailedPrecondition(dialed.status())) return;
  sourceless[addresses[place].address.is_v4() ? 1 : 0] = true;
  if (AnyLeft()) return;
  over = true;
  result.error = dialed.status();
}

io::Task<void> RunBeside(Field* field, std::size_t place) {
  Dialed dialed = co_await field->Dial(place);
  field->End(place, std::move(dialed));
  field->changed.NotifyAll();
}

io::Task<void> RunTogether(Field& field) {
  io::Executor* const executor = io::Executor::Current();
  POSTERN_CHECK(executor != nullptr);
  io::Scope scope(*executor);
  while (!field.over) {
    if (field.due && field.MayStart()) {
      const std::optional<std::size_t> place = field.TakeNext();
      if (place.has_value()) scope.Spawn(RunBeside(&field, *place));
      continue;
    }
    if (field.under_way.empty()) break;
    const absl::Duration wait = field.MayStart()
                                    ? field.last_start + field.rules.attempt_delay - absl::Now()
                                    : absl::InfiniteDuration();
    const absl::Status waited = co_await field.changed.Until(wait);
    if (absl::IsDeadlineExceeded(waited)) field.due = true;
    // A dial that ended with the same stop has said so already.
    if (!absl::IsCancelled(waited) || field.over) continue;
    field.over = true;
    field.result.error = waited;
  }
  scope.Stop();
  co_await scope.Join();
}

}  // namespace

io::Task<RaceResult> Race(io::Dialer& dialer,
                          const std::vector<io::Endpoint>& addresses,
                          const RaceRules& rules,
                          const RaceCalls& calls) {
  Field field{dialer, addresses, rules, calls};
  if (addresses.size() == 1) {
    const std::optional<std::size_t> place = field.TakeNext();
    if (place.has_value()) {
      Dialed dialed = co_await field.Dial(*place);
      field.End(*place, std::move(dialed));
    }
  } else {
    co_await RunTogether(field);
  }
  field.result.lost = std::move(field.under_way);
  co_return std::move(field.result);
}

}  // namespace postern::smtp
