#include "services/mailbox-transport/app/hand_over.h"

#include <algorithm>
#include <string>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/admin/redirect.h"

namespace postern::app {

namespace {

constexpr absl::Duration kPause = absl::Seconds(1);

// Of a round: 0 would be the server's own choice.
std::uint32_t SecondsOf(absl::Duration within) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, absl::ToInt64Seconds(within)));
}

}  // namespace

HandedOver HandOver(pipeline::Pipeline& pipeline, base::Clock& clock, absl::Duration most) {
  const absl::Time end = clock.Now() + most;
  admin::Redirect redirect(pipeline, clock);
  v1::RedirectMessageRequest request;
  request.set_hold(true);
  HandedOver all;
  std::string error;
  while (clock.Now() < end) {
    request.set_within_seconds(SecondsOf(std::min(kHandOverRound, end - clock.Now())));
    v1::RedirectMessageResponse round;
    const absl::Status status =
        io::RunTask(pipeline.shards().front()->executor(), redirect.Run(request, round, end));
    all.moved += round.moved();
    if (status.ok()) all.remaining = round.remaining();
    error = status.ok() ? round.last_error() : std::string(base::MessageOf(status));
    if (status.ok() && all.remaining == 0) break;
    POSTERN_LOG(kInfo, "deliver", "handing over",
                {{"moved", all.moved}, {"remaining", all.remaining}, {"error", error}});
    if (round.moved() == 0) absl::SleepFor(kPause);
  }
  if (all.remaining == 0 && error.empty()) {
    POSTERN_LOG(kInfo, "deliver", "the queues are empty", {{"moved", all.moved}});
  } else {
    POSTERN_LOG(kError, "deliver", "mail stays in the volume of a server that is gone",
                {{"moved", all.moved}, {"remaining", all.remaining}, {"error", error}});
  }
  return all;
}

}  // namespace postern::app
