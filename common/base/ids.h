// common/base/ids.h
//
// MessageId: the 64-bit, time-ordered name of a message; written in decimal, as Exchange writes it.
//
// Flow      Next() hands out ids above every earlier one, across restarts when seeded with the
//           last id.
// Limits    41 bits of milliseconds, 20 bits of count: over a million ids a millisecond.

#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postern::base {

struct MessageId {
  std::uint64_t value = 0;

  auto operator<=>(const MessageId&) const = default;

  std::string ToString() const { return std::to_string(value); }

  // When it was given out; later only where a clock was set back.
  std::int64_t unix_ms() const { return static_cast<std::int64_t>(value >> 20); }

  // Eight bytes, most significant first, so that the order of keys is the order of time.
  std::string ToKey() const;
  static std::optional<MessageId> FromKey(std::string_view key);
  static std::optional<MessageId> Parse(std::string_view text);
};

// Not thread-safe: one owner.
class MessageIdSource {
 public:
  explicit MessageIdSource(MessageId after = MessageId()) : last_(after.value) {}

  MessageId Next(std::int64_t unix_ms);

 private:
  std::uint64_t last_;
};

}  // namespace postern::base

template <>
struct std::hash<postern::base::MessageId> {
  std::size_t operator()(const postern::base::MessageId& id) const {
    return std::hash<std::uint64_t>()(id.value);
  }
};
