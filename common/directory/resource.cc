#include "common/directory/resource.h"

#include <utility>

#include "common/base/check.h"
#include "common/connector/content_hash.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kNames[kKinds] = {
    "AcceptedDomain", "SendConnector", "Site", "SiteLink", "TransportConfig", "TransportServer"};

// The field of the object that the resource holds; null when it holds none.
const FieldDescriptor* HeldField(const v1::Resource& resource) {
  const auto* kind = v1::Resource::descriptor()->FindOneofByName("kind");
  return resource.GetReflection()->GetOneofFieldDescriptor(resource, kind);
}

// A part that every kind has: "metadata", "status".
const FieldDescriptor* PartOf(const Message& object, const char* name) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByName(name);
  POSTERN_CHECK(field != nullptr);
  return field;
}

v1::Resource Hold(const Message& object) {
  const auto* kind = v1::Resource::descriptor()->FindOneofByName("kind");
  v1::Resource resource;
  for (int i = 0; i < kind->field_count(); ++i) {
    if (kind->field(i)->message_type() != object.GetDescriptor()) continue;
    resource.GetReflection()->MutableMessage(&resource, kind->field(i))->CopyFrom(object);
  }
  POSTERN_CHECK(HasObject(resource));
  return resource;
}

v1::Resource WithVersion(const Message& object, std::string version) {
  v1::Resource resource = Hold(object);
  MetadataOf(resource).set_resource_version(std::move(version));
  return resource;
}

template <typename Typed>
v1::Resource Versioned(const Typed& typed) {
  const auto object = ToResource(typed);
  return WithVersion(object, connector::ContentHash(object));
}

}  // namespace

std::string_view NameOf(Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<Kind> ParseKind(std::string_view word) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kNames[i] == word) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

const google::protobuf::Descriptor& DescriptorOf(Kind kind) {
  return *std::visit([](const auto& object) { return object.GetDescriptor(); },
                     *MakeObject(NameOf(kind)));
}

bool HasObject(const v1::Resource& resource) {
  return HeldField(resource) != nullptr;
}

Kind KindOf(const v1::Resource& resource) {
  return *ParseKind(ObjectOf(resource).GetDescriptor()->name());
}

Kind KindOf(const Manifest::Object& object) {
  return *std::visit([](const auto& held) { return ParseKind(held.GetDescriptor()->name()); },
                     object);
}

const Message& ObjectOf(const v1::Resource& resource) {
  const FieldDescriptor* field = HeldField(resource);
  POSTERN_CHECK(field != nullptr);
  return resource.GetReflection()->GetMessage(resource, field);
}

Message& ObjectOf(v1::Resource& resource) {
  const FieldDescriptor* field = HeldField(resource);
  POSTERN_CHECK(field != nullptr);
  return *resource.GetReflection()->MutableMessage(&resource, field);
}

const v1::ObjectMeta& MetadataOf(const v1::Resource& resource) {
  const Message& object = ObjectOf(resource);
  return static_cast<const v1::ObjectMeta&>(
      object.GetReflection()->GetMessage(object, PartOf(object, "metadata")));
}

v1::ObjectMeta& MetadataOf(v1::Resource& resource) {
  Message& object = ObjectOf(resource);
  return static_cast<v1::ObjectMeta&>(
      *object.GetReflection()->MutableMessage(&object, PartOf(object, "metadata")));
}

const v1::ObjectMeta& MetadataOf(const Manifest::Object& object) {
  return std::visit([](const auto& held) -> const v1::ObjectMeta& { return held.metadata(); },
                    object);
}

v1::ResourceStatus& StatusOf(v1::Resource& resource) {
  Message& object = ObjectOf(resource);
  return static_cast<v1::ResourceStatus&>(
      *object.GetReflection()->MutableMessage(&object, PartOf(object, "status")));
}

const std::string& ShownName(const v1::Resource& resource) {
  return resource.has_send_connector() ? resource.send_connector().spec().name()
                                       : MetadataOf(resource).name();
}

Manifest::Object ToManifestObject(const v1::Resource& resource) {
  Manifest::Object object = *MakeObject(NameOf(KindOf(resource)));
  std::visit(
      [&](auto& held) {
        held.CopyFrom(ObjectOf(resource));
        held.clear_status();
        held.mutable_metadata()->clear_resource_version();
        if (held.api_version().empty()) held.set_api_version(std::string(connector::kApiVersion));
        if (held.kind().empty()) held.set_kind(held.GetDescriptor()->name());
      },
      object);
  return object;
}

v1::Resource ToResource(const Manifest::Object& object) {
  return std::visit([](const auto& held) { return Hold(held); }, object);
}

v1::Resource ResourceOf(const SendConnector& connector) {
  // A snapshot's connectors know their version.
  if (connector.version.empty()) return Versioned(connector);
  return WithVersion(connector::ToResource(connector), connector.version);
}

v1::Resource ResourceOf(const Site& site) {
  return Versioned(site);
}

v1::Resource ResourceOf(const SiteLink& link) {
  return Versioned(link);
}

v1::Resource ResourceOf(const TransportServer& server) {
  return Versioned(server);
}

v1::Resource ResourceOf(const AcceptedDomain& domain) {
  return Versioned(domain);
}

v1::Resource ResourceOf(const TransportConfig& config) {
  return Versioned(config);
}

}  // namespace postern::directory
