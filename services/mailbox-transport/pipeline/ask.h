// services/mailbox-transport/pipeline/ask.h
//
// AskShard: a question to one shard from any executor, answered on the shard's own.
//
// Flow      co_await AskShard<T>(shard, question) when it can be answered at once;
//           co_await AskShardTask<T>(shard, task) when the answer is the result of a task there.
// Failure   kUnavailable: the shard does not answer within the time. What was asked for may still
//           happen.
// Lifetime  Question and task must not use what their asker may lose while it waits.
// Limits    kShardAnswer, or what the asker says.

#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/completion.h"
#include "common/io/task.h"
#include "services/mailbox-transport/pipeline/shard.h"

namespace postern::pipeline {

inline constexpr absl::Duration kShardAnswer = absl::Seconds(30);

template <typename T>
using Answer = std::shared_ptr<io::Completion<T>>;

// For a question that sets the answer in its time.
template <typename T>
io::Task<absl::StatusOr<T>> AskShardLater(Shard& shard,
                                          absl::AnyInvocable<void(Answer<T>)> question,
                                          absl::Duration within = kShardAnswer) {
  auto answer = std::make_shared<io::Completion<T>>(*io::Executor::Current());
  shard.executor().Post([question = std::move(question), answer]() mutable { question(answer); });
  std::optional<T> got = co_await answer->Until(within);
  if (got) co_return *std::move(got);
  co_return absl::UnavailableError("a part of the queue does not answer, try again");
}

template <typename T>
io::Task<absl::StatusOr<T>> AskShard(Shard& shard,
                                     absl::AnyInvocable<T()> question,
                                     absl::Duration within = kShardAnswer) {
  absl::AnyInvocable<void(Answer<T>)> later =
      [question = std::move(question)](const Answer<T>& answer) mutable {
        answer->Set(question());
      };
  co_return co_await AskShardLater<T>(shard, std::move(later), within);
}

template <typename T>
io::Task<void> AnswerWith(io::Task<T> task, Answer<T> answer) {
  answer->Set(co_await std::move(task));
}

// `task` begins on the shard, in the background.
template <typename T>
io::Task<absl::StatusOr<T>> AskShardTask(Shard& shard,
                                         io::Task<T> task,
                                         absl::Duration within = kShardAnswer) {
  absl::AnyInvocable<void(Answer<T>)> later = [&shard,
                                               task = std::move(task)](Answer<T> answer) mutable {
    shard.Spawn(AnswerWith<T>(std::move(task), std::move(answer)));
  };
  co_return co_await AskShardLater<T>(shard, std::move(later), within);
}

}  // namespace postern::pipeline
