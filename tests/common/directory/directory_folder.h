// tests/common/directory/directory_folder.h
//
// A folder of manifests for a test, the admin API's files in it, and verbs for changes of them.

#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"
#include "common/directory/managed_folder.h"
#include "common/directory/resource.h"

namespace postern::directory::testing {

// The object of a manifest's text; kind and apiVersion go before it.
inline v1::Resource ResourceFrom(std::string_view kind, std::string_view text) {
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests(
      "given", base::Cat("apiVersion: postern.dev/v1\nkind: ", kind, "\n", text, "\n"), errors);
  EXPECT_TRUE(errors.empty()) << errors.front().ToString();
  return manifests.empty() ? v1::Resource() : ToResource(manifests.front().object);
}

// A connector for every domain; `more` are further fields: "port: 26, comment: x".
inline v1::Resource ConnectorFrom(std::string_view name, std::string_view more = "") {
  return ResourceFrom(
      "SendConnector",
      base::Cat("spec: {name: '", name, "', addressSpaces: ['*'], sourceTransportServers: [mbx-0]",
                more.empty() ? "" : ", ", more, "}"));
}

inline v1::Resource Named(v1::Resource resource, std::string_view name) {
  MetadataOf(resource).set_name(std::string(name));
  return resource;
}

class DirectoryFolder : public ::testing::Test {
 protected:
  DirectoryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-managed-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    settings_.path.value = root_;
    Write("servers.yaml",
          "apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: main}\n---\n"
          "apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: mbx-0}\n"
          "spec: {site: main}\n");
    Open();
  }

  ~DirectoryFolder() override { std::filesystem::remove_all(root_); }

  // As a service does at its start.
  void Open() {
    managed_ = std::make_unique<ManagedFolder>(settings_, std::make_shared<FolderReader>(root_));
  }

  void Write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(
        std::filesystem::path(base::Cat(root_, "/", name)).parent_path());
    std::ofstream(base::Cat(root_, "/", name), std::ios::trunc) << text;
  }

  std::string Read(const std::string& name) const {
    std::ifstream in(base::Cat(root_, "/", name));
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  bool There(const std::string& name) const {
    return std::filesystem::exists(base::Cat(root_, "/", name));
  }

  ChangeResult Create(v1::Resource resource) {
    Change change;
    change.verb = Change::Verb::kCreate;
    change.kind = KindOf(resource);
    change.resource = std::move(resource);
    return Ask(change);
  }

  ChangeResult Update(v1::Resource resource,
                      const std::vector<std::string>& paths = {},
                      const std::string& version = "") {
    Change change;
    change.verb = Change::Verb::kUpdate;
    change.kind = KindOf(resource);
    change.name = MetadataOf(resource).name();
    change.resource = std::move(resource);
    for (const std::string& path : paths)
      change.mask.add_paths(path);
    change.resource_version = version;
    return Ask(change);
  }

  ChangeResult Delete(Kind kind, const std::string& name, const std::string& version = "") {
    Change change;
    change.verb = Change::Verb::kDelete;
    change.kind = kind;
    change.name = name;
    change.resource_version = version;
    return Ask(change);
  }

  ChangeResult Ask(Change change) {
    change.who = "spiffe://postern.test/main/administrator";
    change.site = "main";
    change.dry_run = dry_run_;
    return managed_->Apply(change);
  }

  static std::string TextOf(const absl::Status& status) {
    return std::string(base::MessageOf(status));
  }

  static const v1::SendConnectorSpec& SpecOf(const std::optional<v1::Resource>& resource) {
    return resource->send_connector().spec();
  }

  std::string root_;
  DirectorySettings settings_;
  std::unique_ptr<ManagedFolder> managed_;
  bool dry_run_ = false;
};

}  // namespace postern::directory::testing
