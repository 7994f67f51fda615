#include "common/base/ids.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::base {

std::string MessageId::ToKey() const {
  std::string key(8, '\0');
  for (int i = 0; i < 8; ++i)
    key[static_cast<std::size_t>(i)] = static_cast<char>(value >> (56 - 8 * i));
  return key;
}

std::optional<MessageId> MessageId::FromKey(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  MessageId id;
  for (const char c : key)
    id.value = id.value << 8 | static_cast<unsigned char>(c);
  return id;
}

std::optional<MessageId> MessageId::Parse(std::string_view text) {
  const auto value = ParseUnsigned(text);
  if (!value) return std::nullopt;
  return MessageId{*value};
}

MessageId MessageIdSource::Next(std::int64_t unix_ms) {
  const std::uint64_t now = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms, 0)) << 20;
  last_ = std::max(last_ + 1, now);
  return MessageId{last_};
}

}  // namespace postern::base
