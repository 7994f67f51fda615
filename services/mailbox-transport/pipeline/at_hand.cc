#include "services/mailbox-transport/pipeline/at_hand.h"

#include <algorithm>

namespace postern::pipeline {

model::MessagePtr AtHand::Find(base::MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : found->second.lock();
}

model::MessagePtr AtHand::Note(model::MessagePtr message) {
  if (message->envelope.recipients.size() < 2) return message;
  const std::lock_guard lock(mutex_);
  auto& place = messages_[message->id];
  if (model::MessagePtr there = place.lock()) return there;
  place = message;
  if (messages_.size() > sweep_at_) {
    std::erase_if(messages_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, 2 * messages_.size());
  }
  return message;
}

}  // namespace postern::pipeline
