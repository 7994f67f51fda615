#include "common/directory/folder_reader.h"

#include <set>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/connector/content_hash.h"

namespace postern::directory {

namespace {

constexpr int kReadsMax = 10;
// The longest tick of a file system's clock: a reading is only trusted when the newest change is
// older.
constexpr std::int64_t kClockGrainNs = 2'000'000'000;

// A file can change twice within one tick of the file system's clock and look the same. Where times
// have no fraction the tick may be two seconds; otherwise it is the kernel's, 10 ms at most.
bool Trusted(const FileState& state, std::int64_t read_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const bool coarse = state.changed_ns % kSecond == 0;
  const std::int64_t age_ns = read_ns - state.changed_ns;
  return age_ns > (coarse ? 2 * kSecond : kSecond / 50);
}

// What is refused stays so until somebody changes the file, which its state shows.
bool MayPass(const absl::Status& unread) {
  return !absl::IsInvalidArgument(unread) && !absl::IsPermissionDenied(unread);
}

}  // namespace

absl::StatusOr<FolderReader::Reading> FolderReader::Read() {
  const std::lock_guard lock(mutex_);
  auto before = Look(path_);
  for (int i = 0; i < kReadsMax && before.ok(); ++i) {
    Reading reading;
    for (const FileState& state : before->files)
      ReadFile(state, reading);
    // Files that changed under the reader would give a mix of two directories.
    auto after = Look(path_);
    const bool same = after.ok() && *after == *before;
    if (!same) {
      before = std::move(after);
      continue;
    }
    reading.state = *std::move(before);
    if (files_.size() > reading.state.files.size()) ForgetAllBut(reading.state.files);
    return reading;
  }
  if (!before.ok()) return base::Annotate(before.status(), "directory");
  return base::Error(absl::StatusCode::kUnavailable, "directory ", path_,
                     " changes while it is being read");
}

void FolderReader::ForgetAllBut(const std::vector<FileState>& there) {
  std::set<std::string_view> paths;
  for (const FileState& state : there)
    paths.insert(state.path);
  std::erase_if(files_, [&](const auto& known) { return !paths.contains(known.first); });
}

void FolderReader::ReadFile(const FileState& state, Reading& reading) {
  auto found = files_.find(state.path);
  if (found == files_.end() || found->second.state != state ||
      !Trusted(state, found->second.read_ns)) {
    FileText read;
    read.state = state;
    read.read_ns = absl::ToUnixNanos(absl::Now());
    const auto text = ReadFileText(base::Cat(path_, "/", state.path), kManifestBytesMax);
    if (!text.ok()) {
      reading.errors.push_back({state.path, 0, std::string(base::MessageOf(text.status()))});
      reading.unread = reading.unread || MayPass(text.status());
      return;
    }
    read.hash = connector::ContentHash(*text);
    if (found != files_.end() && found->second.hash == read.hash) {
      read.manifests = std::move(found->second.manifests);
      read.errors = std::move(found->second.errors);
    } else {
      for (Manifest& manifest : ParseManifests(state.path, *text, read.errors))
        read.manifests.push_back(Check(std::move(manifest)));
    }
    found = files_.insert_or_assign(state.path, std::move(read)).first;
  }
  const FileText& file = found->second;
  reading.manifests.insert(reading.manifests.end(), file.manifests.begin(), file.manifests.end());
  reading.errors.insert(reading.errors.end(), file.errors.begin(), file.errors.end());
}

bool Lasts(const absl::StatusOr<FolderReader::Reading>& reading,
           const FolderState& look,
           std::int64_t begun_ns) {
  // A folder that can be looked at now could not be read before: it is another one.
  if (!reading.ok() && look.error.empty()) return false;
  if (reading.ok() && reading->unread) return false;
  const std::int64_t age_ns = begun_ns - look.newest_ns();
  return age_ns > kClockGrainNs || age_ns < -kClockGrainNs;
}

}  // namespace postern::directory
