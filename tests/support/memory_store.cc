#include "tests/support/memory_store.h"

#include <algorithm>

namespace postern::testing {

void MemoryStore::Hold() {
  const std::lock_guard lock(mutex_);
  hold_ = true;
}

void MemoryStore::Release() {
  std::deque<std::pair<Done, absl::Status>> held;
  {
    const std::lock_guard lock(mutex_);
    hold_ = false;
    held.swap(held_);
  }
  for (auto& [done, status] : held)
    done(status);
}

std::size_t MemoryStore::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void MemoryStore::WriteSettlementsLate() {
  const std::lock_guard lock(mutex_);
  settles_late_ = true;
}

void MemoryStore::WriteSettlements() {
  std::deque<std::pair<model::Settlement, Done>> late;
  {
    const std::lock_guard lock(mutex_);
    settles_late_ = false;
    late.swap(late_);
    for (const auto& [settlement, done] : late) {
      if (settlement.message != nullptr) Write(settlement);
    }
  }
  for (auto& [settlement, done] : late) {
    if (done) done(absl::OkStatus());
  }
}

void MemoryStore::FailPuts(absl::Status status) {
  const std::lock_guard lock(mutex_);
  put_answer_ = std::move(status);
}

void MemoryStore::FailSettlements(absl::Status status) {
  const std::lock_guard lock(mutex_);
  settle_answer_ = std::move(status);
}

void MemoryStore::SetFull(bool full) {
  const std::lock_guard lock(mutex_);
  full_ = full;
}

void MemoryStore::FailLoads(absl::Status status) {
  const std::lock_guard lock(mutex_);
  load_answer_ = std::move(status);
}

int MemoryStore::loads_failed() const {
  const std::lock_guard lock(mutex_);
  return loads_failed_;
}

void MemoryStore::FailSuspensions(absl::Status status) {
  const std::lock_guard lock(mutex_);
  suspension_answer_ = std::move(status);
}

void MemoryStore::Damage(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  damaged_.insert(id);
}

void MemoryStore::Kill() {
  const std::lock_guard lock(mutex_);
  std::erase_if(chunks_, [this](const auto& one) { return messages_.count(one.first) == 0; });
  spoiled_.clear();
  held_.clear();
}

std::size_t MemoryStore::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

std::size_t MemoryStore::chunks() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, chunks] : chunks_)
    count += chunks.size();
  return count;
}

std::string MemoryStore::BodyOf(base::MessageId id) const {
  const std::lock_guard lock(mutex_);
  std::string body;
  const auto found = chunks_.find(id);
  if (found == chunks_.end()) return body;
  for (const std::string& chunk : found->second)
    body += chunk;
  return body;
}

bool MemoryStore::in_hand(base::MessageId id) const {
  const std::lock_guard lock(mutex_);
  return marks_.count(id) != 0;
}

base::MessageId MemoryStore::NextId() {
  const std::lock_guard lock(mutex_);
  return ids_.Next(absl::ToUnixMillis(clock_.Now()));
}

void MemoryStore::PutChunk(base::MessageId id, std::uint32_t number, std::string bytes, Done done) {
  absl::Status status;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string>& chunks = chunks_[id];
    if (number != chunks.size() || bytes.size() > model::kChunkBytes) {
      status = absl::InvalidArgumentError("chunk: out of order or too large");
      spoiled_.insert(id);
    } else {
      chunks.push_back(std::move(bytes));
    }
  }
  if (done) done(status);
}

void MemoryStore::DropChunks(base::MessageId id, std::uint32_t) {
  const std::lock_guard lock(mutex_);
  if (messages_.count(id) == 0) Forget(id);
}

void MemoryStore::Forget(base::MessageId id) {
  messages_.erase(id);
  chunks_.erase(id);
  spoiled_.erase(id);
}

void MemoryStore::KeepBody(model::Message& message) {
  std::vector<std::string>& chunks = chunks_[message.id];
  if (!chunks.empty() || message.body == nullptr) return;
  const std::string& body = *message.body;
  for (std::size_t from = 0; from < body.size(); from += model::kChunkBytes)
    chunks.push_back(body.substr(from, model::kChunkBytes));
  message.chunks = static_cast<std::uint32_t>(chunks.size());
}

absl::Status MemoryStore::Keep(model::Message& message) {
  if (!put_answer_.ok()) return put_answer_;
  const auto arrived = chunks_.find(message.id);
  const std::size_t chunks = arrived == chunks_.end() ? 0 : arrived->second.size();
  if (spoiled_.count(message.id) != 0 || (chunks > 0 && chunks != message.chunks)) {
    return absl::InvalidArgumentError("message: its chunks are not complete");
  }
  if (const Key key = model::KeyOf(message); !key.second.empty()) {
    const model::KeyRecord record{message.id, message.content_hash, message.internet_message_id};
    if (!keys_.try_emplace(key, record).second) {
      return absl::AlreadyExistsError("idempotency key: it is known");
    }
  }
  KeepBody(message);
  model::Message& kept = messages_[message.id] = message;
  kept.body = nullptr;
  return absl::OkStatus();
}

void MemoryStore::Put(model::MessagePtr message, Done done) {
  absl::Status status;
  {
    const std::lock_guard lock(mutex_);
    status = Keep(*message);
    if (!status.ok()) Forget(message->id);
  }
  Answer(std::move(done), std::move(status));
}

