#include "services/mailbox-transport/app/app.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::app {
namespace {

using ::testing::HasSubstr;

class AppTest : public ::testing::Test {
 protected:
  AppTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "postern-app-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ + "/directory");
    std::ofstream(folder_ + "/directory/all.yaml")
        << "apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: main}\n---\n"
           "apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: mbx-0}\n"
           "spec: {site: main}\n";
    settings_.server.name.value = "mbx-0";
    settings_.server.io_threads.value = 2;
    settings_.server.stop_grace.value = absl::ZeroDuration();
    settings_.endpoints.submission_address.value = "127.0.0.1:0";
    settings_.endpoints.admin_address.value = "127.0.0.1:0";
    settings_.endpoints.http_address.value = "127.0.0.1:0";
    settings_.accept.listeners.value = {"name=relay address=127.0.0.1:0"};
    settings_.store.path.value = folder_ + "/store";
    settings_.store.disk_reserve.value = {0};
    settings_.directory.path.value = folder_ + "/directory";
    settings_.deliver.dns_servers.value = {"127.0.0.1:53"};
    settings_.rpc.insecure_plaintext.value = true;
  }

  ~AppTest() override { std::filesystem::remove_all(folder_); }

  std::string Refusal() { return App::Start(settings_).status().ToString(); }

  std::string folder_;
  AppSettings settings_;
};

TEST_F(AppTest, StartsAndStopsTwiceOnOneStore) {
  for (int life = 0; life < 2; ++life) {
    auto app = App::Start(settings_);
    ASSERT_TRUE(app.ok()) << app.status();
    EXPECT_GT((*app)->smtp_port("relay"), 0);
    EXPECT_EQ((*app)->smtp_port("none"), 0);
    EXPECT_GT((*app)->submission_port(), 0);
    EXPECT_GT((*app)->admin_port(), 0);
    EXPECT_GT((*app)->http_port(), 0);
    (*app)->Stop();
    (*app)->Stop();
  }
}

TEST_F(AppTest, ServerThatTheDirectoryDoesNotKnowIsNamed) {
  settings_.server.name.value = "mbx-7";
  EXPECT_THAT(Refusal(), HasSubstr("\"mbx-7\" is not a TransportServer"));
}

TEST_F(AppTest, FolderThatIsNotThereIsNamed) {
  settings_.directory.path.value = folder_ + "/none";
  EXPECT_THAT(Refusal(), HasSubstr(folder_ + "/none"));
}

TEST_F(AppTest, StoreInUseIsRefused) {
  auto app = App::Start(settings_);
  ASSERT_TRUE(app.ok()) << app.status();
  EXPECT_THAT(Refusal(), HasSubstr(folder_ + "/store"));
}

TEST_F(AppTest, MissingCertificateIsNamedAndNothingStaysOpen) {
  settings_.rpc.insecure_plaintext.value = false;
  EXPECT_THAT(Refusal(), HasSubstr("rpc.certificate_file"));
  settings_.rpc.insecure_plaintext.value = true;
  EXPECT_TRUE(App::Start(settings_).ok());
}

TEST_F(AppTest, ADnsSettingThatCannotHoldIsNamedAndNothingStaysOpen) {
  settings_.deliver.external_dns_servers.value = {"192.0.2.53"};
  settings_.dns.external_trust_ad.value = "yes";
  EXPECT_THAT(Refusal(), HasSubstr("dns.external_trust_ad: yes, but the name server "
                                   "192.0.2.53:53 of deliver.external_dns_servers"));
  settings_.dns.external_trust_ad.value = "auto";
  settings_.dns.smart_hosts.value = "random";
  EXPECT_THAT(Refusal(), HasSubstr("dns.smart_hosts: \"random\" is not balanced or ordered"));
  settings_.dns.smart_hosts.value = "ordered";
  EXPECT_TRUE(App::Start(settings_).ok());
}

// A second server whose directory is the first one's.
class FollowerTest : public AppTest {
 protected:
  FollowerTest() : follower_(settings_) {
    std::ofstream(folder_ + "/directory/more.yaml")
        << "apiVersion: postern.dev/v1\nkind: TransportServer\nmetadata: {name: mbx-1}\n"
           "spec: {site: main}\n";
    follower_.server.name.value = "mbx-1";
    follower_.store.path.value = folder_ + "/store-1";
    follower_.directory.path.value = folder_ + "/none";
    follower_.directory.cache.value = folder_ + "/copy";
    follower_.directory.writer_timeout.value = absl::Milliseconds(50);
  }

  std::string FollowerRefusal() { return App::Start(follower_).status().ToString(); }

  AppSettings follower_;
};

TEST_F(FollowerTest, HasTheDirectoryOfItsWriterAndThenACopy) {
  follower_.directory.writer_timeout.value = absl::Seconds(20);
  {
    auto writer = App::Start(settings_);
    ASSERT_TRUE(writer.ok()) << writer.status();
    follower_.directory.writer.value = "127.0.0.1:" + std::to_string((*writer)->admin_port());
    const auto app = App::Start(follower_);
    ASSERT_TRUE(app.ok()) << app.status();
    EXPECT_THAT((*app)->registry().Text(), HasSubstr("\npostern_directory_stale 0\n"));
    EXPECT_THAT((*writer)->registry().Text(), HasSubstr("\npostern_directory_watchers 1\n"));
  }
  follower_.directory.writer_timeout.value = absl::Milliseconds(50);
  const auto alone = App::Start(follower_);
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_THAT((*alone)->registry().Text(), HasSubstr("\npostern_directory_stale 1\n"));
}

TEST_F(FollowerTest, WithNeitherWriterNorCopyItSaysWhatToDo) {
  follower_.directory.writer.value = "127.0.0.1:1";
  EXPECT_THAT(FollowerRefusal(), HasSubstr("there is no directory: its writer 127.0.0.1:1"));
  EXPECT_THAT(FollowerRefusal(), HasSubstr("start the writer, or correct directory.writer"));
}

TEST_F(FollowerTest, AddressThatIsNoneIsNamed) {
  follower_.directory.writer.value = "mbx-0";
  EXPECT_THAT(FollowerRefusal(), HasSubstr("directory.writer: \"mbx-0\" is not host:port"));
}

TEST_F(FollowerTest, ServerThatTheWriterDoesNotKnowIsNamed) {
  auto writer = App::Start(settings_);
  ASSERT_TRUE(writer.ok()) << writer.status();
  follower_.directory.writer_timeout.value = absl::Seconds(20);
  follower_.directory.writer.value = "127.0.0.1:" + std::to_string((*writer)->admin_port());
  follower_.server.name.value = "mbx-7";
  EXPECT_THAT(FollowerRefusal(), HasSubstr("\"mbx-7\" is not a TransportServer of the directory " +
                                           *follower_.directory.writer));
}

TEST_F(AppTest, DirectoryThatChangesAtOnceDoesNotDisturbTheStart) {
  settings_.directory.poll_interval.value = absl::Milliseconds(1);
  settings_.directory.quiet_time.value = absl::ZeroDuration();
  std::ofstream(folder_ + "/directory/more.yaml")
      << "apiVersion: postern.dev/v1\nkind: Site\nmetadata: {name: other}\n";
  EXPECT_TRUE(App::Start(settings_).ok());
}

}  // namespace
}  // namespace postern::app
