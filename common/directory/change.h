// common/directory/change.h
//
// Change: what somebody asks to be changed in the directory, and what came of it.
//
// See       common/directory/managed_folder.h; common/kubernetes/api_writer.h;
//           proto/postern/v1/directory.proto

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"

#include "common/directory/resource.h"

namespace postern::directory {

struct Change {
  enum class Verb : std::uint8_t { kCreate, kUpdate, kDelete };

  Verb verb = Verb::kCreate;
  Kind kind = Kind::kSendConnector;
  std::string name;                  // which one; empty with kCreate: made of spec.name
  v1::Resource resource;             // what it is to be; not with kDelete
  google::protobuf::FieldMask mask;  // with kUpdate; empty is the whole spec
  std::string resource_version;      // only if it is still this one; empty is any
  bool dry_run = false;
  std::string who;   // the identity that asks, for the audit
  std::string site;  // and its site
};

// "create", "update", "delete".
std::string_view NameOf(Change::Verb verb);

struct ChangeResult {
  absl::Status status;                 // as directory.proto says
  std::string name;                    // metadata.name, as far as it is known
  std::optional<v1::Resource> before;  // as it was; also of a change that is refused
  std::optional<v1::Resource> after;   // as it is, or would have been
  std::vector<std::string> warnings;
  bool changed = false;
};

// Where changes are made: the managed folder, or an API server. From any thread that may wait.
class ChangeWriter {
 public:
  virtual ~ChangeWriter() = default;

  // Looks at the directory as it is now, checks, and writes unless it is a dry run or changes
  // nothing.
  virtual ChangeResult Apply(const Change& change) = 0;
};

}  // namespace postern::directory
