// services/mailbox-transport/pipeline/at_hand.h
//
// AtHand: messages that are in memory, by id, so that the tickets of one message share one object.
//
// Flow      FindOrLoad; when it gives nothing read the store, then Loaded or NotLoaded. Note for a
//           message that does not come from the store.
// Lifetime  Holds no message alive, but while one of the same id is being loaded: the load may
//           have read a state that is settled meanwhile. Thread-safe.
// Limits    One entry for each message in memory that has several recipients or a state that is not
//           written yet, and for each load; swept as it grows.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "services/mailbox-transport/model/message.h"

namespace postern::pipeline {

class AtHand {
 public:
  model::MessagePtr Find(base::MessageId id) const;

  // The message, or null: then a load has begun, which Loaded or NotLoaded ends.
  model::MessagePtr FindOrLoad(base::MessageId id);
  // As Note.
  model::MessagePtr Loaded(model::MessagePtr message);
  void NotLoaded(base::MessageId id);

  // Notes `message`, unless one of its id is there: then that one is returned. Messages with one
  // recipient have one ticket and are not noted.
  model::MessagePtr Note(model::MessagePtr message);
  // A message whose state the store does not have yet: while somebody holds it, it is not loaded.
  void NoteUnwritten(const model::MessagePtr& message);

 private:
  struct Place {
    std::weak_ptr<model::Message> message;
    model::MessagePtr held;  // while there are loads
    std::uint32_t loads = 0;
  };

  model::MessagePtr NoteLocked(model::MessagePtr message);
  void EndLoad(base::MessageId id);
  void Sweep();

  mutable std::mutex mutex_;
  std::unordered_map<base::MessageId, Place> messages_;
  std::size_t sweep_at_ = 1024;
};

}  // namespace postern::pipeline
