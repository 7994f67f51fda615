#include "services/mailbox-transport/store/rocks_store.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/database.h"
#include "services/mailbox-transport/store/value.h"

namespace postern::store {

namespace {

constexpr std::size_t kExpiredKeysPerCommit = 16;
constexpr std::size_t kUsualChanges = 4;
constexpr absl::Duration kTellEvery = absl::Minutes(1);
// Ids up to this far ahead are marked in one write: a minute of them.
constexpr std::uint64_t kIdMarkStep = std::uint64_t{60'000} << 20;

std::string KeyNameOf(const model::Message& message) {
  const auto [identity, key] = model::KeyOf(message);
  return key.empty() ? std::string() : IdempotencyKey(identity, key);
}

absl::Status Invalid(base::MessageId id, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "message ", id.ToString(), ": ", rule);
}

}  // namespace

absl::Duration RocksStore::TakeLongestWait() {
  return commits_->TakeLongestWait();
}

bool RocksStore::full() const {
  return commits_->full();
}

const std::string& RocksStore::database_id() const {
  return database_->id();
}

base::MessageId RocksStore::NextId() {
  const std::lock_guard lock(ids_mutex_);
  return ids_.Next(absl::ToUnixMillis(clock_.Now()));
}

void RocksStore::MarkInHand(base::MessageId id) {
  in_hand_->Mark(id);
}

void RocksStore::ClearInHand(base::MessageId id) {
  in_hand_->Clear(id);
}

bool RocksStore::IsInHand(base::MessageId id) const {
  return in_hand_->Has(id);
}

std::optional<model::KeyRecord> RocksStore::FindKey(const std::string& identity,
                                                    const std::string& key) {
  const std::string name = IdempotencyKey(identity, key);
  return TableOf(name).Find(name, clock_.Now());
}

KeyTable& RocksStore::TableOf(std::string_view key_name) {
  return key_name.starts_with(kRelayPrefix) ? relay_keys_ : keys_;
}

void RocksStore::PutChunk(base::MessageId id, std::uint32_t number, std::string bytes, Done done) {
  Commit commit{.urgency = Commit::Urgency::kPrompt, .changes = {}, .done = nullptr};
  {
    const std::lock_guard lock(uploads_mutex_);
    Upload& upload = uploads_[id];
    const bool in_order = number == upload.chunks && bytes.size() <= model::kChunkBytes;
    if (in_order && !upload.failed) {
      ++upload.chunks;
      // The note tells the next start which chunks may be without a message.
      if (number == 0) commit.changes.push_back(Change::Put(Family::kMeta, UploadKey(id), ""));
      std::string key = ChunkKey(id, number);
      commit.changes.push_back(Change::Put(Family::kBody, std::move(key), std::move(bytes)));
    } else {
      upload.failed = true;
    }
  }
  const bool refused = commit.changes.empty();
  commit.done = [this, id, refused, done = std::move(done)](absl::Status status) mutable {
    if (refused && status.ok()) status = Invalid(id, "a chunk is out of order or too large");
    if (!status.ok()) {
      const std::lock_guard lock(uploads_mutex_);
      const auto it = uploads_.find(id);
      if (it != uploads_.end()) it->second.failed = true;
    }
    if (done != nullptr) done(std::move(status));
  };
  commits_->Add(std::move(commit));
}

void RocksStore::DropChunks(base::MessageId id, std::uint32_t chunks) {
  Commit commit;
  {
    const std::lock_guard lock(uploads_mutex_);
    const auto it = uploads_.find(id);
    if (it == uploads_.end()) return;  // already dropped, or a message holds them
    chunks = it->second.chunks;
    uploads_.erase(it);
  }
  for (std::uint32_t number = 0; number < chunks; ++number) {
    commit.changes.push_back(Change::SingleDelete(Family::kBody, ChunkKey(id, number)));
  }
  commit.changes.push_back(Change::Delete(Family::kMeta, UploadKey(id)));
  commits_->Add(std::move(commit));
}

absl::Status RocksStore::AddMessage(model::Message& message, std::vector<Change>& changes) {
  bool uploaded = false;
  {
    const std::lock_guard lock(uploads_mutex_);
    const auto it = uploads_.find(message.id);
    uploaded = it != uploads_.end();
    if (uploaded && (it->second.failed || it->second.chunks != message.chunks)) {
      return Invalid(message.id, "its chunks are not the ones that were written");
    }
  }
  if (message.recipients.size() != message.envelope.recipients.size() ||
      message.recipients.empty()) {
    return Invalid(message.id, "it needs recipients, each with its state");
  }
  if (uploaded) {
    changes.push_back(Change::Delete(Family::kMeta, UploadKey(message.id)));
  } else {
    const std::size_t size = message.body == nullptr ? 0 : message.body->size();
    message.chunks = 0;
    for (std::size_t at = 0; at < size; at += model::kChunkBytes) {
      const std::size_t length = std::min(model::kChunkBytes, size - at);
      changes.push_back(Change::PutPart(Family::kBody, ChunkKey(message.id, message.chunks++),
                                        message.body, at, length));
    }
  }
  changes.push_back(
      Change::Put(Family::kMessage, message.id.ToKey(), model::EncodeMessage(message)));
  return absl::OkStatus();
}

// A clock that is set back must not make ids that were used before.
void RocksStore::AddIdMark(base::MessageId id, std::vector<Change>& changes) {
  const std::lock_guard lock(ids_mutex_);
  if (id.value <= id_mark_) return;
  id_mark_ = id.value + kIdMarkStep;
  changes.push_back(
      Change::Put(Family::kMeta, std::string(kIdMarkKey), base::MessageId{id_mark_}.ToKey()));
}

void RocksStore::ForgetIdMark() {
  const std::lock_guard lock(ids_mutex_);
  id_mark_ = 0;
}

void RocksStore::Put(model::MessagePtr message, Done done) {
  Commit commit{.urgency = Commit::Urgency::kSynced, .changes = {}, .done = nullptr};
  commit.changes.reserve(kUsualChanges);
  const absl::Status valid = AddMessage(*message, commit.changes);
  if (!valid.ok()) {
    DropChunks(message->id, message->chunks);
    commit.changes.clear();
    commit.done = [valid, done = std::move(done)](absl::Status status) mutable {
      done(status.ok() ? valid : status);
    };
    return commits_->Add(std::move(commit));
  }

  std::string name = KeyNameOf(*message);
  std::unique_lock<std::mutex> key_order;
  absl::Status reserved;
  if (!name.empty()) {
    key_order = std::unique_lock(key_order_mutex_);
    const model::KeyRecord record{message->id, message->content_hash, message->internet_message_id};
    reserved = TableOf(name).Reserve(name, record, clock_.Now());
    if (reserved.ok()) {
      commit.changes.push_back(Change::Put(Family::kMeta, name, EncodeKey(KeyState{record})));
    } else {
      const bool ours = !name.starts_with(kRelayPrefix);
      if (ours && absl::IsResourceExhausted(reserved)) TellKeysFull(reserved);
      commit.changes.clear();
      name.clear();
    }
  }
  // Not with a key that is known: what it adds is not written.
  if (reserved.ok()) AddIdMark(message->id, commit.changes);
  commit.done = [this, message, reserved, name = std::move(name),
                 done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) ForgetIdMark();
    PutKept(message, name, done, reserved.ok() ? status : reserved);
  };
  commits_->Add(std::move(commit));
}

