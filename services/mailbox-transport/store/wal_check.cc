#include "services/mailbox-transport/store/wal_check.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "rocksdb/env.h"

#include "common/base/text.h"
#include "services/mailbox-transport/store/crc32c.h"
#include "services/mailbox-transport/store/value.h"

// A batch that crosses a block is cut into fragments:
//
//   checksum (4, masked CRC-32C of type and payload) | length (2) | type (1) | payload
//
//   type 1 whole, 2 first, 3 middle, 4 last; 5 to 8 are the same with a log number (4) in the head.
//
// The payload of a whole record is a batch: sequence (8), count (4), then the changes; ours begin
// with a log-data change: 0x03, length 12, "PSTN", synced sequence (8).

namespace postern::store {

namespace {

constexpr std::size_t kHead = 7;
constexpr std::size_t kBatchHead = 12;

enum Fragment : std::uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Record {
  Fragment fragment = kWhole;
  std::string_view payload;
  std::size_t end = 0;
};

// The record at `at`, if there is a whole and undamaged one.
bool ParseRecord(std::string_view block, std::size_t at, Record* record) {
  if (at + kHead > block.size()) return false;
  const auto* head = reinterpret_cast<const unsigned char*>(block.data() + at);
  const std::size_t length = head[4] | static_cast<std::size_t>(head[5]) << 8;
  const std::uint8_t type = head[6];
  if (type < 1 || type > 8) return false;
  const std::size_t extra = type > 4 ? 4 : 0;
  const std::size_t end = at + kHead + extra + length;
  if (end > block.size()) return false;
  const std::string_view covered = block.substr(at + 6, end - at - 6);
  if (MaskCrc32c(ExtendCrc32c(0, covered)) != ReadLittle32(block.data() + at)) return false;
  record->fragment = static_cast<Fragment>(type > 4 ? type - 4 : type);
  record->payload = block.substr(at + kHead + extra, length);
  record->end = end;
  return true;
}

std::uint64_t LastOf(const BatchHead& head) {
  return head.first + head.count - (head.count > 0 ? 1 : 0);
}

class FileWalk {
 public:
  FileWalk(std::string file, const WalVisitor& visitor)
      : file_(std::move(file)), visitor_(visitor) {}

  void Block(std::string_view block, std::uint64_t base) {
    std::size_t at = 0;
    while (at < block.size()) {
      const std::string_view rest = block.substr(at);
      if (AllZero(rest)) {
        const bool trailer = block.size() == kWalBlock && rest.size() < kHead;
        if (!trailer && !zeros_) zeros_ = base + at;
        return;
      }
      if (zeros_) Damaged(*std::exchange(zeros_, std::nullopt), "zeros stand before a batch");
      Record record;
      if (ParseRecord(block, at, &record)) {
        Take(record, base + at);
        at = record.end;
        continue;
      }
      Damaged(base + at, "a record is cut off or its checksum is wrong");
      at = NextRecord(block, at + 1);
    }
  }

  void End(std::uint64_t size) {
    if (inside_) Damaged(zeros_.value_or(size), "the log ends inside a batch");
  }

 private:
  // Behind damage nothing tells where the next record begins: each place is tried.
  static std::size_t NextRecord(std::string_view block, std::size_t at) {
    Record record;
    while (at < block.size() && !ParseRecord(block, at, &record))
      ++at;
    return at;
  }

  void Take(const Record& record, std::uint64_t offset) {
    const bool begins = record.fragment == kWhole || record.fragment == kFirst;
    if (begins == inside_) {
      // A first fragment inside a batch, or a further one outside: what lies between is gone. The
      // rest of a batch whose beginning was damaged is not damage of its own.
      if (begins || !damaged_) Damaged(offset, "a fragment of a batch is missing");
      inside_ = false;
      if (!begins) return;
    }
    if (begins) batch_.clear();
    batch_.append(record.payload);
    inside_ = record.fragment == kFirst || record.fragment == kMiddle;
    if (inside_) return;
    if (batch_.size() < kBatchHead) return Damaged(offset, "a batch is shorter than its head");
    last_sequence_ = LastOf(HeadOf(batch_));
    visitor_.batch(file_, batch_);
  }

