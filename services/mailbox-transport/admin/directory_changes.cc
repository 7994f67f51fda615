#include "services/mailbox-transport/admin/directory_changes.h"

#include <utility>

#include "google/protobuf/util/json_util.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/admin/directory_reads.h"

namespace postern::admin {

namespace {

using directory::Change;
using directory::ChangeResult;
using directory::HasObject;
using directory::KindOf;
using directory::MetadataOf;
using directory::ObjectOf;
using directory::StatusOf;

std::string Compact(const std::optional<v1::Resource>& resource) {
  if (!resource) return "";
  std::string json;
  POSTERN_CHECK(google::protobuf::util::MessageToJsonString(ObjectOf(*resource), &json).ok());
  if (json.size() > DirectoryChanges::kLoggedBytesMax) {
    json.resize(DirectoryChanges::kLoggedBytesMax);
    json += "...";
  }
  return json;
}

ChangeOutcome OutcomeOf(const ChangeResult& result) {
  if (result.status.ok()) {
    return result.changed ? ChangeOutcome::kDone : ChangeOutcome::kUnchanged;
  }
  switch (result.status.code()) {
    case absl::StatusCode::kAborted:
      return ChangeOutcome::kConflict;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return ChangeOutcome::kRefused;
    default:
      return ChangeOutcome::kFailed;
  }
}

void LogChange(const Change& change, const ChangeResult& result, ChangeOutcome outcome) {
  const auto level = outcome == ChangeOutcome::kFailed ? observe::Level::kError
                     : result.status.ok()              ? observe::Level::kInfo
                                                       : observe::Level::kWarning;
  if (!observe::Enabled(level)) return;
  observe::Log(level, "directory", "change",
               {{"who", change.who},
                {"site", change.site},
                {"change", NameOf(change.verb)},
                {"kind", NameOf(change.kind)},
                {"name", base::Printable(result.name)},
                {"outcome", NameOf(outcome)},
                {"error", result.status.ok() ? "" : result.status.ToString()},
                {"before", Compact(result.before)},
                {"after", Compact(result.after)}});
}

// What is known by the name of a connector that has another one now; empty: it has not.
std::string WarningOfRename(const ChangeResult& result) {
  const bool connector = result.before && result.after && result.before->has_send_connector();
  if (!connector) return "";
  const std::string& before = result.before->send_connector().spec().name();
  const std::string& after = result.after->send_connector().spec().name();
  if (before == after) return "";
  return base::Cat(
      "queues are known by the name of their connector: suspensions and rate limits of "
      "queues of \"",
      before, "\" do not hold for mail that comes for \"", after, "\"");
}

absl::Status WithoutObject(const rpc::Identity& who) {
  const absl::Status status = absl::InvalidArgumentError("resource: holds no object");
  DirectoryChanges::NoteRefused(who.name, status);
  return status;
}

}  // namespace

absl::Status DirectoryChanges::Create(const rpc::Identity& who,
                                      const v1::CreateResourceRequest& request,
                                      v1::ChangeResponse& response) {
  if (!HasObject(request.resource())) return WithoutObject(who);
  Change change;
  change.verb = Change::Verb::kCreate;
  change.kind = KindOf(request.resource());
  change.name = MetadataOf(request.resource()).name();
  change.resource = request.resource();
  change.dry_run = request.dry_run();
  return Make(who, std::move(change), response);
}

absl::Status DirectoryChanges::Update(const rpc::Identity& who,
                                      const v1::UpdateResourceRequest& request,
                                      v1::ChangeResponse& response) {
  if (!HasObject(request.resource())) return WithoutObject(who);
  Change change;
  change.verb = Change::Verb::kUpdate;
  change.kind = KindOf(request.resource());
  change.name = MetadataOf(request.resource()).name();
  change.resource_version = MetadataOf(request.resource()).resource_version();
  change.resource = request.resource();
  change.mask = request.update_mask();
  change.dry_run = request.dry_run();
  return Make(who, std::move(change), response);
}

absl::Status DirectoryChanges::Delete(const rpc::Identity& who,
                                      const v1::DeleteResourceRequest& request,
                                      v1::ChangeResponse& response) {
  const auto kind = KindFrom(request.kind());
  if (!kind.ok()) {
    NoteRefused(who.name, kind.status());
    return kind.status();
  }
  Change change;
  change.verb = Change::Verb::kDelete;
  change.kind = *kind;
  change.name = request.name();
  change.resource_version = request.resource_version();
  change.dry_run = request.dry_run();
  return Make(who, std::move(change), response);
}

void DirectoryChanges::NoteRefused(const std::string& who, const absl::Status& status) {
  POSTERN_LOG(kWarning, "directory", "change",
              {{"who", who}, {"outcome", "refused"}, {"error", status}});
}

absl::Status DirectoryChanges::Make(const rpc::Identity& who,
                                    Change change,
                                    v1::ChangeResponse& response) {
  change.who = who.name;
  change.site = who.site;
  ChangeResult result = Try(change);
  if (!change.dry_run) {
    const ChangeOutcome outcome = OutcomeOf(result);
    parts_.probe.Changed(change.kind, outcome);
    LogChange(change, result, outcome);
  }
  if (!result.status.ok()) return result.status;
  const directory::SnapshotPtr now = parts_.source.current();
  Tell(*now, result, response);
  return absl::OkStatus();
}

ChangeResult DirectoryChanges::Try(const Change& change) const {
  ChangeResult result;
  result.name = change.name;
  if (parts_.folder == nullptr) {
    result.status = base::Error(absl::StatusCode::kFailedPrecondition,
                                "this server follows the writer of the directory, ", parts_.writer,
                                ": ask for the change there");
    return result;
  }
  if (change.verb == Change::Verb::kDelete && change.kind == directory::Kind::kTransportServer &&
      base::EqualsIgnoreCase(change.name, parts_.server)) {
    result.status =
        base::Error(absl::StatusCode::kFailedPrecondition, "TransportServer \"", change.name,
                    "\" is this server, and without it none of its mail has a route");
    return result;
  }
  result = parts_.folder->Apply(change);
  if (!result.status.ok() || change.dry_run) return result;
  if (const absl::Status in_force = parts_.bring_into_force(); !in_force.ok()) {
    result.status = base::Annotate(in_force, "the change is written and not yet in force");
  }
  return result;
}

void DirectoryChanges::Tell(const directory::Snapshot& snapshot,
                            ChangeResult& result,
                            v1::ChangeResponse& response) const {
  response.set_snapshot_version(snapshot.version());
  response.set_changed(result.changed);
  for (std::string& warning : result.warnings)
    response.add_warnings(std::move(warning));
  if (std::string renamed = WarningOfRename(result); !renamed.empty()) {
    response.add_warnings(std::move(renamed));
  }
  if (result.before) *response.mutable_before() = *std::move(result.before);
  if (!result.after) return;
  v1::Resource& after = *response.mutable_after();
  after = *std::move(result.after);
  if (!after.has_send_connector()) return;
  // Also of a dry run, which is in no snapshot.
  const auto connector = connector::FromResource(after.send_connector());
  if (!connector.ok()) return;
  const v1::Condition ready = parts_.readiness.ConditionOf(*connector, snapshot);
  if (ready.status() == "False") {
    response.add_warnings(
        base::Cat("Send connector \"", connector->name, "\" is not ready: ", ready.message()));
  }
  *StatusOf(after).add_conditions() = ready;
}

}  // namespace postern::admin
