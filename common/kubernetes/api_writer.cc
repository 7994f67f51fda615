#include "common/kubernetes/api_writer.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "google/protobuf/util/json_util.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/directory/change_rules.h"

namespace postern::kubernetes {

namespace {

using directory::Change;
using directory::ChangeDraft;
using directory::ChangeResult;
using directory::FolderReader;
using directory::Kind;

// The name under which the API server notes which fields the admin API has written.
constexpr std::string_view kFieldManager = "postern-admin";

FolderReader::Reading ReadingOf(const KubernetesSource::View& view) {
  FolderReader::Reading reading;
  reading.file_of = &PlaceOf;
  for (const auto& [kind, objects] : view.objects) {
    for (const auto& [name, object] : objects) {
      if (object->checked != nullptr) reading.manifests.push_back(object->checked);
      reading.errors.insert(reading.errors.end(), object->errors.begin(), object->errors.end());
    }
  }
  return reading;
}

ObjectPtr FindIn(const KubernetesSource::View& view, Kind kind, const std::string& name) {
  const auto& objects = view.objects.at(kind);
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : found->second;
}

Json JsonOf(const directory::CheckedManifest& checked) {
  std::string text;
  const auto written = std::visit(
      [&](const auto& held) { return google::protobuf::util::MessageToJsonString(held, &text); },
      checked.manifest.object);
  POSTERN_CHECK(written.ok());
  auto json = ParseJson(text);
  POSTERN_CHECK(json.ok());
  return *std::move(json);
}

Json SpecOf(const directory::CheckedManifest& checked) {
  const Json json = JsonOf(checked);
  const Json* const spec = Find(json, {"spec"});
  if (spec != nullptr) return *spec;
  Json empty;
  empty.mutable_struct_value();
  return empty;
}

absl::Status FromRefusal(const absl::Status& refused) {
  // To the caller of the admin API it would look like a role of its own that is missing.
  if (!absl::IsPermissionDenied(refused)) return refused;
  return base::Error(absl::StatusCode::kFailedPrecondition, base::MessageOf(refused),
                     "; the service account of this server needs a Role for it");
}

}  // namespace

Json MergePatchOf(const Json& before, const Json& after) {
  if (!before.has_struct_value() || !after.has_struct_value()) return after;
  Json patch = after;
  auto& fields = *patch.mutable_struct_value()->mutable_fields();
  for (const auto& [name, old] : before.struct_value().fields()) {
    const auto now = fields.find(name);
    if (now == fields.end()) {
      fields[name].set_null_value(google::protobuf::NULL_VALUE);
    } else {
      now->second = MergePatchOf(old, now->second);
    }
  }
  return patch;
}

// Servers write the status of a resource soon after each change of it, and with it its version:
// what was decided by the same spec is still right.
ChangeResult ApiWriter::Apply(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (int tries = 1;; ++tries) {
    ObjectPtr held;
    ChangeResult result = ApplyOnce(change, held);
    const bool conflict = absl::IsAborted(result.status) && held != nullptr;
    if (!conflict || tries == kTriesMax || !StatusMoved(change, *held)) return result;
  }
}

bool ApiWriter::StatusMoved(const Change& change, const Object& held) const {
  const absl::Time until = absl::Now() + kStatusSeenMax;
  while (absl::Now() < until) {
    const ObjectPtr now = source_.Held(change.kind, held.name);
    if (now == nullptr || now->uid != held.uid || now->generation != held.generation) return false;
    if (now->resource_version != held.resource_version) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return false;
}

ChangeResult ApiWriter::ApplyOnce(const Change& change, ObjectPtr& held) {
  ChangeResult result;
  result.name = change.name;
  const KubernetesSource::View view = source_.view();
  if (!view.complete || source_.readings().stale) {
    result.status = base::Error(absl::StatusCode::kUnavailable, "the API server ", access_.origin(),
                                " is away, and changes are made there: try again");
    return result;
  }
  ChangeDraft draft;
  result.status = Prepare(change, view, draft, result);
  if (result.status.ok() && result.changed && !change.dry_run) {
    if (draft.before != nullptr) held = FindIn(view, change.kind, draft.name);
    result.status = Write(change, held, draft);
  }
  return result;
}

absl::Status ApiWriter::Prepare(const Change& change,
                                const KubernetesSource::View& view,
                                ChangeDraft& draft,
                                ChangeResult& result) {
  const FolderReader::Reading reading = ReadingOf(view);
  const absl::Status drafted = MakeDraft(change, reading, draft);
  result.name = draft.name;
  result.before = draft.was;
  result.after = draft.becomes;
  if (!drafted.ok()) return drafted;
  absl::Status ruled = CheckRules(draft, reading, result.warnings);
  if (ruled.ok()) result.changed = draft.differs();
  return ruled;
}

absl::Status ApiWriter::Write(const Change& change,
                              const ObjectPtr& held,
                              const ChangeDraft& draft) {
  const std::string collection = access_.PathOf(change.kind);
  const std::string what = base::Cat(NameOf(change.kind), " \"", draft.name, "\"");
  auto call = access_.Request("POST", base::Cat(collection, "?fieldManager=", kFieldManager));
  if (!call.ok()) return call.status();
  call->content_type = "application/json";
  Json body;
  if (held == nullptr) {
    body = JsonOf(*draft.after);
  } else {
    call->path = base::Cat(collection, "/", Escaped(draft.name), "?fieldManager=", kFieldManager);
    if (draft.after == nullptr) {
      call->method = "DELETE";
      call->path = base::Cat(collection, "/", Escaped(draft.name));
      SetText(body, {"kind"}, "DeleteOptions");
      SetText(body, {"apiVersion"}, "v1");
      SetText(body, {"preconditions", "resourceVersion"}, held->resource_version);
    } else {
      call->method = "PATCH";
      call->content_type = "application/merge-patch+json";
      SetText(body, {"metadata", "resourceVersion"}, held->resource_version);
      At(body, {"spec"}) = MergePatchOf(SpecOf(*draft.before), SpecOf(*draft.after));
    }
  }
  call->body = WriteJson(body);
  const auto answer = Send(*std::move(call), what);
  if (!answer.ok()) return answer.status();
  const std::int64_t generation =
      draft.after == nullptr ? 0 : NumberAt(*answer, {"metadata", "generation"});
  if (source_.WaitInForce(PlaceOf(change.kind, draft.name), generation, kInForceMax)) {
    return absl::OkStatus();
  }
  return base::Error(absl::StatusCode::kUnavailable, what,
                     ": the change is written and not yet in force");
}

absl::StatusOr<Json> ApiWriter::Send(http::Call call, std::string_view what) {
  if (channel_ == nullptr) {
    auto channel = access_.channel();
    if (!channel.ok()) return channel.status();
    channel_ = *std::move(channel);
  }
  call.body_bytes_max = Feed::kEventBytesMax;
  call.time_max = std::min(call.time_max, kAnswerMax);
  const auto answer = Asked(*channel_, std::move(call), what);
  if (!answer.ok()) return FromRefusal(answer.status());
  return ParseJson(answer->body);
}

}  // namespace postern::kubernetes
