// common/directory/field_paths.h
//
// FieldPaths: the fields that a google.protobuf.FieldMask names in one kind of object.
//
// Flow      Parse(mask, type); then Assign for an update, or Keep for an answer.
// Failure   kInvalidArgument naming every path that is not a field of the type.
// Limits    kPathsMax paths, kPathBytesMax bytes each.
// See       google/protobuf/field_mask.proto; AIP-161

#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace postern::directory {

inline constexpr int kPathsMax = 256;
inline constexpr std::size_t kPathBytesMax = 256;

class FieldPaths {
 public:
  // A segment is the name of a field as in the schema or as in a manifest: "spec.smart_hosts",
  // "spec.smartHosts". A list can only be named as a whole.
  static absl::StatusOr<FieldPaths> Parse(const google::protobuf::FieldMask& mask,
                                          const google::protobuf::Descriptor& type);

  bool empty() const { return paths_.empty(); }

  // The fields that are not below `part`, as they would be written in a manifest.
  std::vector<std::string> Outside(std::string_view part) const;

  // Gives each field of `into` that is named the value that it has in `from`, or none.
  void Assign(const google::protobuf::Message& from, google::protobuf::Message& into) const;

  // Clears what is not named.
  void Keep(google::protobuf::Message& message) const;

  void Add(const google::protobuf::FieldDescriptor* field) { paths_.push_back({field}); }

 private:
  using Path = std::vector<const google::protobuf::FieldDescriptor*>;

  std::vector<Path> paths_;
};

}  // namespace postern::directory
