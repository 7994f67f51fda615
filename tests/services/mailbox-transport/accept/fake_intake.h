// tests/services/mailbox-transport/accept/fake_intake.h
//
// FakeIntake: keeps in memory what accept hands over, and answers as it is told.

#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "services/mailbox-transport/model/intake.h"

namespace postern::accept::testing {

class FakeIntake final : public model::Intake {
 public:
  struct Kept {
    model::Message message;
    std::string content;  // with the stamp
  };

  base::MessageId NextId() override {
    const std::lock_guard lock(mutex_);
    return base::MessageId{++last_};
  }

  void PutChunk(base::MessageId id,
                std::uint32_t number,
                std::string bytes,
                absl::AnyInvocable<void(absl::Status)> done) override {
    absl::Status answer;
    {
      const std::lock_guard lock(mutex_);
      chunk_bytes.push_back(bytes.size());
      answer = chunk_answer;
      if (answer.ok()) chunks_[{id.value, number}] = std::move(bytes);
      if (hold) {
        held.push_back([done = std::move(done), answer]() mutable { done(answer); });
        return;
      }
    }
    done(answer);
  }

  void DropChunks(base::MessageId id, std::uint32_t chunks) override {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t number = 0; number < chunks; ++number)
      chunks_.erase({id.value, number});
  }

  void Accept(model::MessagePtr message, Done done) override {
    const std::lock_guard lock(mutex_);
    if (!accept_answer.ok()) return done(accept_answer);
    Kept kept;
    kept.message = *message;
    if (message->body != nullptr) {
      kept.content = *message->body;
    } else {
      for (std::uint32_t number = 0; number < message->chunks; ++number) {
        kept.content += chunks_[{message->id.value, number}];
      }
    }
    messages.push_back(std::move(kept));
    const model::Receipt receipt{message->id, message->internet_message_id, false};
    if (hold) {
      held.push_back([done = std::move(done), receipt]() mutable { done(receipt); });
    } else {
      done(receipt);
    }
  }

  absl::Status Ready(model::Submitter) const override {
    const std::lock_guard lock(mutex_);
    return ready_answer;
  }

  absl::Duration Hold() const override { return hold_mail; }

  std::size_t chunks_left() const {
    const std::lock_guard lock(mutex_);
    return chunks_.size();
  }

  std::size_t chunks_put() const {
    const std::lock_guard lock(mutex_);
    return chunk_bytes.size();
  }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return messages.size();
  }

  absl::Status ready_answer;
  absl::Duration hold_mail = absl::ZeroDuration();
  absl::Status chunk_answer;
  absl::Status accept_answer;
  bool hold = false;  // no receipt until the test calls what is held
  std::vector<absl::AnyInvocable<void()>> held;
  std::vector<Kept> messages;
  std::vector<std::size_t> chunk_bytes;

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_ = 1000;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::string> chunks_;
};

}  // namespace postern::accept::testing
