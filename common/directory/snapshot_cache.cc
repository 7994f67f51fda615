// The file: a comment line with the snapshot's version, then each object as a YAML document whose
// content is JSON, then "# end". A file without its end, or with another version, is not used.
#include "common/directory/snapshot_cache.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "google/protobuf/util/json_util.h"
#include <fcntl.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/directory/folder.h"
#include "common/directory/manifest.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

constexpr std::size_t kCacheBytesMax = 256 * 1024 * 1024;
constexpr std::string_view kFirstLine = "# postern directory snapshot ";
constexpr std::string_view kLastLine = "# end\n";

void Append(const google::protobuf::Message& message, std::string& out) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  POSTERN_CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  out += "---\n";
  out += json;
}

std::string Write(const Snapshot& snapshot) {
  std::string out = base::Cat(kFirstLine, snapshot.version(), "\n");
  for (const SendConnector& each : snapshot.connectors())
    Append(ToResource(each), out);
  for (const Site& each : snapshot.sites())
    Append(ToResource(each), out);
  for (const SiteLink& each : snapshot.links())
    Append(ToResource(each), out);
  for (const TransportServer& each : snapshot.servers())
    Append(ToResource(each), out);
  for (const AcceptedDomain& each : snapshot.domains())
    Append(ToResource(each), out);
  Append(ToResource(snapshot.config()), out);
  out += kLastLine;
  return out;
}

absl::Status Failed(std::string_view action, const std::string& file) {
  return base::Error(absl::StatusCode::kUnavailable, action, " ", file, ": ", std::strerror(errno));
}

absl::Status Damaged(const std::string& file, std::string_view why) {
  return base::Error(absl::StatusCode::kDataLoss, "snapshot ", file, ": ", why);
}

// Leaves nothing open, whatever fails.
absl::Status WriteSynced(const std::string& file, std::string_view bytes) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return Failed("create", file);
  absl::Status status;
  while (status.ok() && !bytes.empty()) {
    const ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno != EINTR) {
      status = Failed("write", file);
    }
  }
  if (status.ok() && ::fsync(descriptor) != 0) status = Failed("sync", file);
  if (::close(descriptor) != 0 && status.ok()) status = Failed("close", file);
  return status;
}

absl::Status SyncFolderOf(const std::string& file) {
  std::string folder = std::filesystem::path(file).parent_path().string();
  if (folder.empty()) folder = ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Failed("open folder", folder);
  const bool synced = ::fsync(descriptor) == 0;
  const absl::Status status = synced ? absl::OkStatus() : Failed("sync folder", folder);
  ::close(descriptor);
  return status;
}

}  // namespace

absl::Status SaveSnapshot(const Snapshot& snapshot, const std::string& file) {
  const std::string beside = base::Cat(file, ".new");
  const absl::Status written = WriteSynced(beside, Write(snapshot));
  if (!written.ok()) {
    ::unlink(beside.c_str());
    return written;
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) return Failed("rename to", file);
  return SyncFolderOf(file);
}

absl::StatusOr<SnapshotPtr> LoadSnapshot(const std::string& file) {
  const auto text = ReadFileText(file, kCacheBytesMax);
  if (!text.ok()) return text.status();
  std::string_view rest = *text;
  if (!rest.starts_with(kFirstLine)) return Damaged(file, "is not a snapshot");
  if (!rest.ends_with(kLastLine)) return Damaged(file, "ends too early");
  rest.remove_prefix(kFirstLine.size());
  const std::string version(rest.substr(0, rest.find('\n')));

  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests(file, *text, errors, kCacheBytesMax);
  SnapshotPtr snapshot = BuildSnapshot(manifests, errors, true);
  if (!errors.empty()) return Damaged(file, errors.front().ToString());
  if (snapshot->version() != version) return Damaged(file, "holds another version than it says");
  return snapshot;
}

}  // namespace postern::directory
