// common/kubernetes/json.h
//
// JSON as the API server speaks it, and as the values that a manifest is decoded from.
//
// Flow      ParseJson(text); TextAt(value, {"metadata", "name"}); ToNode of a part of it.
// Failure   kInvalidArgument: it is not JSON, or nested too deep. A field that is not there, or of
//           another type, is empty.
// Limits    Nesting of 64; the bytes are the caller's to bound.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"

#include "common/directory/yaml_tree.h"

namespace postern::kubernetes {

using Json = google::protobuf::Value;
using Path = std::initializer_list<std::string_view>;

absl::StatusOr<Json> ParseJson(std::string_view text);
std::string WriteJson(const Json& value);

// Null when there is no such field.
const Json* Find(const Json& value, Path path);
std::string TextAt(const Json& value, Path path);
std::int64_t NumberAt(const Json& value, Path path);

// The field, which is made when it is not there.
Json& At(Json& value, Path path);
void SetText(Json& value, Path path, std::string_view text);
void SetNumber(Json& value, Path path, std::int64_t number);

// As if it stood in a manifest, without lines.
directory::YamlNode ToNode(const Json& value);
// A map of `fields`, in the order as given.
directory::YamlNode MapNode(
    std::initializer_list<std::pair<std::string_view, directory::YamlNode>> fields);
directory::YamlNode TextNode(std::string_view text);

}  // namespace postern::kubernetes
