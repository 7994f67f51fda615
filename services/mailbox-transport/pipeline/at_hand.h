// services/mailbox-transport/pipeline/at_hand.h
//
// AtHand: messages that are in memory, by id, so that the tickets of one message share one object.
//
// Lifetime  Holds no message alive. Thread-safe.
// Limits    One entry for each message with several recipients that is in memory; swept as it
//           grows.

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "services/mailbox-transport/model/message.h"

namespace postern::pipeline {

class AtHand {
 public:
  model::MessagePtr Find(base::MessageId id) const;

  // Notes `message`, unless one of its id is there: then that one is returned. Messages with one
  // recipient have one ticket and are not noted.
  model::MessagePtr Note(model::MessagePtr message);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<base::MessageId, std::weak_ptr<model::Message>> messages_;
  std::size_t sweep_at_ = 1024;
};

}  // namespace postern::pipeline