void RocksStore::TellKeysFull(const absl::Status& why) {
  probe_.KeysFull();
  const absl::Time now = clock_.Now();
  if (now - keys_full_told_ < kTellEvery && now >= keys_full_told_) return;
  keys_full_told_ = now;
  POSTERN_LOG(kWarning, "store", "submissions with a new idempotency key are refused",
              {{"error", why}});
}

// On the commit thread, when it is known whether the message is kept.
void RocksStore::PutKept(const model::MessagePtr& message,
                         const std::string& key_name,
                         Done& done,
                         const absl::Status& status) {
  if (!status.ok()) {
    if (!key_name.empty()) TableOf(key_name).Release(key_name);
    DropChunks(message->id, message->chunks);
  } else {
    if (!key_name.empty()) TableOf(key_name).Confirm(key_name);
    const std::lock_guard lock(uploads_mutex_);
    if (!uploads_.empty()) uploads_.erase(message->id);
  }
  done(status);
}

void RocksStore::AddRemoval(const model::Message& message, std::vector<Change>& changes) {
  for (std::uint32_t number = 0; number < message.chunks; ++number) {
    changes.push_back(Change::SingleDelete(Family::kBody, ChunkKey(message.id, number)));
  }
  changes.push_back(Change::Delete(Family::kMessage, message.id.ToKey()));
  const std::string name = KeyNameOf(message);
  if (name.empty()) return;
  if (const auto state = TableOf(name).Settle(name, message.id, clock_.Now())) {
    changes.push_back(Change::Put(Family::kMeta, name, EncodeKey(*state)));
  }
}

