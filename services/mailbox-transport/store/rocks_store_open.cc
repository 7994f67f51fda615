#include <algorithm>

#include <unistd.h>

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "common/observe/machine.h"
#include "services/mailbox-transport/store/database.h"
#include "services/mailbox-transport/store/rocks_store.h"
#include "services/mailbox-transport/store/value.h"

namespace postern::store {

namespace {

constexpr int kExitWriteFailed = 74;  // EX_IOERR
constexpr std::size_t kOrphansPerBatch = 1000;

// A disk that does not answer counts as full: mail waits rather than being lost.
std::uint64_t FreeBytes(const std::string& path) {
  const auto disk = observe::DiskUseOf(path);
  return disk.ok() ? disk->available : 0;
}

void EndProcess(const absl::Status& cause) {
  POSTERN_LOG(kError, "store", "a write failed: the process ends, and restart decides from disk",
              {{"error", cause}});
  observe::CloseLog();
  _exit(kExitWriteFailed);
}

std::string_view ViewOf(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

absl::Status ReadFailed(std::string_view what, const rocksdb::Status& cause) {
  return base::Error(absl::StatusCode::kDataLoss, "read the ", what,
                     " of the store: ", cause.ToString());
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(const StoreSettings& settings,
                                                             observe::Registry& registry,
                                                             StoreSeams seams) {
  if (seams.env == nullptr) seams.env = rocksdb::Env::Default();
  if (seams.clock == nullptr) seams.clock = &base::Clock::System();
  if (!seams.fatal) seams.fatal = EndProcess;
  if (!seams.free_bytes) seams.free_bytes = [path = *settings.path] { return FreeBytes(path); };
  if (!seams.boot_id) seams.boot_id = InHandTable::SystemBootId();
  auto store = std::unique_ptr<RocksStore>(new RocksStore(settings, registry, std::move(seams)));
  if (auto s = store->OpenAll(); !s.ok()) return s;
  return store;
}

RocksStore::RocksStore(const StoreSettings& settings, observe::Registry& registry, StoreSeams seams)
    : settings_(settings),
      seams_(std::move(seams)),
      clock_(*seams_.clock),
      probe_(registry),
      keys_(*settings_.key_retention, static_cast<std::size_t>(*settings_.keys_max)),
      relay_keys_(*settings_.key_retention,
                  static_cast<std::size_t>(*settings_.relay_keys_max),
                  KeyTable::WhenFull::kForgetOldest) {}

RocksStore::~RocksStore() {
  if (commits_ == nullptr) return;
  spare_log_->Stop();
  commits_->Stop();
  if (commits_->clean()) in_hand_->CloseCleanly();
}

absl::Status RocksStore::OpenAll() {
  const std::string table = InHandPath(*settings_.path);
  const InHandTable::Found found = InHandTable::Read(table, *seams_.boot_id);
  PlanSpareLog();
  auto database = OpenDatabase(settings_, *env_, found.database_id, found.synced_sequence,
                               base::Random::System().Uuid());
  if (!database.ok()) return database.status();
  database_ = std::move(*database);
  auto in_hand = InHandTable::Open(table, database_->id(), *seams_.boot_id,
                                   static_cast<std::uint32_t>(*settings_.in_hand_slots));
  if (!in_hand.ok()) return base::Annotate(in_hand.status(), "store");
  in_hand_ = std::move(*in_hand);
  if (in_hand_->found().everything) {
    POSTERN_LOG(kWarning, "store", "every queued message is treated as possibly in hand",
                {{"reason", in_hand_->found().why}});
  }
  if (auto s = RestoreKeys(); !s.ok()) return s;
  if (auto s = RestoreIds(); !s.ok()) return s;
  if (auto s = DropOrphans(); !s.ok()) return s;
  if (auto s = BeginLog(); !s.ok()) return s;
  StartCommits();
  spare_log_->Start();
  return absl::OkStatus();
}

void RocksStore::PlanSpareLog() {
  SpareLogPlan plan;
  plan.folder = *settings_.path;
  plan.bytes_max = SpareLogBytes(settings_);
  plan.bytes_per_second = settings_.spare_log_rate->bytes;
  plan.room = [this] {
    const std::uint64_t free = seams_.free_bytes();
    return free - std::min(free, settings_.disk_reserve->bytes);
  };
  plan.written = [this] { return probe_.bytes(); };
  plan.began_log = [this](bool spare) { probe_.BeganLog(spare); };
  spare_log_ = std::make_shared<SpareLog>(seams_.env->GetFileSystem(), std::move(plan));
  env_ = rocksdb::NewCompositeEnv(spare_log_);
}

// So that what was recovered and removed up to here is on disk, and that there is always something
// to flush: without that RocksDB does not leave a log of which the first write fails.
absl::Status RocksStore::BeginLog() {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = database_->db().Put(
      synced, database_->family(Family::kMeta), std::string(kBeginKey), MakeValue(kBeginKey, ""));
  if (status.ok()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kUnavailable, "store ", *settings_.path,
                     ": the log cannot be written: ", status.ToString());
}

void RocksStore::StartCommits() {
  CommitLimits limits;
  limits.lazy_delay = *settings_.settle_delay_max;
  limits.disk_check_interval = *settings_.disk_check_interval;
  limits.batch_bytes_max = settings_.batch_bytes_max->bytes;
  limits.queue_bytes_max = settings_.queue_bytes_max->bytes;
  limits.disk_reserve = settings_.disk_reserve->bytes;
  CommitHooks hooks;
  hooks.free_bytes = seams_.free_bytes;
  hooks.fatal = seams_.fatal;
  hooks.synced = [this](std::uint64_t sequence) { in_hand_->NoteSynced(sequence); };
  hooks.unsafe_no_sync_for_tests = seams_.unsafe_no_sync_for_tests;
  commits_ = std::make_unique<CommitThread>(database_->db(), database_->families(), limits,
                                            std::move(hooks), probe_);
}

absl::Status RocksStore::RestoreKeys() {
  std::vector<std::pair<std::string, KeyState>> states;
  const auto it = database_->Scan(Family::kMeta);
  // From "k/" to behind "r/", and nothing else is between.
  for (it->Seek(std::string(kKeyPrefix)); it->Valid(); it->Next()) {
    const std::string name = it->key().ToString();
    if (!name.starts_with(kKeyPrefix) && !name.starts_with(kRelayPrefix)) break;
    const auto payload = OpenValue(name, ViewOf(it->value()));
    auto state = payload.ok() ? DecodeKey(*payload) : payload.status();
    if (!state.ok()) {
      SetAside("idempotency key", base::MessageId(), base::MessageOf(state.status()));
      continue;
    }
    states.emplace_back(name, std::move(*state));
  }
  if (!it->status().ok()) return ReadFailed("idempotency keys", it->status());
  std::sort(states.begin(), states.end(),
            [](const auto& a, const auto& b) { return a.second.settled < b.second.settled; });
  for (auto& [name, state] : states)
    TableOf(name).Restore(name, std::move(state), clock_.Now());
  return absl::OkStatus();
}

absl::Status RocksStore::RestoreIds() {
  std::uint64_t last = 0;
  for (const Family family : {Family::kMessage, Family::kBody}) {
    const auto it = database_->Scan(family);
    it->SeekToLast();
    if (!it->Valid() || it->key().size() < 8) continue;
    last = std::max(last, base::MessageId::FromKey(ViewOf(it->key()).substr(0, 8))->value);
  }
  std::string value;
  const rocksdb::Status got = database_->db().Get(
      rocksdb::ReadOptions(), database_->family(Family::kMeta), std::string(kIdMarkKey), &value);
  if (got.ok()) {
    const auto payload = OpenValue(kIdMarkKey, value);
    const auto mark = payload.ok() ? base::MessageId::FromKey(*payload) : std::nullopt;
    if (mark) {
      id_mark_ = mark->value;
    } else {
      SetAside("id mark", base::MessageId(), "it is damaged; ids go on from the last stored one");
    }
  } else if (!got.IsNotFound()) {
    return ReadFailed("id mark", got);
  }
  ids_ = base::MessageIdSource(base::MessageId{std::max(last, id_mark_)});
  return absl::OkStatus();
}

// Bodies that were arriving when the process ended.
absl::Status RocksStore::DropOrphans() {
  rocksdb::DB& db = database_->db();
  rocksdb::WriteBatch batch;
  std::uint64_t dropped = 0;
  const auto write = [&](std::size_t at_least) {
    if (static_cast<std::size_t>(batch.Count()) < at_least) return rocksdb::Status::OK();
    rocksdb::Status written = db.Write(rocksdb::WriteOptions(), &batch);
    batch.Clear();
    return written;
  };
  rocksdb::Status status;
  const auto uploads = database_->Scan(Family::kMeta);
  const auto chunks = database_->Scan(Family::kBody);
  for (uploads->Seek(std::string(kUploadPrefix)); uploads->Valid() && status.ok();
       uploads->Next()) {
    const std::string name = uploads->key().ToString();
    if (!name.starts_with(kUploadPrefix)) break;
    const std::string id = name.substr(kUploadPrefix.size());
    std::string ignored;
    const bool orphan =
        db.Get(rocksdb::ReadOptions(), database_->family(Family::kMessage), id, &ignored)
            .IsNotFound();
    for (chunks->Seek(id); orphan && chunks->Valid() && status.ok(); chunks->Next()) {
      if (!chunks->key().starts_with(id)) break;
      status = batch.SingleDelete(database_->family(Family::kBody), chunks->key());
      ++dropped;
      if (status.ok()) status = write(kOrphansPerBatch);
    }
    if (status.ok()) status = batch.Delete(database_->family(Family::kMeta), name);
  }
  if (status.ok()) status = uploads->status();
  if (status.ok()) status = write(1);
  if (!status.ok()) return ReadFailed("unfinished bodies", status);
  if (dropped > 0) {
    POSTERN_LOG(kInfo, "store", "removed what was left of bodies that never got a receipt",
                {{"chunks", dropped}});
  }
  return absl::OkStatus();
}

}  // namespace postern::store
