// services/mailbox-transport/pipeline/on_the_way.h
//
// OnTheWay: how many messages are between two queues, so that a count of the queues misses none.
//
// Flow      Some before a message leaves its queue, or the place where it was known; its end once
//           the message is given to the next one. Who counts reads begun() before and after.
// Lifetime  Thread-safe; outlives every Some.
// See       Pipeline::QueuedNow

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace postern::pipeline {

class OnTheWay {
 public:
  class Some {
   public:
    explicit Some(OnTheWay& all, std::size_t messages = 1) : all_(all), left_(messages) {
      all_.now_ += left_;
      all_.begun_ += left_;
    }

    Some(const Some&) = delete;
    Some& operator=(const Some&) = delete;

    ~Some() { all_.now_ -= left_; }

    // One of them.
    void Arrived() {
      --left_;
      --all_.now_;
    }

   private:
    OnTheWay& all_;
    std::size_t left_;
  };

  std::uint64_t now() const { return now_; }

  // In all. When it has not changed, none has begun its way meanwhile.
  std::uint64_t begun() const { return begun_; }

 private:
  std::atomic<std::uint64_t> now_{0};
  std::atomic<std::uint64_t> begun_{0};
};

}  // namespace postern::pipeline
