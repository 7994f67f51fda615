// The retry ladder: what news of a next hop does to its queue.
//
//   failures in a row                     wait before the next try
//   1 .. glitch                           queue_glitch_retry_interval
//   glitch + 1 .. glitch + transient      transient_failure_retry_interval
//   more                                  outbound_connection_failure_retry_interval

#include <algorithm>

#include "common/observe/log.h"
#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

Rung RungOf(const QueueSettings& settings, std::uint32_t failures) {
  const auto glitches = static_cast<std::uint32_t>(*settings.queue_glitch_retry_count);
  const auto transients = static_cast<std::uint32_t>(*settings.transient_failure_retry_count);
  if (failures <= glitches) return {*settings.queue_glitch_retry_interval, 0};
  if (failures <= glitches + transients) return {*settings.transient_failure_retry_interval, 1};
  return {*settings.outbound_connection_failure_retry_interval, 2};
}

void Schedule::Climb(Line& line, std::string_view error, absl::Time now) {
  line.ramp.Fall(now);
  const Rung rung = RungOf(settings_, line.ramp.failures());
  line.state = Line::State::kRetry;
  line.probe.reset();
  line.probe_wanted = false;
  line.last_retry = now;
  line.resumes = now + random_.Around(rung.wait, *settings_.retry_jitter_percent);
  LetGo(line);
  probe_.LadderClimbed(rung.stage);
  POSTERN_LOG(kWarning, "queue", "next hop failed",
              {{"next_hop", line.hop.domain},
               {"connector", line.hop.connector},
               {"failures", line.ramp.failures()},
               {"retry_in_ms", absl::ToInt64Milliseconds(line.resumes - now)},
               {"error", error}});
}

void Schedule::Grow(Line& line, absl::Time now) {
  if (line.up()) return line.ramp.Grow(now);
  line.ramp.Widen(line.workers, now);
  Open(line, now);
}

void Schedule::Open(Line& line, absl::Time now) {
  line.state = Line::State::kOpen;
  line.opened = now;
  line.probe.reset();
  line.probe_wanted = false;
}

void Schedule::HopWorked(const model::NextHop& hop, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return;
  line->idle_since = now;
  if (line->ramp.Worked(line->up(), now)) {
    Open(*line, now);
    line->last_error.clear();
    line->resumes = absl::InfiniteFuture();
  }
  Note(*line, now);
  if (line->mx_set == nullptr) return;
  line->mx_set->set->Worked(shard_, now);
  Release(*line->mx_set, now);
}

void Schedule::HopDeferred(const model::NextHop& hop, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return;
  line->ramp.Began(now);
  if (line->ramp.PutOff(line->up(), line->workers)) {
    POSTERN_LOG(kWarning, "queue", "next hop puts everything off",
                {{"next_hop", line->hop.domain},
                 {"connector", line->hop.connector},
                 {"connections_max", line->ramp.allowed()}});
  }
  Note(*line, now);
  if (line->mx_set == nullptr) return;
  line->mx_set->set->Deferred(shard_, now);
  Release(*line->mx_set, now);
}

void Schedule::HopFailed(const model::NextHop& hop,
                         std::string_view error,
                         absl::Time now,
                         bool hosts_down) {
  Line* line = Find(hop);
  if (line == nullptr) return;
  line->last_error = model::LastErrorOf(error);
  if (!hosts_down && line->mx_set != nullptr) line->mx_set->set->NotTaken();
  if (line->state == Line::State::kRetry) return;  // one of the others said so already
  if (!line->ramp.Shrink(line->up(), line->workers)) Climb(*line, error, now);
  if (hosts_down && line->mx_set != nullptr) FallWith(*line, error, now);
  Note(*line, now);
}

void Schedule::HopHeld(const model::NextHop& hop, std::string_view reason, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return;
  line->last_error = model::LastErrorOf(reason);
  if (line->waits()) return;
  line->state = Line::State::kHeld;
  line->probe.reset();
  line->probe_wanted = false;
  line->last_retry = now;
  const auto spread = static_cast<std::uint64_t>(absl::ToInt64Milliseconds(kWakeSpread));
  const auto offset = static_cast<std::int64_t>(random_.Below(spread));
  line->resumes = now + kHeldMax + absl::Milliseconds(offset);
  if (!line->in_held) held_.push_back(line);
  line->in_held = true;
  probe_.HopHeld();
  Note(*line, now);
}

void Schedule::WakeHeld(absl::Time now) {
  const absl::Duration part = kWakeSpreadOfOne * static_cast<std::int64_t>(held_.size());
  const auto spread = static_cast<std::uint64_t>(
      std::max<std::int64_t>(1, absl::ToInt64Milliseconds(std::min(kWakeSpread, part))));
  for (Line* line : held_) {
    line->in_held = false;
    if (line->state != Line::State::kHeld) continue;
    const auto offset = static_cast<std::int64_t>(random_.Below(spread));
    line->resumes = std::min(line->resumes, now + absl::Milliseconds(offset));
    Note(*line, now);
  }
  held_.clear();
}

bool Schedule::RetryNow(const model::NextHop& hop, absl::Time now) {
  Line* line = Find(hop);
  if (line == nullptr) return false;
  const bool hosts = line->mx_set != nullptr && line->mx_set->set->RetryNow(now);
  if (line->waits()) {
    line->resumes = now;
    Note(*line, now);
    return true;
  }
  if (hosts) Release(*line->mx_set, now);
  return hosts;
}

}  // namespace postern::queue
