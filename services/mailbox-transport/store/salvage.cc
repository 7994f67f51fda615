#include "services/mailbox-transport/store/salvage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/write_batch.h"

#include "common/base/text.h"
#include "common/base/units.h"
#include "services/mailbox-transport/model/message.h"
#include "services/mailbox-transport/store/database.h"
#include "services/mailbox-transport/store/value.h"
#include "services/mailbox-transport/store/wal_check.h"

namespace postern::store {

namespace {

namespace fs = std::filesystem;

std::string_view Text(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// Bytes above 127 become the code points of Latin-1, so that the file is valid JSON.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      out.push_back(c);
    } else {
      out.append("\\u00").append(base::Hex(std::string_view(&c, 1)));
    }
  }
  return out.append("\"");
}

std::string EnvelopeJson(const model::Message& message) {
  std::string recipients;
  for (std::size_t i = 0; i < message.recipients.size(); ++i) {
    const model::RecipientState& state = message.recipients[i];
    recipients.append(base::Cat(
        i == 0 ? "" : ",", "\n    {\"address\": ", Quoted(message.envelope.recipients[i].address),
        ", \"state\": ", state.phase == model::Phase::kPending ? "\"pending\"" : "\"done\"",
        ", \"attempts\": ", state.attempts, ", \"last_error\": ", Quoted(state.last_error), "}"));
  }
  return base::Cat("{\n  \"id\": ", Quoted(message.id.ToString()),
                   ",\n  \"sender\": ", Quoted(message.envelope.sender),
                   ",\n  \"internet_message_id\": ", Quoted(message.internet_message_id),
                   ",\n  \"accepted\": ", Quoted(base::FormatTime(message.accepted)),
                   ",\n  \"expires\": ", Quoted(base::FormatTime(message.expires)),
                   ",\n  \"notice\": ", message.notice, ",\n  \"recipients\": [", recipients,
                   "\n  ]\n}\n");
}

// A read-only or rebuilt database to copy from.
struct Opened {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  ~Opened() {
    for (rocksdb::ColumnFamilyHandle* family : families)
      db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
};

class Salvager {
 public:
  Salvager(std::string store, std::string out)
      : store_(std::move(store)), out_(std::move(out)), work_(base::Cat(out_, "/.work")) {}

  absl::StatusOr<SalvageReport> Run() {
    if (auto s = CheckFolders(); !s.ok()) return s;
    if (!CopyReadOnly()) {
      report_ = SalvageReport{.rebuilt = true, .notes = std::move(report_.notes)};
      for (const auto& file : fs::directory_iterator(out_))
        fs::remove_all(file.path());
      if (auto s = CopyRebuilt(); !s.ok()) return s;
      report_.notes.emplace_back("messages that were delivered before may be among these");
    }
    std::error_code ignored;
    fs::remove_all(work_, ignored);
    if (!write_error_.ok()) return write_error_;
    return std::move(report_);
  }

