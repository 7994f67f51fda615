// services/mailbox-transport/store/change.h
//
// Change: one key that a commit writes or removes.
//
// Lifetime  A part of a body is shared until the change is written, not copied.
// See       docs/data.md

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postern::store {

enum class Family : std::uint8_t { kDefault = 0, kMessage = 1, kBody = 2, kMeta = 3 };
inline constexpr std::size_t kFamilies = 4;

constexpr std::size_t IndexOf(Family family) {
  return static_cast<std::size_t>(family);
}

struct Change {
  enum class Kind : std::uint8_t { kPut, kDelete, kSingleDelete };

  Kind kind = Kind::kPut;
  Family family = Family::kMessage;
  std::string key;
  std::string head;                           // of the value: version and checksum
  std::string owned;                          // the payload,
  std::shared_ptr<const std::string> shared;  // or a part of this
  std::size_t offset = 0;
  std::size_t length = 0;

  std::string_view payload() const;

  std::size_t bytes() const { return key.size() + head.size() + payload().size() + 16; }

  static Change Put(Family family, std::string key, std::string payload);
  static Change PutPart(Family family,
                        std::string key,
                        std::shared_ptr<const std::string> body,
                        std::size_t offset,
                        std::size_t length);
  static Change Delete(Family family, std::string key);
  static Change SingleDelete(Family family, std::string key);
};

}  // namespace postern::store
