// common/kubernetes/collection.h
//
// Collection: every object of one kind that the API server has told of, decoded and checked as a
// manifest of a file would be.
//
// Flow      TakePage of each page of a list, then TakeEvent of each line of the watch.
// Failure   kOutOfRange: the server no longer knows our place (410), list again. kUnavailable: it
//           reports an error of its own. kInvalidArgument: what it says makes no sense, list again.
//           kResourceExhausted: there is more than the limits. What an object breaks is no failure:
//           it stands with the object.
// Lifetime  Changed by one thread; objects() from any.
// Limits    kObjectsMax objects, kBytesMax bytes as they came.
// See       "Efficient detection of changes" of the Kubernetes API concepts

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/directory/checked_manifest.h"
#include "common/directory/resource.h"
#include "common/kubernetes/json.h"

namespace postern::kubernetes {

// As the paths of the API spell it: "sendconnectors".
std::string_view PluralOf(directory::Kind kind);

// "sendconnectors/internet": where a finding has its file.
std::string PlaceOf(directory::Kind kind, std::string_view name);

struct Object {
  std::string name;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  Json status;
  directory::CheckedPtr checked;                 // null: it could not be decoded
  std::vector<directory::ManifestError> errors;  // then why
  std::size_t bytes = 0;
  std::string place;
};

using ObjectPtr = std::shared_ptr<const Object>;
using Objects = std::map<std::string, ObjectPtr>;  // by metadata.name

// Of any kind; kInvalidArgument when it has no name.
absl::StatusOr<ObjectPtr> ReadObject(directory::Kind kind, const Json& json, std::size_t bytes);

class Collection {
 public:
  static constexpr std::size_t kObjectsMax = 100'000;
  static constexpr std::size_t kBytesMax = 256 * 1024 * 1024;

  explicit Collection(directory::Kind kind) : kind_(kind) {}

  // A new list begins: what the pages before have told is forgotten, what is held stays.
  void BeginList();
  // Where the next page begins; empty after the last one, which puts what was listed in force.
  absl::StatusOr<std::string> TakePage(std::string_view text);
  absl::Status TakeEvent(std::string_view line);

  bool listed() const { return listed_; }

  // Whether a spec has changed since this was asked last; a change of a status is none.
  bool TakeChanged() { return std::exchange(changed_, false); }

  // Where a watch goes on.
  const std::string& resource_version() const { return resource_version_; }

  directory::Kind kind() const { return kind_; }

  Objects objects() const;
  // Null when it is not there.
  ObjectPtr Held(const std::string& name) const;

 private:
  absl::Status Put(Objects& objects, std::size_t& bytes, ObjectPtr object) const;
  absl::Status TakeObject(std::string_view type, const Json& json, std::size_t bytes);
  void Replace();

  const directory::Kind kind_;
  std::string resource_version_;
  bool listed_ = false;
  bool changed_ = false;
  Objects coming_;  // of the list that is under way
  std::size_t coming_bytes_ = 0;
  std::size_t bytes_ = 0;

  mutable std::mutex mutex_;  // below: read by others
  Objects objects_;
};

}  // namespace postern::kubernetes
