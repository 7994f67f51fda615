#include "cli/local_verbs.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/rpc/identity.h"
#include "common/tls/password_hash.h"
#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

TEST(LocalVerbs, TokenAndItsLineBelongTogether) {
  StringShell shell;
  base::SeededRandom random(1);
  Shell out = shell.shell(Output::kJson);
  ASSERT_TRUE(NewToken({"billing", "Read,submit"}, random, out).ok());
  const std::string text = shell.out.str();
  const auto field = [&](const std::string& name) {
    const std::size_t from = text.find(base::Cat("\"", name, "\": \"")) + name.size() + 5;
    return text.substr(from, text.find('"', from) - from);
  };
  EXPECT_EQ(field("token").size(), 64u);
  const std::string file = base::Cat(::testing::TempDir(), "/tokens-", getpid());
  std::ofstream(file) << field("line") << '\n';
  const auto table = rpc::TokenTable::Load(file);
  std::filesystem::remove(file);
  ASSERT_TRUE(table.ok()) << table.status();
  const auto identity = table->Find(field("token"));
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->name, "token:billing");
  EXPECT_TRUE(identity->roles.Has(rpc::Role::kSubmit));
  EXPECT_TRUE(identity->roles.Has(rpc::Role::kRead));
  EXPECT_FALSE(identity->roles.Has(rpc::Role::kAdminister));
}

TEST(LocalVerbs, WrongTokenOptionsNameTheRule) {
  StringShell shell;
  Shell out = shell.shell();
  base::SeededRandom random(1);
  EXPECT_THAT(std::string(NewToken({"two words", "read"}, random, out).message()),
              HasSubstr("--identity"));
  EXPECT_THAT(std::string(NewToken({"billing", "all"}, random, out).message()),
              HasSubstr("--roles: \"all\" is not a role"));
  EXPECT_EQ(shell.out.str(), "");
}

TEST(LocalVerbs, UserHashMatchesThePasswordOnly) {
  StringShell shell;
  shell.in.str("correct horse\nsecond line\n");
  Shell out = shell.shell();
  ASSERT_TRUE(NewUserHash("joe", out).ok());
  const std::string line = shell.out.str();
  ASSERT_EQ(line.substr(0, 4), "joe:");
  const auto hash = tls::PasswordHash::Parse(line.substr(4, line.size() - 5));
  ASSERT_TRUE(hash.ok()) << hash.status();
  EXPECT_TRUE(hash->Matches("correct horse"));
  EXPECT_FALSE(hash->Matches("correct horse\nsecond line"));
}

TEST(LocalVerbs, UserHashNeedsANameAndAPassword) {
  StringShell shell;
  Shell out = shell.shell();
  EXPECT_THAT(std::string(NewUserHash("joe", out).message()), HasSubstr("no password"));
  EXPECT_THAT(std::string(NewUserHash("a:b", out).message()), HasSubstr("user name"));
  EXPECT_THAT(std::string(NewUserHash("#joe", out).message()), HasSubstr("user name"));
}

TEST(LocalVerbs, SalvageOfNothingSaysSo) {
  StringShell shell;
  Shell out = shell.shell();
  const absl::Status status = SalvageStore("/nowhere/store", "/nowhere/out", out);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/"));
  EXPECT_EQ(shell.out.str(), "");
}

TEST(LocalVerbs, YamlHasTheFieldsOfJson) {
  StringShell shell;
  shell.in.str("secret\n");
  Shell out = shell.shell(Output::kYaml);
  ASSERT_TRUE(NewUserHash("a\"b", out).ok());
  EXPECT_THAT(shell.out.str(), ::testing::StartsWith("user: \"a\\\"b\"\nhash: \""));
}

}  // namespace
}  // namespace postern::cli
