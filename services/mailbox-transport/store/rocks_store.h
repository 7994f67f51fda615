// services/mailbox-transport/store/rocks_store.h
//
// RocksStore: the MessageStore on RocksDB, with group commit by one thread.
//
// Flow      Open; Scan once; then the calls of MessageStore. The destructor writes what waits.
// Failure   Open: kFailedPrecondition (in use, foreign, newer) or kDataLoss (damaged), with the
//           path, what was found and what to do, and nothing changed; kUnavailable: the log cannot
//           be written. A write error other than a full disk is given to `fatal`, which ends the
//           process.
// Limits    StoreSettings. Reads block: call them on the disk pool.
// See       docs/data.md

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/observe/metrics.h"
#include "services/mailbox-transport/model/message_store.h"
#include "services/mailbox-transport/store/commit_thread.h"
#include "services/mailbox-transport/store/in_hand.h"
#include "services/mailbox-transport/store/key_table.h"
#include "services/mailbox-transport/store/probe.h"
#include "services/mailbox-transport/store/settings.h"
#include "services/mailbox-transport/store/spare_log.h"

namespace rocksdb {
class Env;
class Iterator;
}  // namespace rocksdb

namespace postern::store {

class Database;

// What tests replace; the defaults are the real thing.
struct StoreSeams {
  rocksdb::Env* env = nullptr;
  base::Clock* clock = nullptr;
  std::function<void(const absl::Status&)> fatal;
  std::function<std::uint64_t()> free_bytes;
  std::optional<std::string> boot_id;
  bool unsafe_no_sync_for_tests = false;
};

class RocksStore final : public model::MessageStore {
 public:
  // `settings` are copied; the registry must outlive the store.
  static absl::StatusOr<std::unique_ptr<RocksStore>> Open(const StoreSettings& settings,
                                                          observe::Registry& registry,
                                                          StoreSeams seams = {});
  ~RocksStore() override;

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

  bool damaged() const override { return probe_.set_aside() > 0; }

  bool full() const override;
  // The longest that a message waited for its commit, since this was asked before.
  absl::Duration TakeLongestWait();

  const std::string& database_id() const override;

  const Probe& probe() const { return probe_; }

 private:
  struct Upload {
    std::uint32_t chunks = 0;  // numbers 0 to chunks - 1 were given to the commit thread
    bool failed = false;
  };

  RocksStore(const StoreSettings& settings, observe::Registry& registry, StoreSeams seams);

  absl::Status OpenAll();
  void PlanSpareLog();
  absl::Status RestoreKeys();
  absl::Status RestoreIds();
  absl::Status DropOrphans();
  absl::Status BeginLog();
  void StartCommits();

  // Changes that make up a message; sets message.chunks when the body is in `body`.
  absl::Status AddMessage(model::Message& message, std::vector<Change>& changes);
  KeyTable& TableOf(std::string_view key_name);
  void AddRemoval(const model::Message& message, std::vector<Change>& changes);
  void AddIdMark(base::MessageId id, std::vector<Change>& changes);
  // The mark may not have been written: the next message brings one.
  void ForgetIdMark();
  void AddExpiredKeys(std::vector<Change>& changes);
  void TellKeysFull(const absl::Status& why);
  void PutKept(const model::MessagePtr& message,
               const std::string& key_name,
               Done& done,
               const absl::Status& status);
  void Visit(std::string_view key,
             std::string_view value,
             const std::function<void(model::MessagePtr, model::InHand)>& visit);
  absl::Status ScanBehindDamage(std::uint64_t last_id,
                                const std::string& cause,
                                const std::function<void(model::MessagePtr, model::InHand)>& visit);
  void SetAside(std::string_view what, base::MessageId id, std::string_view why);

  const StoreSettings settings_;
  StoreSeams seams_;
  base::Clock& clock_;
  Probe probe_;
  std::unique_ptr<InHandTable> in_hand_;
  std::shared_ptr<SpareLog> spare_log_;
  std::unique_ptr<rocksdb::Env> env_;  // with spare_log_ as its file system
  std::unique_ptr<Database> database_;
  KeyTable keys_;
  KeyTable relay_keys_;

  std::mutex ids_mutex_;
  base::MessageIdSource ids_;
  std::uint64_t id_mark_ = 0;  // as in `meta`

  std::mutex uploads_mutex_;
  std::unordered_map<base::MessageId, Upload> uploads_;

  // Held from the change of a key in memory until its commit is in line.
  std::mutex key_order_mutex_;
  absl::Time keys_full_told_ = absl::InfinitePast();  // under the same

  std::unique_ptr<CommitThread> commits_;  // the last member: its callbacks use the others
};

}  // namespace postern::store
