#include "services/mailbox-transport/accept/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using Answer = Authenticator::Answer;
using ::testing::HasSubstr;
using ::testing::Not;

class AuthTest : public SessionFixture {
 protected:
  AuthTest() { rules_.auth_failures_max = 3; }

  void Read(const std::string& file) {
    authenticator_ = std::make_unique<Authenticator>(disk_, clock_, file);
    ASSERT_TRUE(authenticator_->Load().ok());
  }

  Answer Try(std::string user, std::string password, std::string_view address = "192.0.2.9") {
    Answer answer = Answer::kUnavailable;
    Credentials credentials{std::move(user), std::move(password)};
    io::RunTask(executor_, Run(authenticator_.get(), std::move(credentials), Ip(address),
                               std::make_shared<const Rules>(rules_), &answer));
    return answer;
  }

  // From an address that many clients share.
  Answer TryShared(std::string user, std::string password) {
    Answer answer = Answer::kUnavailable;
    Credentials credentials{std::move(user), std::move(password)};
    io::RunTask(executor_, Run(authenticator_.get(), std::move(credentials), std::nullopt,
                               std::make_shared<const Rules>(rules_), &answer));
    return answer;
  }

  static io::Task<void> Run(Authenticator* authenticator,
                            Credentials credentials,
                            std::optional<io::IpAddress> address,
                            RulesPtr rules,
                            Answer* answer) {
    *answer = co_await authenticator->Check(std::move(credentials), address, rules);
  }
};

TEST_F(AuthTest, ASharedAddressIsNotLockedByOneWhoGuesses) {
  Read(Secrets::Get().users_file);
  for (int i = 0; i < 10; ++i)
    TryShared("mallory", "guess");
  EXPECT_EQ(TryShared("alice", "sesame"), Answer::kAccepted);
  EXPECT_EQ(TryShared("mallory", "guess"), Answer::kWait);
}

TEST_F(AuthTest, BothSchemesAreAccepted) {
  Read(Secrets::Get().users_file);
  EXPECT_EQ(Try("alice", "sesame"), Answer::kAccepted);
  EXPECT_EQ(Try("bob", "sesame"), Answer::kAccepted);
  EXPECT_EQ(Try("bob", "Sesame"), Answer::kRefused);
  EXPECT_EQ(Try("carol", "sesame"), Answer::kRefused);
  EXPECT_EQ(Try("Alice", "sesame"), Answer::kRefused);
}

TEST_F(AuthTest, AUserThatFailsTooOftenWaitsLongerAndLonger) {
  Read(Secrets::Get().users_file);
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    EXPECT_EQ(Try("alice", "wrong", address), Answer::kRefused);
  }
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.4"), Answer::kWait);
  EXPECT_EQ(Try("bob", "sesame", "192.0.2.4"), Answer::kAccepted);
  clock_.Advance(absl::Seconds(31));
  EXPECT_EQ(Try("alice", "wrong", "192.0.2.4"), Answer::kRefused);
  clock_.Advance(absl::Seconds(31));
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.4"), Answer::kWait);
  clock_.Advance(absl::Seconds(31));
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.4"), Answer::kAccepted);
}

TEST_F(AuthTest, WhoGuessesElsewhereDoesNotLockOutTheUserWhereItGotIn) {
  Read(Secrets::Get().users_file);
  EXPECT_EQ(Try("alice", "sesame", "2001:db8::1"), Answer::kAccepted);
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    EXPECT_EQ(Try("alice", "wrong", address), Answer::kRefused);
  EXPECT_EQ(Try("alice", "sesame", "2001:db8::2"), Answer::kAccepted);
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.4"), Answer::kWait);
  EXPECT_EQ(Try("bob", "sesame", "2001:db8::1"), Answer::kAccepted);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Try("alice", "wrong", "2001:db8::1"), Answer::kRefused);
  EXPECT_EQ(Try("alice", "sesame", "2001:db8::1"), Answer::kWait);
}

TEST_F(AuthTest, AWelcomeEndsAfterADay) {
  Read(Secrets::Get().users_file);
  rules_.auth_wait_first = absl::Hours(30);
  rules_.auth_wait_max = absl::Hours(30);
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.7"), Answer::kAccepted);
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    EXPECT_EQ(Try("alice", "wrong", address), Answer::kRefused);
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.7"), Answer::kAccepted);
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.7"), Answer::kWait);
}

TEST_F(AuthTest, AnAddressThatFailsTooOftenWaitsForEveryUser) {
  Read(Secrets::Get().users_file);
  for (const char* user : {"x", "y", "z"})
    EXPECT_EQ(Try(user, "wrong"), Answer::kRefused);
  EXPECT_EQ(Try("alice", "sesame"), Answer::kWait);
  EXPECT_EQ(Try("alice", "sesame", "192.0.2.77"), Answer::kAccepted);
}

TEST_F(AuthTest, AChangedFileIsReadAndAWrongOneIsNot) {
  const std::string file = Secrets::Get().authority.folder() + "/changing";
  tls::PasswordHash quick;
  quick.cost = 1024;
  std::ofstream(file) << "alice:" << tls::HashPassword("one", quick).ToString() << "\n";
  Read(file);
  EXPECT_EQ(Try("alice", "one"), Answer::kAccepted);
  std::ofstream(file) << "# changed\nalice:" << tls::HashPassword("two", quick).ToString() << "\n";
  EXPECT_EQ(Try("alice", "two"), Answer::kAccepted);
  EXPECT_EQ(Try("alice", "one"), Answer::kRefused);
  std::ofstream(file) << "nonsense\n";
  EXPECT_EQ(Try("alice", "two"), Answer::kAccepted);
}

TEST_F(AuthTest, AMissingFileIsNamed) {
  Authenticator authenticator(disk_, clock_, "/nowhere/users");
  EXPECT_THAT(std::string(base::MessageOf(authenticator.Load())),
              HasSubstr("accept.users_file: /nowhere/users: cannot be read"));
}

TEST_F(AuthTest, ErrorsNameTheLineAndNeverTheHash) {
  for (const std::string line :
       {"alice", ":scrypt$1024,8,1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0",
        "alice:md5$1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0",
        "alice:scrypt$1000,8,1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0",
        "alice:scrypt$1048576,32,1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0",
        "alice:pbkdf2-sha256$1$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0",
        "alice:scrypt$1024,8,1$c2$c2VjcmV0c2VjcmV0c2VjcmV0"}) {
    const auto users = ParseUsers("# users\n\n" + line + "\n");
    ASSERT_FALSE(users.ok()) << line;
    const std::string message(base::MessageOf(users.status()));
    EXPECT_THAT(message, HasSubstr("line 3: "));
    EXPECT_THAT(message, Not(HasSubstr("c2VjcmV0")));
  }
}

TEST_F(AuthTest, PlainHasThreePartsAndOneIdentity) {
  EXPECT_EQ(ParsePlain(std::string("\0alice\0pw", 9))->user, "alice");
  EXPECT_TRUE(ParsePlain(std::string("alice\0alice\0pw", 14)).has_value());
  EXPECT_FALSE(ParsePlain(std::string("root\0alice\0pw", 13)).has_value());
  EXPECT_FALSE(ParsePlain("alice").has_value());
  EXPECT_FALSE(ParsePlain(std::string("\0\0pw", 4)).has_value());
  EXPECT_FALSE(ParsePlain(std::string("\0a\0b\0c", 6)).has_value());
}

}  // namespace
}  // namespace postern::accept::testing
