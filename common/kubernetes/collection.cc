#include "common/kubernetes/collection.h"

#include <utility>

#include "google/protobuf/util/message_differencer.h"

#include "common/base/text.h"
#include "common/connector/send_connector.h"

namespace postern::kubernetes {

namespace {

using directory::Kind;

constexpr std::int64_t kGone = 410;

absl::Status Senseless(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, "the API server's answer ", what);
}

const google::protobuf::Message& MessageOf(const directory::CheckedManifest& checked) {
  return std::visit([](const auto& held) -> const google::protobuf::Message& { return held; },
                    checked.manifest.object);
}

// A new generation is told as in force, also where it means the same.
bool SameSpec(const Object& a, const Object& b) {
  if (a.checked == nullptr || b.checked == nullptr) return false;
  if (a.uid != b.uid || a.generation != b.generation) return false;
  return google::protobuf::util::MessageDifferencer::Equals(MessageOf(*a.checked),
                                                            MessageOf(*b.checked));
}

// The form that does not depend on who wrote it, nor on the fields that the API server adds.
directory::YamlNode DocumentOf(Kind kind, const std::string& name, const Json& json) {
  const Json* const spec = Find(json, {"spec"});
  directory::YamlNode document = MapNode({{"apiVersion", TextNode(connector::kApiVersion)},
                                          {"kind", TextNode(NameOf(kind))},
                                          {"metadata", MapNode({{"name", TextNode(name)}})}});
  if (spec == nullptr || spec->has_null_value()) return document;
  document.children.push_back(TextNode("spec"));
  document.children.push_back(ToNode(*spec));
  return document;
}

// What the server says instead of an object: {"kind":"Status","code":410,"message":"..."}
absl::Status ErrorOf(const Json& status) {
  const std::int64_t code = NumberAt(status, {"code"});
  const auto kind = code == kGone ? absl::StatusCode::kOutOfRange : absl::StatusCode::kUnavailable;
  return base::Error(kind, "the API server ended the watch: ", code, " ",
                     base::Printable(TextAt(status, {"message"})));
}

}  // namespace

std::string_view PluralOf(Kind kind) {
  switch (kind) {
    case Kind::kAcceptedDomain:
      return "accepteddomains";
    case Kind::kSendConnector:
      return "sendconnectors";
    case Kind::kSite:
      return "sites";
    case Kind::kSiteLink:
      return "sitelinks";
    case Kind::kTransportConfig:
      return "transportconfigs";
    case Kind::kTransportServer:
      return "transportservers";
  }
  return "";
}

std::string PlaceOf(Kind kind, std::string_view name) {
  return base::Cat(PluralOf(kind), "/", base::Printable(name));
}

absl::StatusOr<ObjectPtr> ReadObject(Kind kind, const Json& json, std::size_t bytes) {
  auto object = std::make_shared<Object>();
  object->name = TextAt(json, {"metadata", "name"});
  object->resource_version = TextAt(json, {"metadata", "resourceVersion"});
  if (object->name.empty()) return Senseless("has an object without metadata.name");
  if (object->resource_version.empty()) return Senseless("has an object without resourceVersion");
  object->uid = TextAt(json, {"metadata", "uid"});
  object->generation = NumberAt(json, {"metadata", "generation"});
  if (const Json* status = Find(json, {"status"})) object->status = *status;
  object->bytes = bytes;
  object->place = PlaceOf(kind, object->name);
  auto manifest = directory::DecodeManifest(DocumentOf(kind, object->name, json), object->place,
                                            object->errors);
  if (manifest) object->checked = directory::Check(*std::move(manifest));
  return object;
}

void Collection::BeginList() {
  coming_.clear();
  coming_bytes_ = 0;
}

absl::StatusOr<std::string> Collection::TakePage(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json.ok()) return Senseless(base::MessageOf(json.status()));
  const Json* const items = Find(*json, {"items"});
  if (TextAt(*json, {"kind"}) != base::Cat(NameOf(kind_), "List") || items == nullptr) {
    return Senseless(base::Cat("is no list of ", NameOf(kind_)));
  }
  std::string version = TextAt(*json, {"metadata", "resourceVersion"});
  if (version.empty()) return Senseless("is a list without resourceVersion");
  // A list that is empty may be null.
  for (const Json& item : items->list_value().values()) {
    auto object = ReadObject(kind_, item, item.ByteSizeLong());
    if (!object.ok()) return object.status();
    absl::Status put = Put(coming_, coming_bytes_, *std::move(object));
    if (!put.ok()) return put;
  }
  std::string next = TextAt(*json, {"metadata", "continue"});
  if (next.empty()) {
    resource_version_ = std::move(version);
    Replace();
  }
  return next;
}

// What is as it was stays the same object, so that nothing looks changed.
void Collection::Replace() {
  changed_ = changed_ || !listed_ || coming_.size() != objects_.size();
  listed_ = true;
  for (const auto& [name, object] : coming_) {
    const auto old = objects_.find(name);
    changed_ = changed_ || old == objects_.end() || !SameSpec(*old->second, *object);
  }
  const std::lock_guard lock(mutex_);
  objects_ = std::exchange(coming_, {});
  bytes_ = std::exchange(coming_bytes_, 0);
}

absl::Status Collection::Put(Objects& objects, std::size_t& bytes, ObjectPtr object) const {
  const auto old = objects.find(object->name);
  if (old != objects.end()) bytes -= old->second->bytes;
  bytes += object->bytes;
  const std::string name = object->name;
  objects[name] = std::move(object);
  if (objects.size() <= kObjectsMax && bytes <= kBytesMax) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "there are more than ", kObjectsMax, " ",
                     PluralOf(kind_), ", or they have more than ", kBytesMax, " bytes");
}

absl::Status Collection::TakeEvent(std::string_view line) {
  const auto json = ParseJson(line);
  if (!json.ok()) return Senseless(base::MessageOf(json.status()));
  const std::string type = TextAt(*json, {"type"});
  const Json* const object = Find(*json, {"object"});
  if (object == nullptr) return Senseless("has an event without an object");
  if (type == "ERROR") return ErrorOf(*object);
  if (TextAt(*object, {"kind"}) != NameOf(kind_)) {
    return Senseless(base::Cat("has an event that is of no ", NameOf(kind_)));
  }
  const std::string version = TextAt(*object, {"metadata", "resourceVersion"});
  if (version.empty()) return Senseless("has an event without resourceVersion");
  if (type != "BOOKMARK") {
    absl::Status taken = TakeObject(type, *object, line.size());
    if (!taken.ok()) return taken;
  }
  resource_version_ = version;
  return absl::OkStatus();
}

absl::Status Collection::TakeObject(std::string_view type, const Json& json, std::size_t bytes) {
  auto object = ReadObject(kind_, json, bytes);
  if (!object.ok()) return object.status();
  const auto old = objects_.find((*object)->name);
  const std::lock_guard lock(mutex_);
  if (type == "DELETED") {
    if (old == objects_.end()) return absl::OkStatus();
    bytes_ -= old->second->bytes;
    objects_.erase(old);
    changed_ = true;
    return absl::OkStatus();
  }
  if (type != "ADDED" && type != "MODIFIED") {
    return Senseless(base::Cat("has an event of type \"", base::Printable(type), "\""));
  }
  changed_ = changed_ || old == objects_.end() || !SameSpec(*old->second, **object);
  return Put(objects_, bytes_, *std::move(object));
}

Objects Collection::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

ObjectPtr Collection::Held(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : found->second;
}

}  // namespace postern::kubernetes
