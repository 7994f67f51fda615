#include "common/directory/resource_index.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/connector/content_hash.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

std::string VersionOf(const SendConnector& connector) {
  return connector.version;
}

template <typename Object>
std::string VersionOf(const Object& object) {
  return connector::ContentHash(ToResource(object));
}

bool KeyLess(const ResourceIndex::Row& row, const ResourceKey& key) {
  return row.key < key;
}

}  // namespace

template <typename Objects, typename NameOfObject>
void ResourceIndex::Add(Kind kind, const Objects& objects, NameOfObject name) {
  for (std::size_t i = 0; i < objects.size(); ++i)
    rows_.push_back({{kind, base::LowerAscii(name(objects[i]))}, VersionOf(objects[i]), i});
}

ResourceIndex::ResourceIndex(SnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {
  const auto name = [](const auto& object) -> const std::string& { return object.name; };
  const auto slug = [](const auto& object) -> const std::string& { return object.slug; };
  rows_.reserve(snapshot_->connectors().size() + snapshot_->domains().size() + 1 +
                snapshot_->sites().size() + snapshot_->links().size() +
                snapshot_->servers().size());
  Add(Kind::kAcceptedDomain, snapshot_->domains(), name);
  Add(Kind::kSendConnector, snapshot_->connectors(), slug);
  Add(Kind::kSite, snapshot_->sites(), name);
  Add(Kind::kSiteLink, snapshot_->links(), name);
  Add(Kind::kTransportConfig, std::span(&snapshot_->config(), 1), slug);
  Add(Kind::kTransportServer, snapshot_->servers(), name);
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
}

v1::Resource ResourceIndex::At(std::size_t row) const {
  POSTERN_CHECK(row < rows_.size());
  const std::size_t place = rows_[row].place;
  switch (rows_[row].key.kind) {
    case Kind::kAcceptedDomain:
      return ResourceOf(snapshot_->domains()[place]);
    case Kind::kSendConnector:
      return ResourceOf(snapshot_->connectors()[place]);
    case Kind::kSite:
      return ResourceOf(snapshot_->sites()[place]);
    case Kind::kSiteLink:
      return ResourceOf(snapshot_->links()[place]);
    case Kind::kTransportConfig:
      return ResourceOf(snapshot_->config());
    case Kind::kTransportServer:
      break;
  }
  return ResourceOf(snapshot_->servers()[place]);
}

std::optional<std::size_t> ResourceIndex::Find(Kind kind, std::string_view name) const {
  if (kind == Kind::kTransportConfig && name.empty()) return FirstOf(kind);  // there is one
  const auto row_of = [&](std::string_view slug) -> std::optional<std::size_t> {
    const ResourceKey key{kind, base::LowerAscii(slug)};
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), key, KeyLess);
    if (found == rows_.end() || found->key != key) return std::nullopt;
    return static_cast<std::size_t>(found - rows_.begin());
  };
  const auto found = row_of(name);
  if (found || kind != Kind::kSendConnector) return found;
  const SendConnector* connector = snapshot_->FindConnector(name);
  return connector == nullptr ? std::nullopt : row_of(connector->slug);
}

std::size_t ResourceIndex::After(const ResourceKey& key) const {
  const auto after =
      std::upper_bound(rows_.begin(), rows_.end(), key,
                       [](const ResourceKey& wanted, const Row& row) { return wanted < row.key; });
  return static_cast<std::size_t>(after - rows_.begin());
}

std::size_t ResourceIndex::FirstOf(Kind kind) const {
  const auto first = std::lower_bound(rows_.begin(), rows_.end(), ResourceKey{kind, ""}, KeyLess);
  return static_cast<std::size_t>(first - rows_.begin());
}

}  // namespace postern::directory
