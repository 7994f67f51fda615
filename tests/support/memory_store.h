// tests/support/memory_store.h
//
// A MessageStore in memory, for tests of what is above the store.
//
// Flow      MemoryStore store; give it to a Pipeline. Answers come at once, on the calling thread,
//           unless Hold is on: then they wait for Release; settlements that are written late wait
//           for WriteSettlements. Kill forgets what a crash forgets.
// Failure   FailPuts makes every Put answer so; SetFull makes full() true; Damage spoils a record.
// Lifetime  Outlives all who call it. Thread-safe.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "services/mailbox-transport/model/message_store.h"

namespace postern::testing {

class MemoryStore final : public model::MessageStore {
 public:
  explicit MemoryStore(const base::Clock& clock = base::Clock::System()) : clock_(clock) {}

  // Answers to Put wait until Release.
  void Hold();
  void Release();
  std::size_t held() const;

  // Until WriteSettlements what is settled is not seen by who loads, as before a commit.
  void WriteSettlementsLate();
  void WriteSettlements();

  void FailPuts(absl::Status status);
  // Until OK, nothing that is settled is written.
  void FailSettlements(absl::Status status);
  void SetFull(bool full);
  // What Load and PutSuspension say; OK: they work.
  void FailLoads(absl::Status status);
  int loads_failed() const;
  void FailSuspensions(absl::Status status);
  // Load says kDataLoss from now on.
  void Damage(base::MessageId id);
  // Chunks without a message go; messages, keys and in-hand marks stay.
  void Kill();

  std::size_t messages() const;
  std::size_t chunks() const;
  // All chunks of a message that is there.
  std::string BodyOf(base::MessageId id) const;
  bool in_hand(base::MessageId id) const;

  const std::string& database_id() const override { return database_id_; }

  base::MessageId NextId() override;
  void PutChunk(base::MessageId id, std::uint32_t number, std::string bytes, Done done) override;
  void DropChunks(base::MessageId id, std::uint32_t chunks) override;
  void Put(model::MessagePtr message, Done done) override;
  void Settle(model::Settlement settlement, Done done = nullptr) override;
  void WhenWritten(Done done) override;
  void MarkInHand(base::MessageId id) override;
  void ClearInHand(base::MessageId id) override;
  bool IsInHand(base::MessageId id) const override;
  absl::StatusOr<model::Message> Load(base::MessageId id) override;
  absl::StatusOr<std::string> LoadChunk(base::MessageId id, std::uint32_t number) override;
  absl::Status Walk(
      base::MessageId from,
      bool backward,
      const std::function<bool(base::MessageId id, absl::StatusOr<model::Message> message)>& visit)
      override;
  std::optional<model::KeyRecord> FindKey(const std::string& identity,
                                          const std::string& key) override;
  absl::Status Scan(
      const std::function<void(model::MessagePtr message, model::InHand in_hand)>& visit) override;
  void PutPolicy(const std::string& domain, std::string bytes) override;
  absl::Status ScanPolicies(
      const std::function<void(std::string_view domain, std::string_view bytes)>& visit) override;
  void PutSuspension(const model::NextHop& hop, bool suspended, Done done) override;
  absl::Status ScanSuspensions(
      const std::function<void(const model::NextHop& hop)>& visit) override;
  bool damaged() const override;
  bool full() const override;

 private:
  using Key = std::pair<std::string, std::string>;

  absl::Status Keep(model::Message& message);
  void Write(const model::Settlement& settlement);
  void KeepBody(model::Message& message);
  void Forget(base::MessageId id);
  void Answer(Done done, absl::Status status);

  const base::Clock& clock_;
  const std::string database_id_ = "memory";
  mutable std::mutex mutex_;
  base::MessageIdSource ids_;
  std::map<base::MessageId, model::Message> messages_;
  std::map<base::MessageId, std::vector<std::string>> chunks_;
  std::set<base::MessageId> spoiled_;  // a chunk of theirs was refused
  std::set<base::MessageId> damaged_;
  std::map<base::MessageId, int> marks_;
  std::map<Key, model::KeyRecord> keys_;
  std::map<std::string, std::string> policies_;
  std::set<model::NextHop> suspensions_;
  absl::Status put_answer_;
  absl::Status load_answer_;
  int loads_failed_ = 0;
  absl::Status suspension_answer_;
  bool full_ = false;
  bool hold_ = false;
  std::deque<std::pair<Done, absl::Status>> held_;
  absl::Status settle_answer_;
  bool settles_late_ = false;
  std::deque<std::pair<model::Settlement, Done>> late_;
};

}  // namespace postern::testing
