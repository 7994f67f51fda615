#include "services/mailbox-transport/store/in_hand.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::store {

namespace {

constexpr char kMagic[8] = {'P', 'O', 'S', 'T', 'H', 'A', 'N', 'D'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kWindow = 512;  // slots that one id may use, from its place on
constexpr std::size_t kHeaderBytes = 4096;

std::uint64_t PlaceOf(base::MessageId id) {
  std::uint64_t x = id.value * 0x9e3779b97f4a7c15ULL;
  return x ^ (x >> 29);
}

absl::Status SystemError(std::string_view what, const std::string& path) {
  return base::Error(absl::StatusCode::kUnavailable, what, " ", path, ": ", strerror(errno));
}

}  // namespace

struct InHandTable::Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t slots;
  char database_id[40];
  char boot_id[40];
  std::atomic<std::uint64_t> overflow;
  std::atomic<std::uint64_t> synced_sequence;
  std::atomic<std::uint32_t> clean;
};

std::string InHandTable::SystemBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

InHandTable::Found InHandTable::Read(const std::string& path, const std::string& boot_id) {
  Found found;
  std::ifstream file(path, std::ios::binary);
  if (!file) return found;
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto damaged = [&](std::string_view why) {
    found.everything = true;
    found.why = base::Cat("the in-hand table ", path, " is damaged: ", why);
    return found;
  };
  if (bytes.size() < kHeaderBytes) return damaged("it is too short");
  alignas(8) char memory[sizeof(Header)];
  std::memcpy(memory, bytes.data(), sizeof(Header));
  const Header& header = *reinterpret_cast<const Header*>(memory);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return damaged("its mark is wrong");
  if (header.version != kVersion) return damaged("its version is unknown");
  if (bytes.size() != kHeaderBytes + std::size_t{header.slots} * 8) return damaged("wrong size");
  found.database_id.assign(header.database_id, strnlen(header.database_id, 40));
  found.synced_sequence = header.synced_sequence.load();
  const std::string boot(header.boot_id, strnlen(header.boot_id, 40));
  if (header.overflow.load() > 0) {
    found.everything = true;
    found.why = "more attempts were under way than the in-hand table has slots";
  }
  if (boot != boot_id && header.clean.load() == 0) {
    found.everything = true;
    found.why = "the machine stopped while the store was open";
  }
  found.slots = header.slots;
  for (std::size_t at = kHeaderBytes; at < bytes.size(); at += 8) {
    std::uint64_t id = 0;
    std::memcpy(&id, bytes.data() + at, 8);
    if (id != 0) found.marked.insert(base::MessageId{id});
  }
  return found;
}

absl::StatusOr<std::unique_ptr<InHandTable>> InHandTable::Open(const std::string& path,
                                                               const std::string& database_id,
                                                               const std::string& boot_id,
                                                               std::uint32_t slots) {
  Found found = Read(path, boot_id);

  struct stat before {};

  const bool existed = stat(path.c_str(), &before) == 0;
  if (existed && !found.everything && found.database_id != database_id) {
    found.everything = true;
    found.why = base::Cat("the in-hand table ", path, " belongs to another store");
  }
  const std::size_t bytes = kHeaderBytes + std::size_t{slots} * 8;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("open", path);
  // Allocated now: a write to a mapped page that the full disk cannot hold would be SIGBUS.
  int error = ftruncate(fd, static_cast<off_t>(bytes)) != 0 ? errno : 0;
  if (error == 0) error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  void* memory =
      error == 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (error != 0) errno = error;
  const absl::Status failed = memory == MAP_FAILED ? SystemError("map", path) : absl::OkStatus();
  close(fd);
  if (!failed.ok()) return failed;
  auto table = std::unique_ptr<InHandTable>(new InHandTable(memory, bytes, slots));
  // The marks of the last process stay in the file until they are counted, at every moment where
  // the table stays as large as it was.
  const bool as_before = found.slots == slots;
  if (found.everything) table->header().overflow.store(1);
  if (!as_before) table->Empty();
  table->Begin(database_id, boot_id, found.everything);
  if (!as_before) {
    for (const base::MessageId id : found.marked)
      table->Mark(id);
  }
  table->NoteSynced(found.database_id == database_id ? found.synced_sequence : 0);
  table->found_ = std::move(found);
  msync(memory, bytes, MS_SYNC);
  return table;
}

InHandTable::InHandTable(void* memory, std::size_t bytes, std::uint32_t slots)
    : memory_(memory), bytes_(bytes), slots_(slots) {}

InHandTable::~InHandTable() {
  munmap(memory_, bytes_);
}

InHandTable::Header& InHandTable::header() const {
  return *static_cast<Header*>(memory_);
}

std::atomic<std::uint64_t>& InHandTable::slot(std::uint64_t index) const {
  auto* slots =
      reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<char*>(memory_) + kHeaderBytes);
  return slots[index % slots_];
}

void InHandTable::Begin(const std::string& database_id,
                        const std::string& boot_id,
                        bool everything) {
  Header& h = header();
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.slots = slots_;
  std::memset(h.database_id, 0, sizeof h.database_id);
  std::memset(h.boot_id, 0, sizeof h.boot_id);
  database_id.copy(h.database_id, sizeof h.database_id - 1);
  boot_id.copy(h.boot_id, sizeof h.boot_id - 1);
  h.overflow.store(everything ? 1 : 0);
  h.clean.store(0);
}

void InHandTable::Empty() {
  for (std::uint64_t i = 0; i < slots_; ++i)
    slot(i).store(0, std::memory_order_relaxed);
}

void InHandTable::Mark(base::MessageId id) {
  const std::uint64_t place = PlaceOf(id);
  for (std::uint64_t step = 0; step < kWindow; ++step) {
    std::uint64_t empty = 0;
    if (slot(place + step).compare_exchange_strong(empty, id.value)) return;
  }
  header().overflow.fetch_add(1);
}

void InHandTable::Clear(base::MessageId id) {
  const std::uint64_t place = PlaceOf(id);
  for (std::uint64_t step = 0; step < kWindow; ++step) {
    std::uint64_t mine = id.value;
    // Looking costs much less than trying.
    if (slot(place + step).load(std::memory_order_relaxed) != mine) continue;
    if (slot(place + step).compare_exchange_strong(mine, 0)) return;
  }
  // Not there: never marked, or counted as overflow, which stays until the next start.
}

bool InHandTable::Has(base::MessageId id) const {
  const std::uint64_t place = PlaceOf(id);
  for (std::uint64_t step = 0; step < kWindow; ++step) {
    if (slot(place + step).load(std::memory_order_relaxed) == id.value) return true;
  }
  return false;
}

void InHandTable::NoteSynced(std::uint64_t sequence) {
  header().synced_sequence.store(sequence);
}

void InHandTable::Forget() {
  // A message may have been marked several times.
  for (std::uint64_t i = 0; !found_.marked.empty() && i < slots_; ++i) {
    if (found_.marked.contains(base::MessageId{slot(i).load()})) slot(i).store(0);
  }
  if (found_.everything) header().overflow.fetch_sub(1);
  found_.marked.clear();
  found_.everything = false;
}

void InHandTable::CloseCleanly() {
  header().clean.store(1);
  msync(memory_, bytes_, MS_SYNC);
}

}  // namespace postern::store
