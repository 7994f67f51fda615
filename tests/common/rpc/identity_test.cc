#include "common/rpc/identity.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <unistd.h>

#include "common/base/text.h"

namespace postern::rpc {
namespace {

using ::testing::HasSubstr;

// Some hash.
constexpr char kHashA[] = "a5b8e1a57ef2a12d3dfbf4a0e7de2c9e2c3d8e5c1a1f0e7f5d3c2b1a09f8e7d6";

class TokensFile {
 public:
  explicit TokensFile(const std::string& content)
      : path_(base::Cat(::testing::TempDir(), "/tokens-", getpid(), "-", ++made_)) {
    std::ofstream(path_, std::ios::binary) << content;
  }

  ~TokensFile() { std::filesystem::remove(path_); }

  absl::StatusOr<TokenTable> Load() const { return TokenTable::Load(path_); }

 private:
  inline static int made_ = 0;
  std::string path_;
};

std::string LoadFault(const std::string& content) {
  return std::string(TokensFile(content).Load().status().message());
}

std::string RolesOf(const std::string& service) {
  const auto identity =
      FromSpiffe(base::Cat("spiffe://postern.local/here/", service), "postern.local");
  std::string out;
  for (int role = 0; role <= static_cast<int>(Role::kAdminister); ++role) {
    if (identity->roles.Has(static_cast<Role>(role)))
      out += base::Cat(NameOf(static_cast<Role>(role)), " ");
  }
  return out;
}

TEST(Identity, ServiceGivesItsRoles) {
  EXPECT_EQ(RolesOf("mailbox-transport"), "relay proxy read ");
  EXPECT_EQ(RolesOf("frontend-transport"), "");
  EXPECT_EQ(RolesOf("administrator"), "submit read operate administer ");
  EXPECT_EQ(RolesOf("admin-center"), "submit read operate administer ");
  EXPECT_EQ(RolesOf("operator"), "read operate ");
  EXPECT_EQ(RolesOf("reader"), "read ");
  EXPECT_EQ(RolesOf("app-billing"), "submit ");
  EXPECT_EQ(RolesOf("application"), "");
}

TEST(Identity, UriHasTrustDomainSiteAndService) {
  const auto identity = FromSpiffe("spiffe://postern.local/here/reader", "postern.local");
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->name, "spiffe://postern.local/here/reader");
  EXPECT_EQ(identity->site, "here");
  EXPECT_EQ(identity->service, "reader");
}

TEST(Identity, OtherUrisAreRefusedWithTheRule) {
  const auto fault = [](std::string_view uri) {
    return std::string(FromSpiffe(uri, "postern.local").status().message());
  };
  EXPECT_THAT(fault("https://postern.local/here/reader"), HasSubstr("spiffe://"));
  EXPECT_THAT(fault("spiffe://postern.local/here"), HasSubstr("<site>/<service>"));
  EXPECT_THAT(fault("spiffe://postern.local//reader"), HasSubstr("<site>/<service>"));
  EXPECT_THAT(fault("spiffe://postern.local/here/"), HasSubstr("<site>/<service>"));
  EXPECT_THAT(fault("spiffe://postern.local/here/reader/x"), HasSubstr("<site>/<service>"));
  EXPECT_THAT(fault("spiffe://evil.test/here/reader"), HasSubstr("trust domain is not"));
  EXPECT_THAT(fault("spiffe://postern.local.evil.test/here/reader"), HasSubstr("trust domain"));
}

TEST(Identity, ACertificateHasOneUriAndNoOther) {
  const std::string_view app = "spiffe://postern.local/here/app-x";
  EXPECT_EQ(FromUris({app}, "postern.local")->service, "app-x");
  const auto two = FromUris({app, "spiffe://postern.local/here/administrator"}, "postern.local");
  EXPECT_THAT(std::string(two.status().message()), HasSubstr("has 2 URI names"));
  EXPECT_FALSE(FromUris({}, "postern.local").ok());
}

TEST(Identity, RolesAreParsedWithoutRegardToCase) {
  const auto roles = Roles::Parse("Submit, read");
  ASSERT_TRUE(roles.ok());
  EXPECT_EQ(*roles, Roles().With(Role::kSubmit).With(Role::kRead));
  EXPECT_THAT(std::string(Roles::Parse("submit,root").status().message()), HasSubstr("\"root\""));
  EXPECT_FALSE(Roles::Parse("").ok());
}

TEST(Identity, AllHasEveryRole) {
  for (int role = 0; role <= static_cast<int>(Role::kAdminister); ++role)
    EXPECT_TRUE(Roles::All().Has(static_cast<Role>(role)));
}

TEST(TokenTable, TokenIsFoundByItsHash) {
  // The well-known SHA-256 of "abc".
  const auto table =
      TokensFile(
          "# tokens\n\n"
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad billing submit\n")
          .Load();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->size(), 1u);
  ASSERT_TRUE(table->Find("abc").has_value());
  EXPECT_EQ(table->Find("abc")->name, "token:billing");
  EXPECT_EQ(table->Find("abc")->site, "");
  EXPECT_TRUE(table->Find("abc")->roles.Has(Role::kSubmit));
  EXPECT_FALSE(table->Find("abd").has_value());
  EXPECT_FALSE(table->Find("").has_value());
}

TEST(TokenTable, WrongLinesAreNamedByNumber) {
  EXPECT_THAT(LoadFault("# fine\nabc billing submit\n"), HasSubstr(":2: write"));
  EXPECT_THAT(LoadFault(base::Cat(kHashA, " billing\n")), HasSubstr(":1: write"));
  EXPECT_THAT(LoadFault(base::Cat(kHashA, " billing root\n")), HasSubstr("\"root\""));
  EXPECT_THAT(LoadFault(base::Cat(kHashA, " a submit\n", kHashA, " b read\n")),
              HasSubstr(":2: this token is listed twice"));
  EXPECT_THAT(LoadFault(std::string((1 << 20) + 1, '#')), HasSubstr("larger than 1MB"));
}

TEST(TokenTable, FileThatIsNotThereIsNamed) {
  const auto table = TokenTable::Load("/nowhere/tokens");
  EXPECT_EQ(table.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(table.status().message()), HasSubstr("/nowhere/tokens"));
}

}  // namespace
}  // namespace postern::rpc
