#include "services/mailbox-transport/pipeline/suspects.h"

#include <algorithm>
#include <utility>

namespace postern::pipeline {

namespace {

// What `more` crashes would make it poison.
bool Reaches(const queue::QueueSettings& settings, const model::Message& message, unsigned more) {
  return *settings.poison_message_detection_enabled &&
         message.crashes + more >= static_cast<std::uint32_t>(*settings.poison_threshold);
}

}  // namespace

bool CountCrash(const queue::QueueSettings& settings,
                const std::vector<model::MessagePtr>& in_hand) {
  const auto reach = [&settings](const model::MessagePtr& message) {
    return Reaches(settings, *message, 1);
  };
  const bool few =
      std::count_if(in_hand.begin(), in_hand.end(), reach) <= *settings.poison_suspects;
  for (const model::MessagePtr& message : in_hand) {
    if (few || !reach(message)) ++message->crashes;
  }
  return few;
}

bool IsPoisonous(const queue::QueueSettings& settings, const model::Message& message) {
  return Reaches(settings, message, 0);
}

bool Suspects::AreMeant(const model::Message& message) const {
  return Reaches(settings_, message, 1) && !Reaches(settings_, message, 0);
}

void Suspects::Add(model::MessagePtr message) {
  waiting_.push_back(std::move(message));
  waiting_count_ = waiting_.size();
}

std::vector<model::MessagePtr> Suspects::Next(absl::Time now) {
  std::erase_if(let_go_, [this, now](const Gone& gone) {
    return now - gone.at >= kBegins && !store_.IsInHand(gone.id);
  });
  const std::size_t most = static_cast<std::size_t>(*settings_.poison_suspects);
  std::size_t room = most - std::min(most, let_go_.size());
  if (room == 0 && now - last_ >= kStuck) room = 1;
  std::vector<model::MessagePtr> next;
  for (; room > 0 && !waiting_.empty(); --room) {
    let_go_.push_back({waiting_.front()->id, now});
    next.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    last_ = now;
  }
  waiting_count_ = waiting_.size();
  return next;
}

}  // namespace postern::pipeline
