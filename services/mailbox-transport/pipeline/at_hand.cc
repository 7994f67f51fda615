#include "services/mailbox-transport/pipeline/at_hand.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace postern::pipeline {

model::MessagePtr AtHand::Find(base::MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : found->second.message.lock();
}

model::MessagePtr AtHand::FindOrLoad(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  Place& place = messages_[id];
  model::MessagePtr there = place.message.lock();
  if (there == nullptr) ++place.loads;
  return there;
}

model::MessagePtr AtHand::Loaded(model::MessagePtr message) {
  const base::MessageId id = message->id;
  const std::lock_guard lock(mutex_);
  model::MessagePtr noted = NoteLocked(std::move(message));
  EndLoad(id);
  return noted;
}

void AtHand::NotLoaded(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  EndLoad(id);
}

model::MessagePtr AtHand::Note(model::MessagePtr message) {
  const std::lock_guard lock(mutex_);
  return NoteLocked(std::move(message));
}

void AtHand::NoteUnwritten(const model::MessagePtr& message) {
  const std::lock_guard lock(mutex_);
  Place& place = messages_[message->id];
  place.message = message;
  if (place.loads > 0) place.held = message;
  Sweep();
}

model::MessagePtr AtHand::NoteLocked(model::MessagePtr message) {
  if (message->envelope.recipients.size() < 2) return message;
  Place& place = messages_[message->id];
  if (model::MessagePtr there = place.message.lock()) return there;
  place.message = message;
  // Who is still loading may have read an older state: what is noted now must be there for them.
  if (place.loads > 0) place.held = message;
  Sweep();
  return message;
}

void AtHand::EndLoad(base::MessageId id) {
  const auto found = messages_.find(id);
  POSTERN_CHECK(found != messages_.end() && found->second.loads > 0);
  Place& place = found->second;
  if (--place.loads > 0) return;
  place.held = nullptr;
  if (place.message.expired()) messages_.erase(found);
}

void AtHand::Sweep() {
  if (messages_.size() <= sweep_at_) return;
  std::erase_if(messages_, [](const auto& entry) {
    return entry.second.loads == 0 && entry.second.message.expired();
  });
  sweep_at_ = std::max<std::size_t>(1024, 2 * messages_.size());
}

}  // namespace postern::pipeline
