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

namespace {

std::string OwnerOf(const std::string& name) {
  return name.substr(0, name.find('\0'));
}

}  // namespace

bool KeyTable::Expired(const Held& held, absl::Time now) const {
  return held.state.settled != absl::InfiniteFuture() && now - held.state.settled >= retention_;
}

void KeyTable::Restore(std::string name, KeyState state, absl::Time now) {
  const std::lock_guard lock(mutex_);
  if (Expired(Held{state, true}, now)) return forgotten_.push_back(std::move(name));
  if (state.settled != absl::InfiniteFuture()) settled_.emplace_back(state.settled, name);
  Take(name)->second = Held{std::move(state), true};
}

KeyTable::Keys::iterator KeyTable::Take(const std::string& name) {
  const auto [it, added] = keys_.try_emplace(name);
  if (added && when_full_ == WhenFull::kRefuse) ++owners_[OwnerOf(name)];
  return it;
}

void KeyTable::Erase(Keys::iterator key) {
  if (const auto owner = owners_.find(OwnerOf(key->first)); owner != owners_.end()) {
    if (--owner->second == 0) owners_.erase(owner);
  }
  keys_.erase(key);
}

// What one application leaves behind must not shut out all others.
absl::Status KeyTable::RoomFor(const std::string& name) {
  if (when_full_ == WhenFull::kForgetOldest) {
    if (keys_.size() < keys_max_ || ForgetOldest()) return absl::OkStatus();
    return base::Error(absl::StatusCode::kResourceExhausted, "store.relay_keys_max: ", keys_max_,
                       " messages that were relayed are not settled yet");
  }
  const auto owner = owners_.find(OwnerOf(name));
  const std::size_t owned = owner == owners_.end() ? 0 : owner->second;
  if (owned > 0 && owned >= keys_max_ - keys_max_ / 4) {
    return base::Error(absl::StatusCode::kResourceExhausted, "store.keys_max: ", owned, " of ",
                       keys_max_, " idempotency keys are this identity's");
  }
  if (keys_.size() < keys_max_) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "store.keys_max: ", keys_max_,
                     " idempotency keys are remembered already");
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
  if (it == keys_.end()) {
    Sweep(now);
    absl::Status room = RoomFor(name);
    if (!room.ok()) return room;
  }
  Take(name)->second = Held{KeyState{record, absl::InfiniteFuture()}, false};
  return absl::OkStatus();
}

bool KeyTable::ForgetOldest() {
  while (!settled_.empty()) {
    const auto [settled, name] = std::move(settled_.front());
    settled_.pop_front();
    const auto it = keys_.find(name);
    // A key that was used again since then has a later place, or none yet.
    if (it == keys_.end() || it->second.state.settled != settled) continue;
    Erase(it);
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
  if (const auto it = keys_.find(name); it != keys_.end()) Erase(it);
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

void KeyTable::Sweep(absl::Time now) {
  while (!settled_.empty() && now - settled_.front().first >= retention_) {
    std::string name = std::move(settled_.front().second);
    settled_.pop_front();
    // A key that is used again since then lives on.
    const auto it = keys_.find(name);
    if (it == keys_.end() || !Expired(it->second, now)) continue;
    Erase(it);
    forgotten_.push_back(std::move(name));
  }
}

std::vector<std::string> KeyTable::TakeExpired(absl::Time now, std::size_t count) {
  const std::lock_guard lock(mutex_);
  Sweep(now);
  std::vector<std::string> names;
  while (!forgotten_.empty() && names.size() < count) {
    // Used again since then: what is on disk is the new one.
    if (!keys_.contains(forgotten_.back())) names.push_back(std::move(forgotten_.back()));
    forgotten_.pop_back();
  }
  return names;
}

std::size_t KeyTable::size() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace postern::store
