// services/mailbox-transport/queue/ready.h
//
// Ready: the due tickets of one next hop, first come first out in each priority.
//
// Flow      PushBack; Turn names the priority whose front is next; Spend when it was taken.
// Limits    Weighted, so that nothing starves: of kTurnsOfPriority tickets in a row where all
//           priorities wait, that many go for each.
// See       docs/queues.md "Priority"

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "services/mailbox-transport/model/priority.h"
#include "services/mailbox-transport/queue/places.h"

namespace postern::queue {

using ByPriority = std::array<std::size_t, model::kPriorities>;

// By number of the priority: Normal, High, Low.
inline constexpr std::array<std::uint8_t, model::kPriorities> kTurnsOfPriority = {4, 16, 1};

class Ready {
 public:
  bool empty() const { return size_ == 0; }

  std::size_t size() const { return size_; }

  const Fifo& of(model::Priority priority) const { return fifos_[Index(priority)]; }

  void PushBack(Place* place) {
    fifos_[Index(place->ticket.priority)].PushBack(place);
    ++size_;
  }

  void Remove(Place* place) {
    fifos_[Index(place->ticket.priority)].Remove(place);
    --size_;
  }

  // The highest priority that waits, has room and has turns left; all have theirs again when none
  // of these has one.
  std::optional<model::Priority> Turn(const ByPriority& room) {
    std::optional<model::Priority> first;
    for (const model::Priority priority : model::kPrioritiesByRank) {
      const std::size_t i = Index(priority);
      if (fifos_[i].empty() || room[i] == 0) continue;
      if (turns_[i] > 0) return priority;
      if (!first) first = priority;
    }
    if (first) turns_ = kTurnsOfPriority;
    return first;
  }

  void Spend(model::Priority priority) {
    if (turns_[Index(priority)] > 0) --turns_[Index(priority)];
  }

 private:
  static std::size_t Index(model::Priority priority) { return static_cast<std::size_t>(priority); }

  std::array<Fifo, model::kPriorities> fifos_;
  std::size_t size_ = 0;
  std::array<std::uint8_t, model::kPriorities> turns_ = kTurnsOfPriority;
};

}  // namespace postern::queue
