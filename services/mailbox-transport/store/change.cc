#include "services/mailbox-transport/store/change.h"

#include <utility>

#include "services/mailbox-transport/store/value.h"

namespace postern::store {

std::string_view Change::payload() const {
  if (shared == nullptr) return owned;
  return std::string_view(*shared).substr(offset, length);
}

Change Change::Put(Family family, std::string key, std::string payload) {
  Change change{.kind = Kind::kPut, .family = family};
  const auto head = ValueHead(key, payload);
  change.head.assign(head.data(), head.size());
  change.key = std::move(key);
  change.owned = std::move(payload);
  return change;
}

Change Change::PutPart(Family family,
                       std::string key,
                       std::shared_ptr<const std::string> body,
                       std::size_t offset,
                       std::size_t length) {
  Change change{.kind = Kind::kPut, .family = family};
  const auto head = ValueHead(key, std::string_view(*body).substr(offset, length));
  change.head.assign(head.data(), head.size());
  change.key = std::move(key);
  change.shared = std::move(body);
  change.offset = offset;
  change.length = length;
  return change;
}

Change Change::Delete(Family family, std::string key) {
  return Change{.kind = Kind::kDelete, .family = family, .key = std::move(key)};
}

Change Change::SingleDelete(Family family, std::string key) {
  return Change{.kind = Kind::kSingleDelete, .family = family, .key = std::move(key)};
}

}  // namespace postern::store
