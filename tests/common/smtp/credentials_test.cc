#include "common/smtp/credentials.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/await.h"

namespace postern::smtp {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    std::string pattern = (fs::temp_directory_path() / "postern-secrets-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    store_ = std::make_unique<CredentialStore>(folder_, disk_);
  }

  ~CredentialsTest() override { fs::remove_all(folder_); }

  // In one move each, as Kubernetes swaps the files of a secret.
  void Put(const std::string& secret, const std::string& username, const std::string& password) {
    fs::create_directories(folder_ + "/" + secret);
    for (const auto& [file, text] : {std::pair("username", username), {"password", password}}) {
      const std::string path = folder_ + "/" + secret + "/" + file;
      std::ofstream(path + ".new") << text;
      fs::rename(path + ".new", path);
    }
  }

  std::string WhyNot(const std::string& secret) {
    const auto read = store_->Read(secret);
    return read.ok() ? "ok" : std::string(read.status().message());
  }

  std::string folder_;
  io::DiskPool disk_{1};
  std::unique_ptr<CredentialStore> store_;
};

TEST_F(CredentialsTest, AMountedSecretIsRead) {
  Put("relay", "app@contoso.test\n", "correct horse\r\n");
  const auto read = store_->Read("relay");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->username, "app@contoso.test");
  EXPECT_EQ((*read)->password, "correct horse");
}

TEST_F(CredentialsTest, AnExecutorAsksWithoutWaitingForTheDisk) {
  Put("relay", "app", "horse");
  io::Executor executor("secrets");
  executor.Start();
  for (int again = 0; again < 2; ++again) {
    const auto found = testing::Await(executor, store_->Find("relay"));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ((*found)->username, "app");
  }
  EXPECT_TRUE(absl::IsNotFound(testing::Await(executor, store_->Find("gone")).status()));
  executor.Stop();
}

TEST_F(CredentialsTest, AChangedSecretIsAnotherVersionAndTheSameOneIsNot) {
  Put("relay", "app", "horse");
  const std::uint64_t first = (*store_->Read("relay"))->version;
  Put("relay", "app", "horse");
  EXPECT_EQ((*store_->Read("relay"))->version, first);
  Put("relay", "app", "battery");
  const auto changed = store_->Read("relay");
  EXPECT_NE((*changed)->version, first);
  EXPECT_EQ((*changed)->password, "battery");
}

TEST_F(CredentialsTest, ASecretThatIsNotWholeSaysWhatIsMissingAndNeverWhatIsThere) {
  EXPECT_THAT(WhyNot("gone"), HasSubstr("secret gone: cannot read " + folder_ + "/gone/username"));
  Put("half", "app", "horse");
  fs::remove(folder_ + "/half/password");
  EXPECT_THAT(WhyNot("half"), HasSubstr("/half/password: no such file or directory"));
  Put("empty", "app", "\n");
  EXPECT_THAT(WhyNot("empty"), HasSubstr("/empty/password is empty"));
  Put("long", "app", std::string(5000, 'x'));
  EXPECT_THAT(WhyNot("long"), HasSubstr("has more than 4096 bytes"));
  Put("nul", "app", std::string("hor\0se", 6));
  EXPECT_THAT(WhyNot("nul"), HasSubstr("holds a NUL byte"));
  EXPECT_THAT(WhyNot("nul"), Not(HasSubstr("hor")));
  Put("half", "app", "horse");
  EXPECT_EQ(WhyNot("half"), "ok");
}

TEST_F(CredentialsTest, ASecretMayHaveATokenInsteadOfAPasswordOrBesideIt) {
  Put("relay", "app", "horse");
  const std::string token = folder_ + "/relay/token";
  std::ofstream(token) << "ya29.first\n";
  const auto both = store_->Read("relay");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ((*both)->password, "horse");
  EXPECT_EQ((*both)->token, "ya29.first");
  fs::remove(folder_ + "/relay/password");
  std::ofstream(token + ".new") << "ya29.second";
  fs::rename(token + ".new", token);
  const auto alone = store_->Read("relay");
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ((*alone)->password, "");
  EXPECT_EQ((*alone)->token, "ya29.second");
  EXPECT_NE((*alone)->version, (*both)->version);
}

TEST_F(CredentialsTest, ATokenThatCannotBeSentIsRefused) {
  Put("relay", "app", "horse");
  const std::string token = folder_ + "/relay/token";

  struct Row {
    std::string token;
    std::string_view why;
  };

  for (const Row& row : {Row{"", "/relay/token is empty"},
                         Row{"two words", "token must be one word of printable ASCII"},
                         Row{"a\x01"
                             "b",
                             "token must be one word of printable ASCII"},
                         Row{"k\xc3\xa4se", "token must be one word of printable ASCII"},
                         Row{std::string(6001, 't'), "has more than 6000 bytes"}}) {
    std::ofstream(token) << row.token;
    EXPECT_THAT(WhyNot("relay"), HasSubstr(std::string(row.why)));
  }
  Put("relay",
      "a\x01"
      "b",
      "horse");
  std::ofstream(token) << "ya29";
  EXPECT_THAT(WhyNot("relay"), HasSubstr("username holds a control character"));
}

TEST_F(CredentialsTest, AnErrorIsNotRemembered) {
  Put("relay", "app", "a" + std::string(1, '\0') + "password");
  EXPECT_NE(WhyNot("relay"), "ok");
  // The same file with the same size and time, as when only what was in the way has gone.
  const std::string password = folder_ + "/relay/password";
  const auto when = fs::last_write_time(password);
  std::ofstream(password) << "a-password";
  fs::last_write_time(password, when);
  EXPECT_EQ(WhyNot("relay"), "ok");
}

TEST_F(CredentialsTest, ANameLeadsNowhereElse) {
  for (const char* name : {"", "..", "../etc", "a/b", "/etc", ".hidden", "A", "a b", "-a"}) {
    EXPECT_FALSE(IsSecretName(name)) << name;
    EXPECT_THAT(WhyNot(name), HasSubstr("is not a name")) << name;
  }
  EXPECT_TRUE(IsSecretName("smart-host.1"));
  CredentialStore none("", disk_);
  EXPECT_THAT(std::string(none.Read("relay").status().message()),
              HasSubstr("this server has no folder of secrets"));
}

}  // namespace
}  // namespace postern::smtp
