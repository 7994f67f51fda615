#include <algorithm>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/database.h"
#include "services/mailbox-transport/store/rocks_store.h"
#include "services/mailbox-transport/store/value.h"

namespace postern::store {

namespace {

std::string_view BytesOf(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

absl::Status Unread(std::string_view what, const rocksdb::Status& status) {
  if (status.IsNotFound()) {
    return base::Error(absl::StatusCode::kNotFound, what, ": it is not in the store");
  }
  // Only what is damaged stays so; no descriptor, or a disk that fails once, is of the moment.
  const auto code =
      status.IsCorruption() ? absl::StatusCode::kDataLoss : absl::StatusCode::kUnavailable;
  return base::Error(code, what, ": ", status.ToString());
}

// What was read under `key`; kDataLoss: it is damaged.
absl::StatusOr<std::string_view> PayloadOf(std::string_view what,
                                           std::string_view key,
                                           const rocksdb::Status& status,
                                           const rocksdb::Slice& value) {
  if (status.ok()) return OpenValue(key, BytesOf(value));
  if (status.IsCorruption()) return absl::DataLossError(status.ToString());
  return Unread(what, status);
}

}  // namespace

absl::StatusOr<model::Message> RocksStore::Load(base::MessageId id) {
  const std::string key = id.ToKey();
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_->db().Get(rocksdb::ReadOptions(), database_->family(Family::kMessage), key, &value);
  const std::string what = base::Cat("message ", id.ToString());
  const auto payload = PayloadOf(what, key, status, value);
  if (!payload.ok() && !absl::IsDataLoss(payload.status())) return payload.status();
  auto message = payload.ok() ? model::DecodeMessage(id, *payload) : payload.status();
  if (!message.ok()) {
    SetAside("message", id, base::MessageOf(message.status()));
    return base::Error(absl::StatusCode::kDataLoss, what, ": ", base::MessageOf(message.status()));
  }
  return message;
}

absl::StatusOr<std::string> RocksStore::LoadChunk(base::MessageId id, std::uint32_t number) {
  const std::string key = ChunkKey(id, number);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_->db().Get(rocksdb::ReadOptions(), database_->family(Family::kBody), key, &value);
  const std::string what = base::Cat("message ", id.ToString(), ", chunk ", number);
  const auto payload = PayloadOf(what, key, status, value);
  if (payload.ok()) return std::string(*payload);
  if (!absl::IsDataLoss(payload.status())) return payload.status();
  SetAside("chunk", id, base::MessageOf(payload.status()));
  return base::Annotate(payload.status(), what);
}

absl::Status RocksStore::Walk(
    base::MessageId from,
    bool backward,
    const std::function<bool(base::MessageId id, absl::StatusOr<model::Message> message)>& visit) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db().NewIterator(options, database_->family(Family::kMessage)));
  const std::string key = from.ToKey();
  backward ? it->SeekForPrev(key) : it->Seek(key);
  for (; it->Valid(); backward ? it->Prev() : it->Next()) {
    const std::string_view name = BytesOf(it->key());
    const auto id = base::MessageId::FromKey(name);
    if (!id) continue;
    const auto payload = OpenValue(name, BytesOf(it->value()));
    auto message = payload.ok() ? model::DecodeMessage(*id, *payload) : payload.status();
    if (!visit(*id, std::move(message))) return absl::OkStatus();
  }
  return it->status().ok() ? absl::OkStatus() : Unread("messages", it->status());
}

absl::Status RocksStore::Scan(
    const std::function<void(model::MessagePtr message, model::InHand in_hand)>& visit) {
  const auto it = database_->Scan(Family::kMessage);
  std::uint64_t last_id = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const auto id = base::MessageId::FromKey(BytesOf(it->key()));
    if (id) last_id = id->value;
    Visit(BytesOf(it->key()), BytesOf(it->value()), visit);
  }
  if (!it->status().ok()) {
    if (!it->status().IsCorruption()) return Unread("messages", it->status());
    if (auto s = ScanBehindDamage(last_id, it->status().ToString(), visit); !s.ok()) return s;
  }
  in_hand_->Forget();
  return absl::OkStatus();
}

