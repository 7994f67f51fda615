#include "services/mailbox-transport/pipeline/shard_shared.h"

#include <utility>

namespace postern::pipeline {

namespace {

// Recipients of messages that were routed again and are not written yet.
constexpr std::size_t kUnwrittenMax = 16384;

}  // namespace

void ShardShared::Write(const model::MessagePtr& message, model::MessageStore::Done done) const {
  model::Settlement settlement{.message = message, .in_hand = false};
  // Until the store has the new state nobody may load the old one: the message stays at hand.
  at_hand.NoteUnwritten(message);
  store.Settle(std::move(settlement),
               [message, done = std::move(done)](absl::Status status) mutable {
                 if (done != nullptr) done(std::move(status));
               });
}

void ShardShared::WriteRouted(const model::MessagePtr& message) const {
  // While the store is full it has room for what settles a message; the old hop is as good a start.
  if (store.full()) return;
  const std::size_t weight = message->recipients.size();
  *unwritten += weight;
  Write(message, [counted = unwritten, weight](const absl::Status&) { *counted -= weight; });
}

bool ShardShared::TooMuchUnwritten() const {
  return *unwritten > kUnwrittenMax && !store.full();
}

}  // namespace postern::pipeline
