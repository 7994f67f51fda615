#include "services/mailbox-transport/store/key_table.h"

#include "common/base/text.h"
#include "postern/v1/store.pb.h"

namespace postern::store {

std::string EncodeKey(const KeyState& state) {
  v1::StoredKey stored;
  stored.set_message_id(state.record.id.value);
  stored.set_content_hash(state.record.content_hash);
  stored.set_internet_message_id(state.record.internet_message_id);
  if (state.settled != absl::InfiniteFuture()) {
    stored.set_settled_unix_ms(absl::ToUnixMillis(state.settled));
  }
  return stored.SerializeAsString();
}

absl::StatusOr<KeyState> DecodeKey(std::string_view bytes) {
  v1::StoredKey stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the record is not an idempotency key");
  }
  KeyState state;
  state.record.id = base::MessageId{stored.message_id()};
  state.record.content_hash = stored.content_hash();
  state.record.internet_message_id = stored.internet_message_id();
  if (stored.settled_unix_ms() != 0) state.settled = absl::FromUnixMillis(stored.settled_unix_ms());
  return state;
}

bool KeyTable::Expired(const Held& held, absl::Time now) const {
  return held.state.settled != absl::InfiniteFuture() && now - held.state.settled >= retention_;
}

void KeyTable::Restore(std::string name, KeyState state) {
  const std::lock_guard lock(mutex_);
  if (state.settled != absl::InfiniteFuture()) settled_.emplace_back(state.settled, name);
  keys_[std::move(name)] = Held{std::move(state), true};
}

absl::Status KeyTable::Reserve(const std::string& name,
                               const model::KeyRecord& record,
                               absl::Time now) {
  const std::lock_guard lock(mutex_);
  const auto it = keys_.find(name);
  if (it != keys_.end() && !Expired(it->second, now)) {
    return base::Error(absl::StatusCode::kAlreadyExists,
                       "the idempotency key is in use by message ",
                       it->second.state.record.id.ToString());
  }
  if (it == keys_.end() && keys_.size() >= keys_max_ && !ForgetOldest()) {
    const bool refuses = when_full_ == WhenFull::kRefuse;
    return base::Error(absl::StatusCode::kResourceExhausted,
                       refuses ? "store.keys_max: " : "store.relay_keys_max: ", keys_max_,
                       refuses ? " idempotency keys are remembered already"
                               : " messages that were relayed are not settled yet");
  }
  keys_[name] = Held{KeyState{record, absl::InfiniteFuture()}, false};
  return absl::OkStatus();
}

bool KeyTable::ForgetOldest() {
  if (when_full_ == WhenFull::kRefuse) return false;
  while (!settled_.empty()) {
    const auto [settled, name] = std::move(settled_.front());
    settled_.pop_front();
    const auto it = keys_.find(name);
    // A key that was used again since then has a later place, or none yet.
    if (it == keys_.end() || it->second.state.settled != settled) continue;
    keys_.erase(it);
    forgotten_.push_back(name);
    return true;
  }
  return false;
}

void KeyTable::Confirm(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto it = keys_.find(name);
  if (it != keys_.end()) it->second.confirmed = true;
}

void KeyTable::Release(const std::string& name) {
  const std::lock_guard lock(mutex_);
  keys_.erase(name);
}

std::optional<model::KeyRecord> KeyTable::Find(const std::string& name, absl::Time now) const {
  const std::lock_guard lock(mutex_);
  const auto it = keys_.find(name);
  if (it == keys_.end() || !it->second.confirmed || Expired(it->second, now)) return std::nullopt;
  return it->second.state.record;
}

std::optional<KeyState> KeyTable::Settle(const std::string& name,
                                         base::MessageId id,
                                         absl::Time now) {
  const std::lock_guard lock(mutex_);
  const auto it = keys_.find(name);
  if (it == keys_.end() || it->second.state.record.id != id) return std::nullopt;
  it->second.state.settled = now;
  settled_.emplace_back(now, name);
  return it->second.state;
}

std::vector<std::string> KeyTable::TakeExpired(absl::Time now, std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  while (!forgotten_.empty() && names.size() < count) {
    // Used again since then: what is on disk is the new one.
    if (keys_.count(forgotten_.back()) == 0) names.push_back(std::move(forgotten_.back()));
    forgotten_.pop_back();
  }
  while (!settled_.empty() && names.size() < count && now - settled_.front().first >= retention_) {
    std::string name = std::move(settled_.front().second);
    settled_.pop_front();
    // A key that is used again since then lives on.
    const auto it = keys_.find(name);
    if (it == keys_.end() || !Expired(it->second, now)) continue;
    keys_.erase(it);
    names.push_back(std::move(name));
  }
  return names;
}

std::size_t KeyTable::size() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace postern::store
