// What administrators do to queues and messages, brought to the shard that has them.

#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::pipeline {

namespace {

// For a page of messages, each of which may be read from the disk.
constexpr absl::Duration kChangeTimeout = absl::Minutes(2);

absl::Status NotNow(const model::NextHop& hop, std::string_view rule) {
  return base::Error(absl::StatusCode::kFailedPrecondition, "queue ", hop.ToString(), ": ", rule);
}

}  // namespace

absl::Status Pipeline::RestoreSuspensions() {
  return store_.ScanSuspensions([this](const model::NextHop& hop) {
    POSTERN_LOG(kInfo, "queue", "still suspended",
                {{"next_hop", hop.domain}, {"connector", hop.connector}});
    if (model::IsSubmission(hop)) {
      submission_suspended_ = true;
      return;
    }
    if (hop.type == model::DeliveryType::kUnreachable) unreachable_suspended_ = true;
    Shard& shard = ShardOf(hop);
    shard.executor().Run([&] { shard.queue().Suspend(hop); });
  });
}

io::Task<absl::Status> Pipeline::KeepSuspension(model::NextHop hop, bool suspended) {
  auto kept = std::make_shared<io::Completion<absl::Status>>(*io::Executor::Current());
  store_.PutSuspension(hop, suspended, [kept](absl::Status status) { kept->Set(status); });
  co_return co_await kept->Wait();
}

io::Task<absl::Status> Pipeline::SuspendQueue(model::NextHop hop) {
  if (hop.type == model::DeliveryType::kPoison) co_return NotNow(hop, "it always is suspended");
  if (model::IsSubmission(hop)) {
    const bool was = submission_suspended_.exchange(true);
    absl::Status kept = co_await KeepSuspension(std::move(hop), true);
    if (!kept.ok() && !was) {
      submission_suspended_ = false;
      LetGoSoon();
    }
    co_return kept;
  }
  Shard& shard = ShardOf(hop);
  absl::AnyInvocable<bool()> suspend = [&shard, hop] {
    const bool was = shard.queue().Suspended(hop);
    shard.queue().Suspend(hop);
    return was;
  };
  const auto was = co_await AskShard<bool>(shard, std::move(suspend));
  if (!was.ok()) co_return was.status();
  absl::Status kept = co_await KeepSuspension(hop, true);
  if (kept.ok()) {
    POSTERN_LOG(kInfo, "queue", "suspended by an administrator",
                {{"next_hop", hop.domain}, {"connector", hop.connector}});
  } else if (!*was) {
    // What is told as an error must not stand until the next start alone.
    absl::AnyInvocable<bool()> resume = [&shard, hop] { return shard.queue().Resume(hop); };
    (co_await AskShard<bool>(shard, std::move(resume))).IgnoreError();
  }
  co_return kept;
}

// The store first: what is resumed must not be suspended again after a crash.
io::Task<absl::Status> Pipeline::ResumeQueue(model::NextHop hop) {
  if (model::IsSubmission(hop)) {
    if (!submission_suspended_) co_return NotNow(hop, "it is not suspended");
    absl::Status kept = co_await KeepSuspension(hop, false);
    if (!kept.ok()) co_return kept;
    submission_suspended_ = false;
    LetGoSoon();
    co_return absl::OkStatus();
  }
  Shard& shard = ShardOf(hop);
  absl::AnyInvocable<bool()> look = [&shard, hop] { return shard.queue().Suspended(hop); };
  const auto suspended = co_await AskShard<bool>(shard, std::move(look));
  if (!suspended.ok()) co_return suspended.status();
  if (!*suspended) co_return NotNow(hop, "it is not suspended");
  absl::Status kept = co_await KeepSuspension(hop, false);
  if (!kept.ok()) co_return kept;
  absl::AnyInvocable<bool()> resume = [&shard, hop] {
    const bool was = shard.queue().Resume(hop);
    // What changed meanwhile did not move what was held.
    shard.RerouteSoon();
    return was;
  };
  const auto resumed = co_await AskShard<bool>(shard, std::move(resume));
  POSTERN_LOG(kInfo, "queue", "resumed by an administrator",
              {{"next_hop", hop.domain}, {"connector", hop.connector}});
  co_return resumed.status();
}

io::Task<absl::Status> Pipeline::RetryQueue(model::NextHop hop) {
  if (model::IsSubmission(hop)) co_return NotNow(hop, "it is not in Retry");
  Shard& shard = ShardOf(hop);
  absl::AnyInvocable<bool()> retry = [&shard, hop] {
    return !shard.queue().Suspended(hop) && shard.queue().RetryNow(hop);
  };
  const auto retried = co_await AskShard<bool>(shard, std::move(retry));
  if (!retried.ok()) co_return retried.status();
  if (!*retried) co_return NotNow(hop, "it is not in Retry");
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<Changed>> Pipeline::ChangeMessages(model::NextHop hop,
                                                           std::vector<base::MessageId> ids,
                                                           queue::Wish wish) {
  if (ids.size() > kChangeMax) {
    co_return base::Error(absl::StatusCode::kInvalidArgument, "messages: ", ids.size(),
                          " in one call, at most ", kChangeMax);
  }
  if (model::IsSubmission(hop)) co_return NotNow(hop, "its messages are not changed one by one");
  if (hop.type == model::DeliveryType::kPoison && wish == queue::Wish::kSuspend) {
    co_return NotNow(hop, "its messages always are suspended");
  }
  Shard& shard = ShardOf(hop);
  io::Task<Changed> change = shard.Change(std::move(hop), std::move(ids), wish);
  auto changed = co_await AskShardTask(shard, std::move(change), kChangeTimeout);
  if (changed.ok() && !changed->error.ok()) co_return changed->error;
  co_return changed;
}

}  // namespace postern::pipeline