absl::Status RocksStore::ScanPolicies(
    const std::function<void(std::string_view domain, std::string_view bytes)>& visit) {
  const auto it = database_->Scan(Family::kMeta);
  for (it->Seek(std::string(kPolicyPrefix)); it->Valid(); it->Next()) {
    const std::string_view key = BytesOf(it->key());
    if (!key.starts_with(kPolicyPrefix)) break;
    const auto payload = OpenValue(key, BytesOf(it->value()));
    if (payload.ok()) {
      visit(key.substr(kPolicyPrefix.size()), *payload);
    } else {
      SetAside("policy", base::MessageId(), base::MessageOf(payload.status()));
    }
  }
  return it->status().ok() ? absl::OkStatus() : Unread("policies of domains", it->status());
}

absl::Status RocksStore::ScanSuspensions(
    const std::function<void(const model::NextHop& hop)>& visit) {
  const auto it = database_->Scan(Family::kMeta);
  for (it->Seek(std::string(kQueuePrefix)); it->Valid(); it->Next()) {
    const std::string_view key = BytesOf(it->key());
    if (!key.starts_with(kQueuePrefix)) break;
    const auto payload = OpenValue(key, BytesOf(it->value()));
    const auto hop = payload.ok() ? model::DecodeSuspension(*payload) : payload.status();
    if (hop.ok()) {
      visit(*hop);
    } else {
      SetAside("suspended queue", base::MessageId(), base::MessageOf(hop.status()));
    }
  }
  return it->status().ok() ? absl::OkStatus() : Unread("suspended queues", it->status());
}

void RocksStore::Visit(std::string_view key,
                       std::string_view value,
                       const std::function<void(model::MessagePtr, model::InHand)>& visit) {
  const auto id = base::MessageId::FromKey(key);
  if (!id) return SetAside("message", base::MessageId(), "its key is not an id");
  const auto payload = OpenValue(key, value);
  auto message = payload.ok() ? model::DecodeMessage(*id, *payload) : payload.status();
  if (!message.ok()) return SetAside("message", *id, base::MessageOf(message.status()));
  const InHandTable::Found& found = in_hand_->found();
  model::InHand in_hand = found.marked.contains(*id) ? model::kInHand : model::kNotInHand;
  if (found.everything) in_hand = model::kMaybeInHand;
  visit(std::make_shared<model::Message>(std::move(*message)), in_hand);
}

// An iterator ends at a damaged block. What lies behind it is reached from the other end.
absl::Status RocksStore::ScanBehindDamage(
    std::uint64_t last_id,
    const std::string& cause,
    const std::function<void(model::MessagePtr, model::InHand)>& visit) {
  std::vector<std::uint64_t> ids;
  const auto it = database_->Scan(Family::kMessage);
  for (it->SeekToLast(); it->Valid(); it->Prev()) {
    const auto id = base::MessageId::FromKey(BytesOf(it->key()));
    if (!id || id->value <= last_id) break;
    ids.push_back(id->value);
  }
  const std::string first = ids.empty() ? "the end" : std::to_string(ids.back());
  SetAside(
      "block of messages", base::MessageId{last_id},
      base::Cat("a table file is damaged between the ids ", last_id, " and ", first, ": ", cause));
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const std::string key = base::MessageId{*id}.ToKey();
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = database_->db().Get(
        rocksdb::ReadOptions(), database_->family(Family::kMessage), key, &value);
    if (status.ok()) {
      Visit(key, BytesOf(value), visit);
    } else if (!status.IsCorruption()) {
      return Unread(base::Cat("message ", *id), status);
    } else {
      SetAside("message", base::MessageId{*id}, status.ToString());
    }
  }
  return absl::OkStatus();
}

// The record stays where it is, for salvage; nobody is given it.
void RocksStore::SetAside(std::string_view what, base::MessageId id, std::string_view why) {
  probe_.SetAside();
  POSTERN_LOG(kError, "store", "a damaged record is set aside",
              {{"record", what}, {"message_id", id.ToString()}, {"error", why}});
}

}  // namespace postern::store
