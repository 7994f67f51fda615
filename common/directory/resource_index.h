// common/directory/resource_index.h
//
// ResourceIndex: every object of a snapshot as a Resource, by kind and name.
//
// Flow      ResourceIndex index(snapshot), once a snapshot; rows() in order, At(row), Find, After.
// Lifetime  Immutable; keeps its snapshot alive. Share it by ResourceIndexPtr.
// Limits    About 150 bytes an object beside the snapshot; a Resource is made when it is asked for.

#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/directory/resource.h"

namespace postern::directory {

struct ResourceKey {
  Kind kind = Kind::kAcceptedDomain;
  std::string name;  // metadata.name, lower case

  auto operator<=>(const ResourceKey&) const = default;
};

class ResourceIndex {
 public:
  struct Row {
    ResourceKey key;
    std::string version;
    std::size_t place = 0;  // in the snapshot's list of its kind
  };

  explicit ResourceIndex(SnapshotPtr snapshot);
  ResourceIndex(const ResourceIndex&) = delete;
  ResourceIndex& operator=(const ResourceIndex&) = delete;

  const Snapshot& snapshot() const { return *snapshot_; }

  // By kind and name.
  const std::vector<Row>& rows() const { return rows_; }

  v1::Resource At(std::size_t row) const;

  // By metadata.name, and a Send connector by its Exchange name too; without regard to case. When
  // the two name different connectors it is the one whose metadata.name fits. The one
  // TransportConfig needs no name.
  std::optional<std::size_t> Find(Kind kind, std::string_view name) const;

  // The first row that comes after `key`, there or not.
  std::size_t After(const ResourceKey& key) const;
  std::size_t FirstOf(Kind kind) const;

 private:
  template <typename Objects, typename NameOfObject>
  void Add(Kind kind, const Objects& objects, NameOfObject name);

  const SnapshotPtr snapshot_;
  std::vector<Row> rows_;
};

using ResourceIndexPtr = std::shared_ptr<const ResourceIndex>;

}  // namespace postern::directory
