// common/directory/resource.h
//
// Resource: one object of any kind, as the admin API carries it.
//
// Flow      ResourceOf(object of a snapshot) has every default and the version; ToResource(manifest
//           object) has what was given. KindOf, MetadataOf and ObjectOf look inside.
// Failure   A Resource that holds no object is the caller's to refuse (HasObject): to ask for its
//           parts is a bug.
// See       proto/postern/v1/directory.proto

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/directory/manifest.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

// In the order of their names, which is the order of lists.
enum class Kind : std::uint8_t {
  kAcceptedDomain,
  kSendConnector,
  kSite,
  kSiteLink,
  kTransportConfig,
  kTransportServer,
};

inline constexpr std::size_t kKinds = 6;
inline constexpr std::string_view kKindWords =
    "AcceptedDomain, SendConnector, Site, SiteLink, TransportConfig or TransportServer";

std::string_view NameOf(Kind kind);
// As it is spelled in a manifest; nullopt for any other word.
std::optional<Kind> ParseKind(std::string_view word);
const google::protobuf::Descriptor& DescriptorOf(Kind kind);

bool HasObject(const v1::Resource& resource);
Kind KindOf(const v1::Resource& resource);
Kind KindOf(const Manifest::Object& object);
const google::protobuf::Message& ObjectOf(const v1::Resource& resource);
google::protobuf::Message& ObjectOf(v1::Resource& resource);
const v1::ObjectMeta& MetadataOf(const v1::Resource& resource);
const v1::ObjectMeta& MetadataOf(const Manifest::Object& object);
v1::ObjectMeta& MetadataOf(v1::Resource& resource);
v1::ResourceStatus& StatusOf(v1::Resource& resource);

// The spec.name of a Send connector; of other kinds their metadata.name.
const std::string& ShownName(const v1::Resource& resource);

// What a manifest of the resource says: with apiVersion and kind, when they are left out, and
// without what only a server knows.
Manifest::Object ToManifestObject(const v1::Resource& resource);
v1::Resource ToResource(const Manifest::Object& object);

// Every default filled in, resource_version the hash of the content, no status.
v1::Resource ResourceOf(const SendConnector& connector);
v1::Resource ResourceOf(const Site& site);
v1::Resource ResourceOf(const SiteLink& link);
v1::Resource ResourceOf(const TransportServer& server);
v1::Resource ResourceOf(const AcceptedDomain& domain);
v1::Resource ResourceOf(const TransportConfig& config);

}  // namespace postern::directory
