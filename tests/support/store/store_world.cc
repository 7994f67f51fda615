#include "tests/support/store/store_world.h"

#include <algorithm>
#include <fstream>

#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::store {

namespace {

namespace disk = std::filesystem;

}  // namespace

std::string FileText(const disk::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

StoreWorld::StoreWorld(const std::string& parent) {
  std::string pattern = base::Cat(disk::exists(parent) ? parent : "/tmp", "/postern-store-XXXXXX");
  POSTERN_CHECK(mkdtemp(pattern.data()) != nullptr);
  root_ = pattern;
  settings.path.value = (root_ / "store0").string();
  settings.settle_delay_max.value = absl::Milliseconds(1);
  settings.disk_check_interval.value = absl::Milliseconds(20);
  settings.in_hand_slots.value = 1024;
  settings.write_buffers.value = {8 * kMiB};
  settings.disk_reserve.value = {0};
  settings.spare_log_rate.value = {0};
  seams.clock = &clock;
  seams.fatal = [](const absl::Status&) {};
}

StoreWorld::~StoreWorld() {
  Close();
  std::error_code ignored;
  disk::remove_all(root_, ignored);
}

absl::Status StoreWorld::Open() {
  registry_ = std::make_unique<observe::Registry>();
  auto store = RocksStore::Open(settings, *registry_, seams);
  if (!store.ok()) return store.status();
  store_ = std::move(*store);
  return absl::OkStatus();
}

void StoreWorld::Close() {
  store_.reset();
}

void StoreWorld::Kill() {
  const disk::path copy = root_ / base::Cat("store", ++lives_);
  disk::copy(path(), copy, disk::copy_options::recursive);
  Close();
  disk::remove_all(path());
  settings.path.value = copy.string();
}

base::MessageId StoreWorld::Put(std::string body) {
  const base::MessageId id = store_->NextId();
  return store::Put(*store_, MessageWith(id, std::move(body))).ok() ? id : base::MessageId();
}

std::vector<std::string> StoreWorld::Files(const std::string& ending) const {
  std::vector<std::string> files;
  for (const auto& file : disk::directory_iterator(path())) {
    if (file.path().string().ends_with(ending)) files.push_back(file.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string StoreWorld::Fingerprint() const {
  std::string print;
  for (const std::string& file : Files("")) {
    if (file.ends_with("postern.lock") || file.ends_with("/LOCK")) continue;
    print.append(base::Cat(file, " ", std::hash<std::string>()(FileText(file)), "\n"));
  }
  return print;
}

void StoreWorld::FlipByte(const std::string& file, std::uint64_t offset) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(static_cast<std::streamoff>(offset));
  const int byte = bytes.get();
  POSTERN_CHECK(byte >= 0);
  bytes.seekp(static_cast<std::streamoff>(offset));
  bytes.put(static_cast<char>(byte ^ 0x40));
}

bool StoreWorld::FlipIn(const std::string& file, const std::string& text) {
  const std::size_t at = FileText(file).rfind(text);
  if (at == std::string::npos) return false;
  FlipByte(file, at + text.size() / 2);
  return true;
}

}  // namespace postern::store
