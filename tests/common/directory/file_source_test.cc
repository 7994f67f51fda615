#include "common/directory/file_source.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::directory {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kServers[] =
    "apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: main}\n---\n"
    "apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: mbx-0}\n"
    "spec: {site: main}\n";

std::string ConnectorFile(std::string_view name, std::string_view more = "") {
  return base::Cat(
      "apiVersion: postern.dev/v1\nkind: SendConnector\nmetadata: {name: x}\nspec:\n"
      "  name: ",
      name, "\n  addressSpaces: ['*']\n  sourceTransportServers: [mbx-0]\n", more);
}

class FileSourceTest : public ::testing::Test {
 protected:
  FileSourceTest() {
    std::string pattern = (fs::temp_directory_path() / "postern-directory-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directory(Folder());
    settings_.path.value = Folder();
    settings_.poll_interval.value = absl::Minutes(10);  // tests look by RunOnce
    settings_.quiet_time.value = absl::ZeroDuration();
  }

  ~FileSourceTest() override { fs::remove_all(root_); }

  std::string Folder() const { return root_ + "/directory"; }

  std::string Cache() const { return root_ + "/snapshot"; }

  void Write(const std::string& name, std::string_view text) {
    fs::create_directories(fs::path(Folder() + "/" + name).parent_path());
    std::ofstream(Folder() + "/" + name, std::ios::trunc) << text;
  }

  void WriteGood(std::string_view connector) {
    Write("servers.yaml", kServers);
    Write("connector.yaml", ConnectorFile(connector));
  }

  std::string Error() { return std::string(base::MessageOf(LoadFolder(Folder()).status())); }

  void Start() {
    watch_ = std::make_unique<FileSource>(settings_);
    const auto status = watch_->Start([this](SnapshotPtr snapshot) {
      const std::lock_guard<std::mutex> lock(mutex_);
      changes_.push_back(std::move(snapshot));
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  std::size_t Changes() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return changes_.size();
  }

  bool Serves(std::string_view connector) {
    return watch_->current()->FindConnector(connector) != nullptr;
  }

  std::string root_;
  DirectorySettings settings_;
  std::mutex mutex_;
  std::vector<SnapshotPtr> changes_;
  std::unique_ptr<FileSource> watch_;
};

TEST_F(FileSourceTest, ReadsAFolderAndTheFoldersInIt) {
  Write("servers.yaml", kServers);
  Write("managed/internet.yml", ConnectorFile("Internet"));
  Write("notes.txt", "not: [a manifest");
  Write(".hidden.yaml", "not: [a manifest");
  Write("..2026_11_23/copy.yaml", ConnectorFile("Internet"));
  const auto snapshot = LoadFolder(Folder());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_NE((*snapshot)->FindConnector("internet"), nullptr);
  EXPECT_FALSE((*snapshot)->stale());
}

TEST_F(FileSourceTest, AnEmptyFolderIsAnEmptyDirectory) {
  const auto snapshot = LoadFolder(Folder());
  ASSERT_TRUE(snapshot.ok());
  EXPECT_TRUE((*snapshot)->connectors().empty());
}

TEST_F(FileSourceTest, AMissingFolderIsAnError) {
  const auto snapshot = LoadFolder(root_ + "/none");
  EXPECT_EQ(snapshot.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(base::MessageOf(snapshot.status())), HasSubstr(root_ + "/none"));
}

TEST_F(FileSourceTest, AllFindingsOfAllFilesAreReportedTogether) {
  Write("a.yaml", "kind: Site\napiVersion: postern.dev/v1\nmetadata: {name: A}\n");
  Write("b.yaml", "x: [");
  Write("c.yaml", ConnectorFile("C", "  port: x\n"));
  const std::string error = Error();
  EXPECT_THAT(error, HasSubstr("a.yaml:3: metadata.name: \"A\""));
  EXPECT_THAT(error, HasSubstr("b.yaml:"));
  EXPECT_THAT(error, HasSubstr("c.yaml:8: spec.port: \"x\""));
}

TEST_F(FileSourceTest, OnlyRegularFilesOfBoundedSizeAreRead) {
  ASSERT_EQ(::mkfifo((Folder() + "/pipe.yaml").c_str(), 0600), 0);
  EXPECT_THAT(Error(), HasSubstr("pipe.yaml is not a regular file"));
  fs::remove(Folder() + "/pipe.yaml");
  Write("large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(Error(), StartsWith("large.yaml: is larger than"));
  fs::remove(Folder() + "/large.yaml");
  fs::create_symlink("nowhere", Folder() + "/gone.yaml");
  EXPECT_THAT(Error(), HasSubstr("gone.yaml"));
}

TEST_F(FileSourceTest, ALoopOfFoldersEnds) {
  fs::create_directory_symlink(Folder(), Folder() + "/again");
  EXPECT_THAT(Error(), HasSubstr("deep"));
}

TEST_F(FileSourceTest, AChangeIsPublished) {
  WriteGood("First");
  Start();
  EXPECT_TRUE(Serves("First"));
  EXPECT_EQ(Changes(), 0u);
  Write("connector.yaml", ConnectorFile("Second"));
  watch_->RunOnce();
  EXPECT_TRUE(Serves("Second"));
  EXPECT_FALSE(Serves("First"));
  EXPECT_EQ(Changes(), 1u);
  EXPECT_EQ(watch_->readings().generation, 2u);
}

TEST_F(FileSourceTest, ARewriteOfTheSameContentIsNoChange) {
  WriteGood("First");
  Start();
  WriteGood("First");
  watch_->RunOnce();
  EXPECT_EQ(Changes(), 0u);
  EXPECT_EQ(watch_->readings().generation, 1u);
}

TEST_F(FileSourceTest, ABadFileKeepsTheLastGoodSnapshot) {
  WriteGood("First");
  Start();
  Write("connector.yaml", ConnectorFile("Second", "  port: 70000\n"));
  watch_->RunOnce();
  EXPECT_TRUE(Serves("First"));
  EXPECT_EQ(Changes(), 0u);
  const DirectoryReadings readings = watch_->readings();
  EXPECT_FALSE(readings.last_load_ok);
  EXPECT_EQ(readings.failures, 1u);
  EXPECT_THAT(readings.last_error, HasSubstr("connector.yaml:8: spec.port: \"70000\""));
  watch_->RunOnce();
  EXPECT_EQ(watch_->readings().failures, 1u);
  WriteGood("Second");
  watch_->RunOnce();
  EXPECT_TRUE(Serves("Second"));
  EXPECT_TRUE(watch_->readings().last_load_ok);
}

TEST_F(FileSourceTest, ALostFolderKeepsTheLastGoodSnapshot) {
  WriteGood("First");
  Start();
  fs::rename(Folder(), root_ + "/away");
  watch_->RunOnce();
  EXPECT_TRUE(Serves("First"));
  EXPECT_FALSE(watch_->readings().last_load_ok);
  fs::rename(root_ + "/away", Folder());
  watch_->RunOnce();
  EXPECT_TRUE(watch_->readings().last_load_ok);
}

// A ConfigMap volume: ..data is a link to a dated folder, and is replaced by rename.
TEST_F(FileSourceTest, AConfigMapsSwapIsNoticed) {
  Write("..one/all.yaml", base::Cat(kServers, "---\n", ConnectorFile("First")));
  Write("..two/all.yaml", base::Cat(kServers, "---\n", ConnectorFile("Other")));
  fs::create_directory_symlink("..one", Folder() + "/..data");
  fs::create_symlink("..data/all.yaml", Folder() + "/all.yaml");
  Start();
  EXPECT_TRUE(Serves("First"));
  fs::create_directory_symlink("..two", Folder() + "/..data_tmp");
  fs::rename(Folder() + "/..data_tmp", Folder() + "/..data");
  watch_->RunOnce();
  EXPECT_TRUE(Serves("Other"));
}

TEST_F(FileSourceTest, TheWatchLooksByItself) {
  WriteGood("First");
  settings_.poll_interval.value = absl::Milliseconds(5);
  settings_.quiet_time.value = absl::Milliseconds(5);
  Start();
  Write("connector.yaml", ConnectorFile("Second"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Changes() == 0 && std::chrono::steady_clock::now() < deadline)
    ::usleep(1000);
  watch_->Stop();
  EXPECT_TRUE(Serves("Second"));
}

TEST_F(FileSourceTest, StartsFromTheCopyOnDiskMarkedStale) {
  settings_.cache.value = Cache();
  WriteGood("First");
  Start();
  const std::string version = watch_->current()->version();
  Write("connector.yaml", "no: [manifest");
  Start();
  EXPECT_TRUE(watch_->current()->stale());
  EXPECT_TRUE(watch_->readings().stale);
  EXPECT_EQ(watch_->current()->version(), version);
  WriteGood("First");
  watch_->RunOnce();
  EXPECT_FALSE(watch_->current()->stale());
  EXPECT_EQ(Changes(), 1u);
}

TEST_F(FileSourceTest, WithoutDirectoryAndCopyItSaysWhy) {
  settings_.path.value = root_ + "/none";
  settings_.cache.value = Cache();
  FileSource watch(settings_);
  const std::string error(base::MessageOf(watch.Start(nullptr)));
  EXPECT_THAT(error, HasSubstr(root_ + "/none"));
  EXPECT_THAT(error, HasSubstr(Cache()));
  EXPECT_EQ(watch.current(), nullptr);
}

TEST_F(FileSourceTest, ACopyThatCannotBeWrittenStopsNothing) {
  settings_.cache.value = root_ + "/none/snapshot";
  WriteGood("First");
  Start();
  EXPECT_TRUE(Serves("First"));
  fs::create_directory(root_ + "/none");
  watch_->Stop();
  EXPECT_TRUE(fs::exists(settings_.cache.value)) << "it is tried again";
}

TEST(ExampleDirectoryTest, TheExampleLoads) {
  const auto snapshot = LoadFolder("deploy/examples/directory");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  ASSERT_NE((*snapshot)->FindConnector("Internet"), nullptr);
  EXPECT_TRUE((*snapshot)->FindConnector("Internet")->frontend_proxy_enabled);
  ASSERT_NE((*snapshot)->FindConnector("Partner Contoso"), nullptr);
  EXPECT_FALSE((*snapshot)->FindConnector("Partner Contoso")->frontend_proxy_enabled);
  EXPECT_FALSE((*snapshot)->FrontEndsOf((*snapshot)->SiteOf("mailbox-transport-0")).empty());
}

}  // namespace
}  // namespace postern::directory
