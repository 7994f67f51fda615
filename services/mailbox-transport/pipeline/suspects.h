// services/mailbox-transport/pipeline/suspects.h
//
// Suspects: what was in hand at a crash goes on a few at a time, so that the next crash tells which
// of them it is.
//
// Flow      CountCrash of all that were in hand; then Add those of whom one more crash makes
//           poison, and Place what Next gives, again and again, until it is empty.
// Failure   None. A stop leaves those that still wait to the store.
// Lifetime  Borrows the store. One thread at a time, but for size().
// Limits    queue.poison_suspects in hand at a time; when none of them comes to an end for kStuck,
//           one more goes.
// See       docs/queues.md "Poison"

#pragma once

#include <atomic>
#include <deque>
#include <vector>

#include "absl/time/time.h"

#include "services/mailbox-transport/model/message_store.h"
#include "services/mailbox-transport/queue/settings.h"

namespace postern::pipeline {

// Counts the crash for each of them; but when more than queue.poison_suspects would be poison by
// it, not for those: nobody knows which of them it was. False then.
bool CountCrash(const queue::QueueSettings& settings,
                const std::vector<model::MessagePtr>& in_hand);

// It is at its threshold.
bool IsPoisonous(const queue::QueueSettings& settings, const model::Message& message);

class Suspects {
 public:
  static constexpr absl::Duration kLook = absl::Milliseconds(200);
  static constexpr absl::Duration kBegins = absl::Seconds(1);  // an attempt, once it may
  static constexpr absl::Duration kStuck = absl::Minutes(1);

  Suspects(model::MessageStore& store, const queue::QueueSettings& settings)
      : store_(store), settings_(settings) {}

  // One more crash would make it poison.
  bool AreMeant(const model::Message& message) const;

  void Add(model::MessagePtr message);

  // Those whose turn it is; every kLook, until size() is 0.
  std::vector<model::MessagePtr> Next(absl::Time now);

  std::size_t size() const { return waiting_count_; }

 private:
  model::MessageStore& store_;
  const queue::QueueSettings& settings_;
  std::deque<model::MessagePtr> waiting_;
  std::atomic<std::size_t> waiting_count_{0};

  struct Gone {
    base::MessageId id;
    absl::Time at;
  };

  std::vector<Gone> let_go_;  // and perhaps still in hand
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace postern::pipeline
