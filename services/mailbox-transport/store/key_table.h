// services/mailbox-transport/store/key_table.h
//
// KeyTable: the idempotency keys in memory; `meta` has the same, written by the store.
//
// Flow      Reserve before the commit, Confirm or Release after it; Settle starts the time to live;
//           TakeExpired gives a slice of those whose time is over.
// Limits    keys_max keys; beyond it a new one is refused, or takes the place of the one that is
//           settled for longest. Where it is refused one owner, which is a name up to its NUL, has
//           no more than three quarters of them. Thread-safe. A key that is reserved but not
//           confirmed is not found.

#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/model/message_store.h"

namespace postern::store {

// What `meta` holds of a key.
struct KeyState {
  model::KeyRecord record;
  absl::Time settled = absl::InfiniteFuture();  // infinite while the message is not settled
};

std::string EncodeKey(const KeyState& state);
absl::StatusOr<KeyState> DecodeKey(std::string_view bytes);

class KeyTable {
 public:
  enum class WhenFull : std::uint8_t { kRefuse, kForgetOldest };

  KeyTable(absl::Duration retention, std::size_t keys_max, WhenFull when_full = WhenFull::kRefuse)
      : retention_(retention), keys_max_(keys_max), when_full_(when_full) {}

  // From disk, at start. `name` is the key in `meta`.
  void Restore(std::string name, KeyState state, absl::Time now);

  // kAlreadyExists when it is known, kResourceExhausted when there are too many that may not be
  // forgotten.
  absl::Status Reserve(const std::string& name, const model::KeyRecord& record, absl::Time now);
  void Confirm(const std::string& name);
  void Release(const std::string& name);

  std::optional<model::KeyRecord> Find(const std::string& name, absl::Time now) const;

  // The state to write, when the key is known and belongs to `id`.
  std::optional<KeyState> Settle(const std::string& name, base::MessageId id, absl::Time now);

  // At most `count` names that are forgotten now or were to make room.
  std::vector<std::string> TakeExpired(absl::Time now, std::size_t count);

  std::size_t size() const;

 private:
  struct Held {
    KeyState state;
    bool confirmed = false;
  };

  using Keys = std::unordered_map<std::string, Held>;

  bool Expired(const Held& held, absl::Time now) const;
  absl::Status RoomFor(const std::string& name);
  // Those whose time is over make room at once; they are on disk until TakeExpired.
  void Sweep(absl::Time now);
  Keys::iterator Take(const std::string& name);
  void Erase(Keys::iterator key);
  // Makes room for one more; false when none is settled.
  bool ForgetOldest();

  const absl::Duration retention_;
  const std::size_t keys_max_;
  const WhenFull when_full_;
  mutable std::mutex mutex_;
  Keys keys_;
  std::unordered_map<std::string, std::size_t> owners_;     // how many of keys_ each has
  std::deque<std::pair<absl::Time, std::string>> settled_;  // about in the order of time
  std::vector<std::string> forgotten_;                      // still on disk
};

}  // namespace postern::store
