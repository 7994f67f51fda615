#include "services/frontend-transport/egress/egress.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/time/clock.h"

#include "common/observe/log.h"

namespace postern::egress {

namespace {

constexpr char kGoingAway[] = "the front end is stopping";

}  // namespace

Egress::Egress(io::Executor& executor,
               smtp::Engine& engine,
               const EgressSettings& settings,
               Probe& probe,
               std::uint32_t slots)
    : executor_(executor),
      engine_(engine),
      settings_(settings),
      probe_(probe),
      slots_(slots),
      destinations_(*settings.blocked_time) {}

Egress::~Egress() = default;

rpc::ToMailbox::Handler* Egress::Open(std::shared_ptr<rpc::ToMailbox> stream,
                                      const std::string& caller) {
  streams_.push_back(std::make_unique<MailboxStream>(
      executor_, engine_, settings_, probe_, std::move(stream), caller,
      [this](const smtp::Delivery& delivery, const smtp::Outcome& outcome) {
        Attempted(delivery, outcome);
      },
      [this](MailboxStream* ended) { executor_.Post([this, ended] { Finished(ended); }); }));
  MailboxStream* const opened = streams_.back().get();
  if (draining_) {
    opened->GoAway(kGoingAway);
  } else {
    DivideSlots();
    for (const v1::Destination& blocked : destinations_.Blocked(absl::Now()))
      opened->Tell(blocked);
  }
  return opened;
}

void Egress::Attempted(const smtp::Delivery& delivery, const smtp::Outcome& outcome) {
  const auto news = destinations_.Note(delivery, outcome, absl::Now());
  if (!news.has_value()) return;
  if (news->blocked_until_unix_ms() > 0) {
    probe_.Blocked();
    POSTERN_LOG(kInfo, "egress", "destination is left alone",
                {{"next_hop", news->domain()},
                 {"seconds", absl::ToDoubleSeconds(*settings_.blocked_time)}});
  }
  for (const auto& stream : streams_)
    stream->Tell(*news);
}

void Egress::Finished(MailboxStream* stream) {
  streams_.remove_if([stream](const auto& one) { return one.get() == stream; });
  if (!draining_) DivideSlots();
  ended_.NotifyAll();
}

void Egress::DivideSlots() {
  if (streams_.empty()) return;
  const auto count = static_cast<std::uint32_t>(streams_.size());
  const std::uint32_t each =
      std::clamp(slots_ / count, 1U, static_cast<std::uint32_t>(*settings_.slots_per_stream_max));
  for (const auto& stream : streams_)
    stream->GiveCredit(each);
}

std::size_t Egress::deliveries_open() const {
  return std::accumulate(streams_.begin(), streams_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& stream) { return sum + stream->open(); });
}

void Egress::BeginDrain() {
  draining_ = true;
  for (const auto& stream : streams_)
    stream->GoAway(kGoingAway);
}

io::Task<void> Egress::Drain(absl::Duration within) {
  const absl::Time deadline = absl::Now() + within;
  BeginDrain();
  while (!streams_.empty()) {
    const absl::Status waited = co_await ended_.Until(deadline - absl::Now());
    if (!waited.ok()) break;
  }
  for (const auto& stream : streams_)
    stream->Abort();
  while (!streams_.empty()) {
    const absl::Status waited = co_await ended_.Until(absl::Seconds(10));
    if (!waited.ok()) break;
  }
}

}  // namespace postern::egress
