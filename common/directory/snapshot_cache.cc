// The file: a comment line with the snapshot's version, then each object as a YAML document whose
// content is JSON, then "# end". A file without its end, or with another version, is not used.
#include "common/directory/snapshot_cache.h"

#include <utility>
#include <vector>

#include "google/protobuf/util/json_util.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/directory/folder.h"
#include "common/directory/manifest.h"
#include "common/directory/rules.h"
#include "common/directory/synced_file.h"

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

absl::Status Damaged(const std::string& file, std::string_view why) {
  return base::Error(absl::StatusCode::kDataLoss, "snapshot ", file, ": ", why);
}

}  // namespace

absl::Status SaveSnapshot(const Snapshot& snapshot, const std::string& file) {
  return ReplaceFile(file, base::Cat(file, ".new"), Write(snapshot), 0600);
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
  auto manifests = ParseManifests(file, *text, errors, kCacheBytesMax);
  SnapshotPtr snapshot = BuildSnapshot(std::move(manifests), errors, true);
  if (!errors.empty()) return Damaged(file, errors.front().ToString());
  if (snapshot->version() != version) return Damaged(file, "holds another version than it says");
  return snapshot;
}

}  // namespace postern::directory
