#include "services/mailbox-transport/deliver/front_end.h"

#include <algorithm>
#include <utility>

#include "common/observe/log.h"

namespace postern::deliver {

namespace {

// The time out is doubled at most this often: 32 times the first.
constexpr int kDoublingsMax = 5;

// Deliveries on one stream share its writes, so one is used first; more than these gain nothing.
constexpr std::size_t kTogether = 64;

}  // namespace

FrontEnd::FrontEnd(io::Executor& executor,
                   const DeliverSettings& settings,
                   std::string named,
                   std::function<void()> back)
    : address(std::move(named)),
      settings_(settings),
      back_(executor, [this, back = std::move(back)] {
        due_ = true;
        trying_ = false;
        back();
      }) {}

FrontEndStream* FrontEnd::StreamFor(const std::string& hop) const {
  if (!Takes()) return nullptr;
  FrontEndStream* least = nullptr;
  for (const auto& stream : streams) {
    if (!stream->HasSlot(hop)) continue;
    if (stream->in_use() < kTogether) return stream.get();
    if (least == nullptr || stream->in_use() < least->in_use()) least = stream.get();
  }
  return least;
}

bool FrontEnd::Begins() {
  const bool tries = out_;
  if (tries) {
    trying_ = true;
    // Its remote may be slow: then another one tries, each time after a longer wait.
    back_.Set(NextTimeOut());
  }
  return tries;
}

absl::Duration FrontEnd::NextTimeOut() {
  const absl::Duration time = *settings_.front_end_out_time * (1 << times_out_);
  times_out_ = std::min(times_out_ + 1, kDoublingsMax);
  return time;
}

bool FrontEnd::Ended(bool tries, Health health) {
  const bool took = Takes();
  if (tries) trying_ = false;
  Note(tries, health);
  return Takes() != took;
}

void FrontEnd::Note(bool tries, Health health) {
  if (health == Health::kNothing) return;
  if (health == Health::kGood) {
    failures_ = 0;
    times_out_ = 0;
    if (std::exchange(out_, false)) {
      back_.Clear();
      POSTERN_LOG(kInfo, "deliver", "front end is back", {{"front_end", address}});
    }
    return;
  }
  ++failures_;
  // What was under way when it was put out tells nothing new.
  if (out_ ? !tries : failures_ < *settings_.front_end_failures_max) return;
  const absl::Duration time = NextTimeOut();
  out_ = true;
  due_ = false;
  back_.Set(time);
  POSTERN_LOG(
      kWarning, "deliver", "front end is left out",
      {{"front_end", address}, {"failures", failures_}, {"seconds", absl::ToDoubleSeconds(time)}});
}

bool FrontEnd::usable() const {
  return Takes() && std::any_of(streams.begin(), streams.end(),
                                [](const auto& stream) { return stream->usable(); });
}

bool FrontEnd::hopeful() const {
  return Takes() && std::any_of(streams.begin(), streams.end(), [](const auto& stream) {
           return stream->usable() || stream->connecting();
         });
}

bool FrontEnd::has_room() const {
  return Takes() && std::any_of(streams.begin(), streams.end(),
                                [](const auto& stream) { return stream->has_room(); });
}

}  // namespace postern::deliver