void RocksStore::AddExpiredKeys(std::vector<Change>& changes) {
  for (KeyTable* table : {&keys_, &relay_keys_}) {
    for (std::string& name : table->TakeExpired(clock_.Now(), kExpiredKeysPerCommit)) {
      changes.push_back(Change::Delete(Family::kMeta, std::move(name)));
    }
  }
}

void RocksStore::PutPolicy(const std::string& domain, std::string bytes) {
  std::string key = base::Cat(kPolicyPrefix, domain);
  Commit commit;
  commit.changes.push_back(bytes.empty()
                               ? Change::Delete(Family::kMeta, std::move(key))
                               : Change::Put(Family::kMeta, std::move(key), std::move(bytes)));
  commits_->Add(std::move(commit));
}

void RocksStore::PutSuspension(const model::NextHop& hop, bool suspended, Done done) {
  std::string bytes = model::EncodeSuspension(hop);
  std::string key = base::Cat(kQueuePrefix, bytes);
  Commit commit;
  commit.urgency = Commit::Urgency::kSynced;
  commit.from_reserve = true;  // a queue that is resumed makes room
  commit.changes.push_back(suspended ? Change::Put(Family::kMeta, std::move(key), std::move(bytes))
                                     : Change::Delete(Family::kMeta, std::move(key)));
  commit.done = std::move(done);
  commits_->Add(std::move(commit));
}

void RocksStore::Settle(model::Settlement settlement, Done done) {
  Commit commit;
  commit.changes.reserve(kUsualChanges);
  absl::Status valid;
  const model::Message& message = *settlement.message;
  for (const model::MessagePtr& notice : settlement.notices) {
    if (valid.ok()) valid = AddMessage(*notice, commit.changes);
    if (valid.ok()) AddIdMark(notice->id, commit.changes);
  }
  // A notice that cannot be kept is a mistake of its maker; the state must not be lost for it.
  POSTERN_CHECK(valid.ok());

  const std::lock_guard key_order(key_order_mutex_);
  if (message.settled()) {
    AddRemoval(message, commit.changes);
  } else {
    commit.changes.push_back(
        Change::Put(Family::kMessage, message.id.ToKey(), model::EncodeMessage(message)));
  }
  AddExpiredKeys(commit.changes);
  commit.done = [this, id = message.id, in_hand = settlement.in_hand,
                 done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) ForgetIdMark();
    if (status.ok() && in_hand) in_hand_->Clear(id);
    if (done != nullptr) done(std::move(status));
  };
  commits_->Add(std::move(commit));
}

void RocksStore::WhenWritten(Done done) {
  // Commits are written in the order in which they came, and an empty one costs no write.
  Commit commit;
  commit.urgency = Commit::Urgency::kPrompt;
  commit.from_reserve = true;
  commit.done = std::move(done);
  commits_->Add(std::move(commit));
}

}  // namespace postern::store
