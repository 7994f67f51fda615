#include "services/mailbox-transport/store/database.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/store/value.h"
#include "services/mailbox-transport/store/wal_check.h"

namespace postern::store {

namespace {

constexpr std::string_view kSalvageHint =
    "; nothing was changed: keep a copy of the folder, then take out what is readable with "
    "'postern Salvage-Store'";

}  // namespace

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families_)
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  if (db_ != nullptr) db_->Close().PermitUncheckedError();
  db_.reset();
  if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();
}

std::unique_ptr<rocksdb::Iterator> Database::Scan(Family family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 1 << 20;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, this->family(family)));
}

// One opening, step by step.
class DatabaseOpener {
 public:
  DatabaseOpener(const StoreSettings& settings, rocksdb::Env& env)
      : settings_(settings),
        env_(env),
        path_(*settings.path),
        creating_(base::Cat(path_, "/postern.creating")),
        options_(DatabaseOptions(settings, env)),
        database_(std::make_unique<Database>()) {}

  absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& synced_id,
                                                 std::uint64_t synced_sequence,
                                                 const std::string& new_id) {
    if (auto s = Lock(); !s.ok()) return s;
    auto fresh = Fresh();
    if (!fresh.ok()) return fresh.status();
    if (*fresh) {
      if (auto s = Create(new_id); !s.ok()) return s;
    } else {
      if (auto s = Check(synced_id, synced_sequence); !s.ok()) return s;
      if (auto s = OpenAll(); !s.ok()) return s;
    }
    return std::move(database_);
  }

 private:
  absl::Status Damaged(std::string_view what) const {
    return base::Error(absl::StatusCode::kDataLoss, "store ", path_, ": ", what, kSalvageHint);
  }

  absl::Status Refused(std::string_view what) const {
    return base::Error(absl::StatusCode::kFailedPrecondition, "store ", path_, ": ", what);
  }

  absl::Status Lock() {
    const rocksdb::Status made = env_.CreateDirIfMissing(path_);
    if (!made.ok()) return Refused(base::Cat("the folder cannot be made: ", made.ToString()));
    database_->env_ = &env_;
    database_->lock_path_ = base::Cat(path_, "/postern.lock");
    const rocksdb::Status locked = env_.LockFile(database_->lock_path_, &database_->lock_);
    if (locked.ok()) return absl::OkStatus();
    database_->lock_ = nullptr;
    return Refused(
        base::Cat("it is in use by another process, or its lock cannot be taken; stop the "
                  "other one first: ",
                  locked.ToString()));
  }

  // True when there is no store yet, or one whose making was cut short.
  absl::StatusOr<bool> Fresh() {
    std::vector<std::string> names;
    const rocksdb::Status listed = env_.GetChildren(path_, &names);
    if (!listed.ok()) return Refused(base::Cat("it cannot be read: ", listed.ToString()));
    const auto has = [&names](std::string_view name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (has("postern.creating") && !Finished()) return true;
    std::erase_if(names, [](const std::string& name) {
      return name == "." || name == ".." || name == "lost+found" || name == "postern.lock";
    });
    if (names.empty()) return true;
    if (has("CURRENT")) return false;
    const bool ours = has("postern.in-hand") || has("IDENTITY");
    if (ours) return Damaged("the file CURRENT is missing");
    return Refused(base::Cat("the folder is not empty and holds no store (it has '", names.front(),
                             "'); give an empty folder"));
  }

  bool Finished() {
    std::string id;
    const bool finished = OpenReadOnly().ok() && ReadFormat(&id).ok();
    CloseAll();
    return finished;
  }

  absl::Status Create(const std::string& new_id) {
    // Until this mark is gone nothing was accepted, so what lies here may be made anew.
    rocksdb::Status status = rocksdb::WriteStringToFile(&env_, "", creating_, true);
    if (status.ok()) status = SyncFolder();
    rocksdb::Options all(options_, rocksdb::ColumnFamilyOptions());
    if (status.ok()) status = rocksdb::DestroyDB(path_, all);
    if (status.ok()) status = env_.CreateDirIfMissing(path_);
    options_.create_if_missing = true;
    options_.create_missing_column_families = true;
    if (status.ok()) status = OpenRocks();
    if (status.ok()) {
      const std::string value = MakeValue(kFormatKey, base::Cat(kFormatVersion, " ", new_id));
      rocksdb::WriteOptions synced;
      synced.sync = true;
      status = database_->db_->Put(synced, database_->families_[3], std::string(kFormatKey), value);
    }
    if (status.ok()) status = FinishCreating();
    if (!status.ok()) return Refused(base::Cat("it cannot be made: ", status.ToString()));
    database_->id_ = new_id;
    POSTERN_LOG(kInfo, "store", "made a new store", {{"path", path_}, {"database_id", new_id}});
    return absl::OkStatus();
  }

  rocksdb::Status FinishCreating() {
    if (!env_.FileExists(creating_).ok()) return rocksdb::Status::OK();
    rocksdb::Status status = env_.DeleteFile(creating_);
    if (status.ok()) status = SyncFolder();
    return status;
  }

  rocksdb::Status SyncFolder() {
    std::unique_ptr<rocksdb::Directory> folder;
    rocksdb::Status status = env_.NewDirectory(path_, &folder);
    if (status.ok()) status = folder->Fsync();
    return status;
  }

  absl::Status Check(const std::string& synced_id, std::uint64_t synced_sequence) {
    auto wal = CheckWal(env_, path_);
    if (!wal.ok()) return Damaged(base::MessageOf(wal.status()));
    if (auto s = OpenReadOnly(); !s.ok()) return s;
    if (auto s = ReadFormat(&database_->id_); !s.ok()) return s;
    const std::uint64_t readable = database_->db_->GetLatestSequenceNumber();
    CloseAll();
    std::uint64_t synced = wal->synced_sequence;
    if (synced_id == database_->id_) synced = std::max(synced, synced_sequence);
    if (readable < synced) return Lost(*wal, readable, synced);
    for (const WalDamage& damage : wal->damages) {
      POSTERN_LOG(kInfo, "store", "the log has a torn tail; nothing in it was acknowledged",
                  {{"file", damage.file}, {"offset", damage.offset}});
    }
    return absl::OkStatus();
  }

  // RocksDB would start, and drop what comes behind the damage.
  absl::Status Lost(const WalReport& wal, std::uint64_t readable, std::uint64_t synced) const {
    const std::string span =
        base::Cat("changes ", readable + 1, " to ", synced, " were on disk and cannot be read");
    const WalDamage* damage = wal.damages.empty() ? nullptr : &wal.damages.front();
    for (const WalDamage& other : wal.damages) {
      if (other.after_sequence == readable) damage = &other;
    }
    if (damage == nullptr) {
      return Damaged(base::Cat(
          "the log ends too early, a file of it is cut, missing or goes on with zeros: ", span));
    }
    return Damaged(base::Cat("the log is damaged in ", damage->file, " at offset ", damage->offset,
                             " (", damage->what, "): ", span));
  }

  absl::Status OpenReadOnly() {
    StopAtHoles();
    std::vector<std::string> present;
    rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options_, path_, &present);
    if (!status.ok()) return Damaged(base::Cat("its manifest cannot be read: ", status.ToString()));
    std::sort(present.begin(), present.end());
    std::vector<std::string> expected = FamilyNames();
    std::sort(expected.begin(), expected.end());
    if (!std::includes(present.begin(), present.end(), expected.begin(), expected.end())) {
      return Refused(base::Cat("it is a RocksDB of another program: found the column families '",
                               base::Join(present, " "), "', expected '", base::Join(expected, " "),
                               "'; give another folder"));
    }
    rocksdb::DB* db = nullptr;
    status = rocksdb::DB::OpenForReadOnly(options_, path_, FamilyDescriptors(settings_),
                                          &database_->families_, &db);
    if (!status.ok()) return Damaged(base::Cat("it cannot be opened: ", status.ToString()));
    database_->db_.reset(db);
    return absl::OkStatus();
  }

  absl::Status ReadFormat(std::string* id) {
    std::string value;
    const rocksdb::Status got = database_->db_->Get(rocksdb::ReadOptions(), database_->families_[3],
                                                    std::string(kFormatKey), &value);
    if (!got.ok()) {
      return Damaged(base::Cat("it has no readable format version: ", got.ToString()));
    }
    auto payload = OpenValue(kFormatKey, value);
    if (!payload.ok()) {
      return Damaged(
          base::Cat("its format version is damaged: ", base::MessageOf(payload.status())));
    }
    const auto parts = base::Split(*payload, ' ');
    const auto version = base::ParseUnsigned(parts.front());
    if (!version || parts.size() != 2) {
      return Damaged(base::Cat("its format version is '", base::Printable(*payload), "'"));
    }
    if (*version != kFormatVersion) {
      return Refused(base::Cat("it has format version ", *version, ", this program reads version ",
                               kFormatVersion,
                               "; start the program that wrote it. Nothing was changed"));
    }
    *id = std::string(parts[1]);
    return absl::OkStatus();
  }

  void StopAtHoles() {
    database_->holes_ = std::make_unique<HoleFilter>();
    options_.wal_filter = database_->holes_.get();
  }

  rocksdb::Status OpenRocks() {
    StopAtHoles();
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options_, path_, FamilyDescriptors(settings_),
                                                     &database_->families_, &db);
    database_->db_.reset(db);
    return status;
  }

  absl::Status OpenAll() {
    rocksdb::Status status = OpenRocks();
    if (status.ok()) status = FinishCreating();
    if (!status.ok()) return Refused(base::Cat("it cannot be opened: ", status.ToString()));
    return absl::OkStatus();
  }

  void CloseAll() {
    for (rocksdb::ColumnFamilyHandle* family : database_->families_)
      database_->db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    database_->families_.clear();
    database_->db_.reset();
  }

  const StoreSettings& settings_;
  rocksdb::Env& env_;
  const std::string path_;
  const std::string creating_;
  rocksdb::DBOptions options_;
  std::unique_ptr<Database> database_;
};

absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const StoreSettings& settings,
                                                       rocksdb::Env& env,
                                                       const std::string& synced_id,
                                                       std::uint64_t synced_sequence,
                                                       const std::string& new_id) {
  return DatabaseOpener(settings, env).Open(synced_id, synced_sequence, new_id);
}

}  // namespace postern::store
