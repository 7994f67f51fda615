#include "common/directory/snapshot_cache.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"

namespace postern::directory {
namespace {

class SnapshotCacheTest : public ::testing::Test {
 protected:
  SnapshotCacheTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "postern-snapshot-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }

  ~SnapshotCacheTest() override { std::filesystem::remove_all(root_); }

  std::string File() const { return root_ + "/snapshot"; }

  static SnapshotPtr Full() {
    SnapshotParts parts;
    for (int i = 0; i < 20; ++i) {
      SendConnector connector;
      connector.slug = base::Cat("c", i);
      connector.name = base::Cat("Büro \"", i, "\" <&> \U0001F4E7: # -");
      connector.address_spaces = {*connector::AddressSpace::Parse("*")};
      connector.source_transport_servers = {"site/main"};
      connector.permissions = connector::DefaultPermissions(connector::Usage::kInternet);
      connector.comment = "line\n# end\n---\ttab";
      parts.connectors.push_back(connector);
    }
    parts.sites = {{"main", {"a:1"}, "yes"}, {"far"}};
    parts.links = {{"main-far", {"main", "far"}, 7, 9}};
    parts.domains = {{"contoso", "*.contoso.com"}};
    parts.servers = {{"mbx-0", "main", "", "1"}};
    parts.config.max_receive_size = base::kUnlimited;
    return MakeSnapshot(std::move(parts));
  }

  std::string Read() {
    std::ifstream in(File());
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void Write(std::string_view text) { std::ofstream(File(), std::ios::trunc) << text; }

  std::string root_;
};

TEST_F(SnapshotCacheTest, WhatWasSavedIsLoadedMarkedStale) {
  const SnapshotPtr saved = Full();
  ASSERT_TRUE(SaveSnapshot(*saved, File()).ok());
  const auto loaded = LoadSnapshot(File());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE((*loaded)->stale());
  EXPECT_EQ((*loaded)->version(), saved->version());
  EXPECT_EQ((*loaded)->connectors(), saved->connectors());
  EXPECT_EQ((*loaded)->sites(), saved->sites());
  EXPECT_EQ((*loaded)->servers(), saved->servers());
  EXPECT_EQ((*loaded)->config(), saved->config());
}

TEST_F(SnapshotCacheTest, LeavesOneFileBehind) {
  ASSERT_TRUE(SaveSnapshot(*Full(), File()).ok());
  ASSERT_TRUE(SaveSnapshot(*MakeSnapshot({}), File()).ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
  EXPECT_TRUE((*LoadSnapshot(File()))->connectors().empty());
}

TEST_F(SnapshotCacheTest, AMissingFileIsNotFound) {
  EXPECT_EQ(LoadSnapshot(File()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SnapshotCacheTest, ADamagedFileIsNotUsed) {
  ASSERT_TRUE(SaveSnapshot(*Full(), File()).ok());
  const std::string whole = Read();
  for (const std::size_t kept : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
    Write(whole.substr(0, kept));
    EXPECT_EQ(LoadSnapshot(File()).status().code(), absl::StatusCode::kDataLoss) << kept;
  }
  std::string changed = whole;
  changed.replace(changed.find("25MB"), 4, "26MB");
  Write(changed);
  EXPECT_EQ(LoadSnapshot(File()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SnapshotCacheTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(SaveSnapshot(*Full(), root_ + "/none/snapshot").ok());
}

}  // namespace
}  // namespace postern::directory
