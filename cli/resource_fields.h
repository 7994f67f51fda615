// cli/resource_fields.h
//
// The parts that every kind of resource has - metadata, spec, status - and the fields of a spec by
// their names, for verbs that are written once for all kinds.
//
// Flow      v1::Resource site = NewResource("Site"); SetTexts(SpecOf(site), field, {"a", "b"}).
// Failure   None: a kind or a field that is not there is a bug of the tables, which tests compare
//           with the schema.
// See       proto/postern/v1/resources.proto

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "postern/v1/resources.pb.h"

namespace postern::cli {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// An empty one of the kind, with apiVersion and kind.
v1::Resource NewResource(std::string_view kind);

// Whether it holds none: the `before` of what is new.
bool HoldsNone(const v1::Resource& resource);

// The SendConnector, Site, ... that it holds. Not of an empty one.
const Message& ObjectOf(const v1::Resource& resource);
Message& ObjectOf(v1::Resource& resource);

std::string KindOf(const v1::Resource& resource);
const v1::ObjectMeta& MetadataOf(const v1::Resource& resource);
v1::ObjectMeta& MetadataOf(v1::Resource& resource);
const Message& SpecOf(const v1::Resource& resource);
Message& SpecOf(v1::Resource& resource);

// What administrators call it: spec.name where there is one, or metadata.name.
std::string NameOf(const v1::Resource& resource);

// The condition Ready; nullopt when the server does not say.
std::optional<v1::Condition> ReadyOf(const v1::Resource& resource);

// Without what only a server knows: status and resource version.
v1::Resource WithoutServerPart(const v1::Resource& resource);

// By its name in manifests ("smartHosts"); null when the spec has none.
const FieldDescriptor* FindField(const Message& spec, std::string_view json_name);

// "spec.smart_hosts", as a field mask names it.
std::string MaskPathOf(const FieldDescriptor& field);

// The values of a field as texts; none when it is not there. A secret is its name.
std::vector<std::string> TextsOf(const Message& spec, const FieldDescriptor& field);

// The reverse, of texts that value_forms.h has made: "true", "587", "25MB". None clears the field.
void SetTexts(Message& spec, const FieldDescriptor& field, const std::vector<std::string>& texts);

// A name as metadata.name has it: lower case, and "-" for what is no letter or digit.
std::string SlugOf(std::string_view name);

}  // namespace postern::cli
