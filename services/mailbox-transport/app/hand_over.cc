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

struct Round {
  absl::Status status;
  v1::RedirectMessageResponse response;
};

io::Task<void> RunRound(admin::Redirect* redirect, absl::Duration within, Round* round) {
  v1::RedirectMessageRequest request;
  request.set_hold(true);
  request.set_within_seconds(
      static_cast<std::uint32_t>(std::max<std::int64_t>(1, absl::ToInt64Seconds(within))));
  round->status = co_await redirect->Run(request, round->response);
}

}  // namespace

HandedOver HandOver(pipeline::Pipeline& pipeline, base::Clock& clock, absl::Duration most) {
  const absl::Time end = clock.Now() + most;
  admin::Redirect redirect(pipeline, clock);
  HandedOver all;
  std::string error;
  while (clock.Now() < end) {
    Round round;
    io::RunTask(pipeline.shards().front()->executor(),
                RunRound(&redirect, std::min(kHandOverRound, end - clock.Now()), &round));
    all.moved += round.response.moved();
    if (round.status.ok()) all.remaining = round.response.remaining();
    error = round.status.ok() ? round.response.last_error()
                              : std::string(base::MessageOf(round.status));
    if (round.status.ok() && all.remaining == 0) break;
    POSTERN_LOG(kInfo, "deliver", "handing over",
                {{"moved", all.moved}, {"remaining", all.remaining}, {"error", error}});
    if (round.response.moved() == 0) absl::SleepFor(kPause);
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