 private:
  absl::Status CheckFolders() {
    std::error_code error;
    if (!fs::is_directory(store_, error)) {
      return base::Error(absl::StatusCode::kNotFound, "store ", store_,
                         ": there is no such folder");
    }
    const fs::path inner = fs::weakly_canonical(out_, error);
    const fs::path outer = fs::weakly_canonical(store_, error);
    const auto [end, at] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
    if (end == outer.end()) {
      return base::Error(absl::StatusCode::kInvalidArgument, "output folder ", out_,
                         ": it must not lie in the store");
    }
    fs::create_directories(out_, error);
    if (!fs::is_directory(out_, error) || !fs::is_empty(out_, error)) {
      return base::Error(absl::StatusCode::kInvalidArgument, "output folder ", out_,
                         ": it must be an empty folder");
    }
    const std::string lock = base::Cat(store_, "/postern.lock");
    if (!fs::exists(lock, error)) return absl::OkStatus();
    rocksdb::FileLock* held = nullptr;
    if (!env_->LockFile(lock, &held).ok()) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "store ", store_,
                         ": its lock cannot be taken; stop the service that has it, and mount it "
                         "writable");
    }
    env_->UnlockFile(held).PermitUncheckedError();
    return absl::OkStatus();
  }

  // False when something could not be read that way.
  bool CopyReadOnly() {
    rocksdb::DBOptions options = DatabaseOptions(settings_, *env_);
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    options.paranoid_checks = false;
    Opened source;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
        options, store_, FamilyDescriptors(settings_), &source.families, &db);
    source.db.reset(db);
    if (!status.ok()) {
      report_.notes.push_back(base::Cat("open read-only: ", status.ToString()));
      return false;
    }
    // RocksDB skips a whole block of the log for one damaged record in it; our reading does not.
    const auto log = CheckWal(*env_, store_);
    if (log.ok() && !log->damages.empty() &&
        log->last_sequence > source.db->GetLatestSequenceNumber()) {
      return false;
    }
    return CopyAll(source);
  }

  // Puts together a database of our own from the tables and the log.
  absl::Status CopyRebuilt() {
    rocksdb::DBOptions options = DatabaseOptions(settings_, *env_);
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    Opened target;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options, work_, FamilyDescriptors(settings_), &target.families, &db);
    target.db.reset(db);
    if (!status.ok()) {
      return base::Error(absl::StatusCode::kUnavailable, "make ", work_, ": ", status.ToString());
    }
    std::vector<std::string> tables;
    for (const auto& file : fs::directory_iterator(store_)) {
      if (file.path().extension() == ".sst") tables.push_back(file.path().string());
    }
    std::sort(tables.begin(), tables.end());
    for (const std::string& table : tables)
      AddTable(table, target);
    auto logs = WalFiles(*env_, store_);
    if (!logs.ok()) return logs.status();
    for (const std::string& log : *logs)
      AddLog(log, target);
    if (!CopyAll(target))
      report_.notes.emplace_back("the rebuilt store could not be read to its end");
    return absl::OkStatus();
  }

  void AddTable(const std::string& table, Opened& target) {
    rocksdb::Options options;
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(table);
    if (status.ok()) {
      const auto& names = FamilyNames();
      const auto name =
          std::find(names.begin(), names.end(), reader.GetTableProperties()->column_family_name);
      if (name == names.end()) return;
      auto* family = target.families[static_cast<std::size_t>(name - names.begin())];
      rocksdb::WriteOptions unlogged;
      unlogged.disableWAL = true;
      const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(rocksdb::ReadOptions()));
      for (it->SeekToFirst(); it->Valid(); it->Next())
        target.db->Put(unlogged, family, it->key(), it->value()).PermitUncheckedError();
      status = it->status();
    }
    if (!status.ok()) report_.notes.push_back(base::Cat(table, ": ", status.ToString()));
  }

  void AddLog(const std::string& log, Opened& target) {
    WalVisitor visitor;
    visitor.batch = [&target](const std::string&, std::string_view bytes) {
      rocksdb::WriteBatch batch{std::string(bytes)};
      rocksdb::WriteOptions unlogged;
      unlogged.disableWAL = true;
      target.db->Write(unlogged, &batch).PermitUncheckedError();
    };
    visitor.damage = [this](const WalDamage& damage) {
      if (report_.notes.size() < 100) {
        report_.notes.push_back(
            base::Cat(damage.file, ": damage at offset ", damage.offset, ": ", damage.what));
      }
    };
    if (auto s = ReadWal(*env_, log, visitor); !s.ok()) {
      report_.notes.emplace_back(base::MessageOf(s));
    }
  }

  bool CopyAll(Opened& source) {
    const std::unique_ptr<rocksdb::Iterator> it(
        source.db->NewIterator(rocksdb::ReadOptions(), source.families[IndexOf(Family::kMessage)]));
    for (it->SeekToFirst(); it->Valid() && write_error_.ok(); it->Next())
      Copy(source, Text(it->key()), Text(it->value()));
    if (!it->status().ok()) report_.notes.push_back(it->status().ToString());
    return it->status().ok();
  }

  void Copy(Opened& source, std::string_view key, std::string_view value) {
    const auto id = base::MessageId::FromKey(key);
    const auto payload = OpenValue(key, value);
    auto message = !id            ? absl::DataLossError("its key is not an id")
                   : payload.ok() ? model::DecodeMessage(*id, *payload)
                                  : payload.status();
    if (!message.ok()) {
      WriteFile(base::Cat(++report_.unreadable, ".record"), value);
      report_.notes.push_back(
          base::Cat("record ", report_.unreadable, ": ", base::MessageOf(message.status())));
      return;
    }
    const bool complete = CopyBody(source, *message);
    WriteFile(base::Cat(id->ToString(), ".json"), EnvelopeJson(*message));
    ++(complete ? report_.messages : report_.incomplete);
  }

  bool CopyBody(Opened& source, const model::Message& message) {
    std::ofstream file(base::Cat(out_, "/", message.id.ToString(), ".eml"), std::ios::binary);
    bool complete = true;
    for (std::uint32_t number = 0; number < message.chunks; ++number) {
      const std::string key = ChunkKey(message.id, number);
      std::string value;
      const rocksdb::Status got = source.db->Get(
          rocksdb::ReadOptions(), source.families[IndexOf(Family::kBody)], key, &value);
      const auto payload = OpenValue(key, value);
      complete &= got.ok() && payload.ok();
      if (got.ok() && payload.ok()) file << *payload;
    }
    Written(file, message.id.ToString());
    if (!complete) {
      report_.notes.push_back(base::Cat(message.id.ToString(), ": a part of the body is missing"));
    }
    return complete;
  }

  void WriteFile(const std::string& name, std::string_view bytes) {
    std::ofstream file(base::Cat(out_, "/", name), std::ios::binary);
    file << bytes;
    Written(file, name);
  }

  void Written(std::ofstream& file, std::string_view name) {
    file.close();
    if (!file.fail() || !write_error_.ok()) return;
    write_error_ =
        base::Error(absl::StatusCode::kUnavailable, "write ", out_, "/", name, " failed");
  }

  const std::string store_;
  const std::string out_;
  const std::string work_;
  const StoreSettings settings_;
  rocksdb::Env* const env_ = rocksdb::Env::Default();
  SalvageReport report_;
  absl::Status write_error_;
};

}  // namespace

absl::StatusOr<SalvageReport> Salvage(const std::string& store_path, const std::string& out_dir) {
  return Salvager(store_path, out_dir).Run();
}

}  // namespace postern::store
