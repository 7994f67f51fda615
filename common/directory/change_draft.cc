#include "common/directory/change_draft.h"

#include <algorithm>
#include <utility>

#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/util/message_differencer.h"

#include "common/base/text.h"
#include "common/connector/content_hash.h"
#include "common/connector/presets.h"
#include "common/directory/field_paths.h"
#include "common/directory/slug.h"

namespace postern::directory {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using Reading = FolderReader::Reading;
using Verb = Change::Verb;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

template <typename... Parts>
absl::Status Forbidden(const Parts&... parts) {
  return base::Error(absl::StatusCode::kFailedPrecondition, parts...);
}

std::string Titled(Kind kind, std::string_view name) {
  return base::Cat(NameOf(kind), " \"", base::Printable(name), "\"");
}

const Message& SpecOf(const v1::Resource& resource) {
  const Message& object = ObjectOf(resource);
  const FieldDescriptor* spec = object.GetDescriptor()->FindFieldByName("spec");
  return object.GetReflection()->GetMessage(object, spec);
}

const std::string& NameIn(const CheckedManifest& checked) {
  return MetadataOf(checked.manifest.object).name();
}

// The Exchange name of a Send connector, or nothing.
std::string_view ExchangeNameIn(const CheckedManifest& checked) {
  const auto* connector = std::get_if<v1::SendConnector>(&checked.manifest.object);
  return connector == nullptr ? std::string_view() : std::string_view(connector->spec().name());
}

// By metadata.name first, as ResourceIndex::Find.
CheckedPtr Find(const Reading& reading, Kind kind, std::string_view name) {
  CheckedPtr by_exchange_name;
  for (const CheckedPtr& checked : reading.manifests) {
    if (KindOf(checked->manifest.object) != kind) continue;
    if (name.empty() && kind == Kind::kTransportConfig) return checked;
    if (name.empty()) continue;
    if (base::EqualsIgnoreCase(NameIn(*checked), name)) return checked;
    if (base::EqualsIgnoreCase(ExchangeNameIn(*checked), name)) by_exchange_name = checked;
  }
  return by_exchange_name;
}

// A field that this schema does not know would be lost without a word.
bool HasUnknownFields(const Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection->GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

std::string SlugOfNew(const v1::Resource& resource, const Reading& reading) {
  const std::string& name = ShownName(resource);
  const Kind kind = KindOf(resource);
  return SlugFor(name, [&](const std::string& slug) {
    return std::any_of(reading.manifests.begin(), reading.manifests.end(), [&](const auto& other) {
      return KindOf(other->manifest.object) == kind &&
             (NameIn(*other) == slug || base::EqualsIgnoreCase(ExchangeNameIn(*other), slug));
    });
  });
}

CheckedPtr CheckedObject(Manifest::Object object, const std::string& file) {
  Manifest manifest;
  manifest.object = std::move(object);
  manifest.file = file;
  return Check(std::move(manifest));
}

// The file that the object would be in holds something else, or something that nobody can read.
absl::Status CheckFileIsFree(const ChangeDraft& draft, const Reading& reading) {
  for (const ManifestError& error : reading.errors) {
    if (error.file != draft.file) continue;
    return Forbidden("the file ", draft.file, " cannot be read: ", error.ToString(),
                     "; repair it or remove it");
  }
  for (const CheckedPtr& checked : reading.manifests) {
    if (checked->manifest.file != draft.file || checked == draft.before) continue;
    return Forbidden("the file ", draft.file, " holds ",
                     Titled(KindOf(checked->manifest.object), NameIn(*checked)),
                     " too: move it to a file of its own");
  }
  return absl::OkStatus();
}

std::string FileOf(const Reading& reading, Kind kind, std::string_view name) {
  return reading.file_of == nullptr ? ManagedFileOf(kind, name) : reading.file_of(kind, name);
}

absl::Status CheckOwner(Kind kind, const ChangeDraft& draft) {
  const Manifest& manifest = draft.before->manifest;
  if (manifest.file == draft.file) return absl::OkStatus();
  return Forbidden(Titled(kind, draft.name), " stands in ", manifest.file, ":", manifest.line,
                   ", a file that is written by hand: change it there, or take it out of that "
                   "file and create it here");
}

absl::Status CheckVersion(const Change& change, const ChangeDraft& draft) {
  const std::string& now = MetadataOf(*draft.was).resource_version();
  if (change.resource_version.empty() || change.resource_version == now) return absl::OkStatus();
  return base::Error(absl::StatusCode::kAborted, Titled(change.kind, draft.name),
                     " has changed since it was read: its version is ", now,
                     ", the change is of version ", base::Printable(change.resource_version));
}

absl::Status DraftNew(const Change& change, const Reading& reading, ChangeDraft& draft) {
  const auto& given = MetadataOf(change.resource).name();
  draft.name = !given.empty() ? given : change.name;
  const std::string& shown = ShownName(change.resource);
  const bool only_one = change.kind == Kind::kTransportConfig;
  CheckedPtr there = Find(reading, change.kind, only_one ? "" : draft.name);
  if (there == nullptr) there = Find(reading, change.kind, shown);
  if (there != nullptr) {
    draft.was = ShownOf(*there);
    draft.name = NameIn(*there);
    return base::Error(absl::StatusCode::kAlreadyExists, Titled(change.kind, ShownName(*draft.was)),
                       " is already there, in ", there->manifest.file);
  }
  if (draft.name.empty() && !shown.empty()) draft.name = SlugOfNew(change.resource, reading);
  Manifest::Object object = ToManifestObject(change.resource);
  std::visit([&](auto& held) { held.mutable_metadata()->set_name(draft.name); }, object);
  draft.file = FileOf(reading, change.kind, draft.name);
  draft.after = CheckedObject(std::move(object), draft.file);
  return CheckFileIsFree(draft, reading);
}

// What is there, found, ours and of the version that is asked for.
absl::Status DraftExisting(const Change& change, const Reading& reading, ChangeDraft& draft) {
  draft.before = Find(reading, change.kind, change.name);
  if (draft.before == nullptr && change.kind != Kind::kTransportConfig) {
    return base::Error(absl::StatusCode::kNotFound, Titled(change.kind, change.name),
                       ": there is none in the directory");
  }
  const TransportConfig defaults;
  draft.was = draft.before == nullptr ? ResourceOf(defaults) : ShownOf(*draft.before);
  draft.name = MetadataOf(*draft.was).name();
  draft.file = FileOf(reading, change.kind, draft.name);
  if (draft.before == nullptr && !change.name.empty() &&
      !base::EqualsIgnoreCase(change.name, draft.name)) {
    return base::Error(absl::StatusCode::kNotFound, Titled(change.kind, change.name),
                       ": the only one is \"", draft.name, "\"");
  }
  if (draft.before == nullptr && change.verb == Verb::kDelete) {
    return base::Error(absl::StatusCode::kNotFound, Titled(change.kind, draft.name),
                       " stands in no file: the defaults hold already");
  }
  if (draft.before != nullptr) {
    if (absl::Status owned = CheckOwner(change.kind, draft); !owned.ok()) return owned;
  }
  if (absl::Status free = CheckFileIsFree(draft, reading); !free.ok()) return free;
  return CheckVersion(change, draft);
}

template <typename Object>
void KeepUsage(const Object&, const Object&, std::vector<connector::FieldError>&) {}

void KeepUsage(const v1::SendConnector& before,
               const v1::SendConnector& after,
               std::vector<connector::FieldError>& findings) {
  const auto usage_of = [](const v1::SendConnector& connector) {
    return connector::ParseUsage(connector::WithPresets(connector.spec()).usage());
  };
  const auto now = usage_of(before);
  const auto wanted = usage_of(after);
  if (!now || !wanted || now == wanted) return;
  findings.push_back({"spec.usage", std::string(connector::NameOf(*wanted)),
                      base::Cat("the usage of a Send connector cannot be changed, and it is ",
                                connector::NameOf(*now), ": create another connector")});
}

absl::Status DraftUpdated(const Change& change, ChangeDraft& draft) {
  auto paths = FieldPaths::Parse(change.mask, DescriptorOf(change.kind));
  if (!paths.ok()) return paths.status();
  if (const auto outside = paths->Outside("spec"); !outside.empty()) {
    return Invalid("mask: \"", outside.front(), "\": only fields of the spec can be changed");
  }
  if (paths->empty()) paths->Add(DescriptorOf(change.kind).FindFieldByName("spec"));
  Manifest::Object object =
      draft.before == nullptr ? *MakeObject(NameOf(change.kind)) : draft.before->manifest.object;
  std::visit(
      [&](auto& held) {
        const auto old = held;
        paths->Assign(ObjectOf(change.resource), held);
        held.mutable_metadata()->set_name(draft.name);
        KeepUsage(old, held, draft.findings);
      },
      object);
  draft.after = CheckedObject(ToManifestObject(ToResource(object)), draft.file);
  return absl::OkStatus();
}

}  // namespace

// A word that says what its default is now is kept: another field may give the default another
// value.
bool ChangeDraft::differs() const {
  if (!was || !becomes) return true;
  if (MetadataOf(*was).resource_version() != MetadataOf(*becomes).resource_version()) return true;
  if (before == nullptr) return false;
  const v1::Resource old = ToResource(before->manifest.object);
  const v1::Resource now = ToResource(after->manifest.object);
  return !MessageDifferencer::Equals(SpecOf(old), SpecOf(now));
}

std::string ManagedFileOf(Kind kind, std::string_view name) {
  return base::Cat(kManagedFolder, "/", base::LowerAscii(NameOf(kind)), "-", name, ".yaml");
}

v1::Resource ShownOf(const CheckedManifest& checked) {
  v1::Resource shown = ToResource(checked.manifest.object);
  std::visit(
      [&](const auto& typed) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(typed)>, std::monostate>) {
          shown = ResourceOf(typed);
        } else {
          MetadataOf(shown).set_resource_version(connector::ContentHash(ObjectOf(shown)));
        }
      },
      checked.typed);
  return shown;
}

absl::Status MakeDraft(const Change& change, const Reading& reading, ChangeDraft& draft) {
  draft.name = change.name;
  if (change.verb != Verb::kDelete) {
    if (HasUnknownFields(change.resource)) {
      return Invalid(
          Titled(change.kind, change.name),
          ": it has fields that this server does not know: is the caller newer than it?");
    }
  }
  absl::Status status = change.verb == Verb::kCreate ? DraftNew(change, reading, draft)
                                                     : DraftExisting(change, reading, draft);
  if (status.ok() && change.verb == Verb::kUpdate) status = DraftUpdated(change, draft);
  if (draft.after != nullptr) draft.becomes = ShownOf(*draft.after);
  return status;
}

}  // namespace postern::directory
