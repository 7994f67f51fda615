// services/mailbox-transport/model/priority.h
//
// Priority: which of the messages of one next hop go first.
//
// See       Exchange's priority queuing; docs/queues.md

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::model {

// Stored and relayed as numbers: never renumber.
enum class Priority : std::uint8_t { kNormal = 0, kHigh = 1, kLow = 2 };

inline constexpr std::size_t kPriorities = 3;

// The first one first.
inline constexpr std::array<Priority, kPriorities> kPrioritiesByRank = {
    Priority::kHigh, Priority::kNormal, Priority::kLow};

constexpr std::string_view NameOf(Priority priority) {
  constexpr std::array<std::string_view, kPriorities> kNames = {"Normal", "High", "Low"};
  return kNames[static_cast<std::size_t>(priority)];
}

}  // namespace postern::model