  void Damaged(std::uint64_t offset, std::string_view what) {
    inside_ = false;
    damaged_ = true;
    visitor_.damage(WalDamage{file_, offset, std::string(what), last_sequence_});
  }

  const std::string file_;
  const WalVisitor& visitor_;
  std::string batch_;
  // Where zeros began. Up to the end of the file they are the rest of a spare (SpareLog); before a
  // batch they are a place that never reached the disk.
  std::optional<std::uint64_t> zeros_;
  bool inside_ = false;
  bool damaged_ = false;
  std::uint64_t last_sequence_ = 0;
};

absl::Status ReadError(const std::string& file, const rocksdb::Status& cause) {
  return base::Error(absl::StatusCode::kUnavailable, "read ", file, ": ", cause.ToString());
}

}  // namespace

// Each byte is the one before it, and the first is zero: memcmp is many times as quick as a loop.
bool AllZero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == '\0' && memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

BatchHead HeadOf(std::string_view batch) {
  BatchHead head;
  head.first = ReadLittle64(batch.data());
  head.count = ReadLittle32(batch.data() + 8);
  const std::string_view note = batch.substr(kBatchHead);
  const bool ours = note.size() >= 14 && note.substr(0, 6) == std::string_view("\x03\x0cPSTN", 6);
  if (ours) head.synced = ReadLittle64(note.data() + 6);
  return head;
}

absl::StatusOr<std::vector<std::string>> WalFiles(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(path, &names);
  if (!listed.ok()) return ReadError(path, listed);
  std::map<std::uint64_t, std::string> ordered;
  for (const std::string& name : names) {
    if (!name.ends_with(".log")) continue;
    const auto number = base::ParseUnsigned(std::string_view(name).substr(0, name.size() - 4));
    if (number) ordered[*number] = base::Cat(path, "/", name);
  }
  std::vector<std::string> files;
  for (auto& [number, file] : ordered)
    files.push_back(std::move(file));
  return files;
}

absl::Status ReadWal(rocksdb::Env& env, const std::string& file, const WalVisitor& visitor) {
  std::unique_ptr<rocksdb::SequentialFile> reader;
  const rocksdb::Status opened = env.NewSequentialFile(file, &reader, rocksdb::EnvOptions());
  if (!opened.ok()) return ReadError(file, opened);
  FileWalk walk(file, visitor);
  std::string buffer(32 * kWalBlock, '\0');
  std::uint64_t base = 0;
  for (;;) {
    rocksdb::Slice got;
    const rocksdb::Status read = reader->Read(buffer.size(), &got, buffer.data());
    if (!read.ok()) return ReadError(file, read);
    for (std::size_t at = 0; at < got.size(); at += kWalBlock) {
      const std::string_view bytes(got.data(), got.size());
      walk.Block(bytes.substr(at, kWalBlock), base + at);
    }
    base += got.size();
    if (got.size() < buffer.size()) break;  // a short read is the end of a plain file
  }
  walk.End(base);
  return absl::OkStatus();
}

absl::StatusOr<WalReport> CheckWal(rocksdb::Env& env, const std::string& path) {
  auto files = WalFiles(env, path);
  if (!files.ok()) return files.status();
  WalReport report;
  report.files = std::move(*files);
  WalVisitor visitor;
  visitor.batch = [&report](const std::string&, std::string_view batch) {
    const BatchHead head = HeadOf(batch);
    report.last_sequence = std::max(report.last_sequence, LastOf(head));
    report.synced_sequence = std::max(report.synced_sequence, head.synced);
  };
  visitor.damage = [&report](const WalDamage& damage) {
    const bool first = report.damages.empty() || report.damages.back().file != damage.file;
    if (first) report.damages.push_back(damage);
  };
  for (const std::string& file : report.files) {
    if (auto s = ReadWal(env, file, visitor); !s.ok()) return s;
  }
  return report;
}

}  // namespace postern::store
