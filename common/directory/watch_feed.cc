#include "common/directory/watch_feed.h"

#include <utility>

namespace postern::directory {

namespace {

using Response = v1::WatchResourcesResponse;

Response Answer(Response::Type type, const ResourceIndex& index, std::size_t row) {
  Response response;
  response.set_type(type);
  *response.mutable_resource() = index.At(row);
  return response;
}

}  // namespace

std::optional<Response> WatchFeed::Next(const ResourceIndexPtr& now) {
  if (coming_ == nullptr) {
    if (told_ != nullptr && told_->snapshot().version() == now->snapshot().version()) {
      return std::nullopt;
    }
    if (auto first = Begin(now)) return first;
  }
  if (auto difference = NextDifference()) return difference;
  told_ = std::exchange(coming_, nullptr);
  return Synced();
}

// What goes before the resources of `now`: RESET to a watcher that has another directory.
std::optional<Response> WatchFeed::Begin(const ResourceIndexPtr& now) {
  coming_ = now;
  old_row_ = new_row_ = 0;
  if (std::exchange(begun_, true) || known_version_.empty()) return std::nullopt;
  if (known_version_ == now->snapshot().version()) {
    told_ = now;  // then nothing differs
    return std::nullopt;
  }
  Response reset;
  reset.set_type(Response::RESET);
  return reset;
}

// Both lists are in the order of their keys.
std::optional<Response> WatchFeed::NextDifference() {
  static const std::vector<ResourceIndex::Row> kNone;
  const auto& before = told_ == nullptr ? kNone : told_->rows();
  const auto& after = coming_->rows();
  while (old_row_ < before.size() || new_row_ < after.size()) {
    const bool only_old = new_row_ == after.size() ||
                          (old_row_ < before.size() && before[old_row_].key < after[new_row_].key);
    if (only_old) return Answer(Response::DELETED, *told_, old_row_++);
    const bool only_new = old_row_ == before.size() || after[new_row_].key < before[old_row_].key;
    if (only_new) return Answer(Response::ADDED, *coming_, new_row_++);
    const bool same = before[old_row_++].version == after[new_row_++].version;
    if (!same) return Answer(Response::MODIFIED, *coming_, new_row_ - 1);
  }
  return std::nullopt;
}

std::optional<Response> WatchFeed::Pulse() const {
  if (told_ == nullptr || coming_ != nullptr) return std::nullopt;
  return Synced();
}

Response WatchFeed::Synced() const {
  Response synced;
  synced.set_type(Response::SYNCED);
  synced.set_snapshot_version(told_->snapshot().version());
  return synced;
}

}  // namespace postern::directory