void MemoryStore::Answer(Done done, absl::Status status) {
  {
    const std::lock_guard lock(mutex_);
    if (hold_) {
      held_.emplace_back(std::move(done), std::move(status));
      return;
    }
  }
  done(std::move(status));
}

void MemoryStore::Write(const model::Settlement& settlement) {
  const model::Message& message = *settlement.message;
  if (message.settled()) {
    Forget(message.id);
  } else {
    model::Message& kept = messages_[message.id] = message;
    kept.body = nullptr;
  }
  for (const model::MessagePtr& notice : settlement.notices) {
    KeepBody(*notice);
    messages_[notice->id] = *notice;
    messages_[notice->id].body = nullptr;
  }
  const auto mark = marks_.find(message.id);
  if (settlement.in_hand && mark != marks_.end() && --mark->second == 0) marks_.erase(mark);
}

void MemoryStore::Settle(model::Settlement settlement, Done done) {
  absl::Status answer;
  {
    const std::lock_guard lock(mutex_);
    if (settles_late_) {
      late_.emplace_back(std::move(settlement), std::move(done));
      return;
    }
    answer = settle_answer_;
    if (answer.ok()) Write(settlement);
  }
  if (done) done(std::move(answer));
}

void MemoryStore::WhenWritten(Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (settles_late_) {
      late_.emplace_back(model::Settlement{}, std::move(done));
      return;
    }
  }
  done(absl::OkStatus());
}

void MemoryStore::MarkInHand(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  ++marks_[id];
}

void MemoryStore::ClearInHand(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  const auto mark = marks_.find(id);
  if (mark != marks_.end() && --mark->second == 0) marks_.erase(mark);
}

bool MemoryStore::IsInHand(base::MessageId id) const {
  const std::lock_guard lock(mutex_);
  return marks_.contains(id);
}

absl::StatusOr<model::Message> MemoryStore::Load(base::MessageId id) {
  const std::lock_guard lock(mutex_);
  if (damaged_.count(id) != 0) return absl::DataLossError("message: the record is damaged");
  if (!load_answer_.ok()) {
    ++loads_failed_;
    return load_answer_;
  }
  const auto found = messages_.find(id);
  if (found == messages_.end()) return absl::NotFoundError("message: there is none");
  return found->second;
}

absl::StatusOr<std::string> MemoryStore::LoadChunk(base::MessageId id, std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = chunks_.find(id);
  if (found == chunks_.end() || number >= found->second.size()) {
    return absl::NotFoundError("chunk: there is none");
  }
  return found->second[number];
}

absl::Status MemoryStore::Walk(
    base::MessageId from,
    bool backward,
    const std::function<bool(base::MessageId id, absl::StatusOr<model::Message> message)>& visit) {
  std::vector<base::MessageId> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, message] : messages_) {
      if (backward ? id <= from : id >= from) ids.push_back(id);
    }
  }
  if (backward) std::reverse(ids.begin(), ids.end());
  for (const base::MessageId id : ids) {
    if (!visit(id, Load(id))) break;
  }
  return absl::OkStatus();
}

std::optional<model::KeyRecord> MemoryStore::FindKey(const std::string& identity,
                                                     const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find({identity, key});
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

absl::Status MemoryStore::Scan(
    const std::function<void(model::MessagePtr message, model::InHand in_hand)>& visit) {
  std::vector<std::pair<model::MessagePtr, model::InHand>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, message] : messages_) {
      if (damaged_.count(id) != 0) continue;
      all.emplace_back(std::make_shared<model::Message>(message),
                       marks_.count(id) != 0 ? model::kInHand : model::kNotInHand);
    }
    marks_.clear();
  }
  for (auto& [message, in_hand] : all)
    visit(std::move(message), in_hand);
  return absl::OkStatus();
}

void MemoryStore::PutPolicy(const std::string& domain, std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes.empty()) {
    policies_.erase(domain);
  } else {
    policies_[domain] = std::move(bytes);
  }
}

absl::Status MemoryStore::ScanPolicies(
    const std::function<void(std::string_view domain, std::string_view bytes)>& visit) {
  const std::lock_guard lock(mutex_);
  for (const auto& [domain, bytes] : policies_)
    visit(domain, bytes);
  return absl::OkStatus();
}

void MemoryStore::PutSuspension(const model::NextHop& hop, bool suspended, Done done) {
  absl::Status answer;
  {
    const std::lock_guard lock(mutex_);
    answer = suspension_answer_;
    if (answer.ok() && suspended) suspensions_.insert(hop);
    if (answer.ok() && !suspended) suspensions_.erase(hop);
  }
  done(answer);
}

absl::Status MemoryStore::ScanSuspensions(
    const std::function<void(const model::NextHop& hop)>& visit) {
  std::set<model::NextHop> all;
  {
    const std::lock_guard lock(mutex_);
    all = suspensions_;
  }
  for (const model::NextHop& hop : all)
    visit(hop);
  return absl::OkStatus();
}

bool MemoryStore::full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

bool MemoryStore::damaged() const {
  const std::lock_guard lock(mutex_);
  return !damaged_.empty();
}

}  // namespace postern::testing
