#include "common/smtp/sasl.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::HasSubstr;

CredentialPtr SecretOf(std::string username, std::string password, std::string token = "") {
  auto credential = std::make_shared<Credential>();
  credential->username = std::move(username);
  credential->password = std::move(password);
  credential->token = std::move(token);
  return credential;
}

CredentialPtr AppAndHorse() {
  return SecretOf("app", "correct horse");
}

TEST(SaslTest, TheBestThatBothKnowIsChosen) {
  const CredentialPtr password = AppAndHorse();
  const CredentialPtr token = SecretOf("app", "", "ya29.abc");
  const CredentialPtr both = SecretOf("app", "correct horse", "ya29.abc");
  const CredentialPtr umlaut = SecretOf("app", "k\xc3\xa4se");

  struct Row {
    std::vector<std::string> offered;
    CredentialPtr credential;
    bool encrypted;
    std::string_view chosen;
    std::string_view why_not = "";
  };

  const std::vector<std::string> all = {"LOGIN",    "PLAIN",         "XOAUTH2",
                                        "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  const Row rows[] = {
      {{}, password, true, "", "the peer offers none"},
      {{"GSSAPI", "NTLM"}, password, true, "", "the peer offers only GSSAPI NTLM"},
      {{"LOGIN", "PLAIN"}, password, true, "PLAIN"},
      {{"NTLM", "LOGIN"}, password, true, "LOGIN"},
      {{"LOGIN", "PLAIN", "CRAM-MD5"}, password, true, "CRAM-MD5"},
      {all, password, true, "SCRAM-SHA-256"},
      {all, password, false, "SCRAM-SHA-256"},
      {{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"}, password, true, "", "offers only SCRAM-SHA-256-PLUS"},
      {all, token, true, "XOAUTH2"},
      {all, token, false, "", "XOAUTH2: a token is never sent in clear"},
      {{"PLAIN"}, token, true, "", "PLAIN: the secret has no password"},
      {{"XOAUTH2"}, password, true, "", "XOAUTH2: the secret has no token"},
      {all, both, true, "XOAUTH2"},
      {{"PLAIN", "CRAM-MD5"}, both, true, "CRAM-MD5"},
      {all, both, false, "SCRAM-SHA-256"},
      {all, umlaut, true, "CRAM-MD5"},
      {{"SCRAM-SHA-256"}, umlaut, true, "", "SCRAM-SHA-256: user name and password must be"},
  };
  for (const Row& row : rows) {
    const auto sasl = ChooseSasl(row.offered, row.credential, row.encrypted);
    EXPECT_EQ(sasl.ok() ? (*sasl)->mechanism() : "", row.chosen);
    EXPECT_THAT(std::string(sasl.status().message()), HasSubstr(std::string(row.why_not)));
  }
}

TEST(SaslTest, PlainSaysAllAtOnceAndOnceMoreWhenAsked) {
  const auto sasl = *ChooseSasl({"PLAIN"}, AppAndHorse(), true);
  const std::string response("\0app\0correct horse", 18);
  EXPECT_EQ(sasl->Initial(), response);
  EXPECT_EQ(*sasl->Next(""), response);
  EXPECT_FALSE(sasl->Next("").ok());
}

TEST(SaslTest, LoginSaysOneAfterTheOtherWhateverItIsAsked) {
  const auto sasl = *ChooseSasl({"LOGIN"}, AppAndHorse(), true);
  EXPECT_EQ(sasl->Initial(), std::nullopt);
  EXPECT_EQ(*sasl->Next("Username:"), "app");
  EXPECT_EQ(*sasl->Next("Kennwort:"), "correct horse");
  EXPECT_FALSE(sasl->Next("And?").ok());
}

// RFC 2195 §2.
TEST(SaslTest, CramMd5AnswersAsTheRfcSays) {
  const auto sasl = *ChooseSasl({"CRAM-MD5"}, SecretOf("tim", "tanstaaftanstaaf"), false);
  EXPECT_EQ(sasl->Initial(), std::nullopt);
  EXPECT_EQ(*sasl->Next("<1896.697170952@postoffice.reston.mci.net>"),
            "tim b913a602c7eda7a495b4e6e7334d3890");
  EXPECT_FALSE(sasl->Next("<1896.697170952@postoffice.reston.mci.net>").ok());
  EXPECT_FALSE((*ChooseSasl({"CRAM-MD5"}, AppAndHorse(), false))->Next("").ok());
}

TEST(SaslTest, XOAuth2SaysTheTokenAndHearsWhyNot) {
  const CredentialPtr token = SecretOf("someuser@example.com", "", "ya29.vF9dft4qmTc2Nvb3RlckBh");
  const auto sasl = *ChooseSasl({"XOAUTH2"}, token, true);
  const std::string response =
      "user=someuser@example.com\x01"
      "auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBh\x01\x01";
  EXPECT_EQ(sasl->Initial(), response);
  EXPECT_EQ(*sasl->Next(""), response);
  EXPECT_EQ(*sasl->Next(R"({"status":"401","schemes":"bearer","scope":"https://mail.test/"})"), "");
  EXPECT_EQ(sasl->cause(), "401");
  EXPECT_FALSE(sasl->Next("{}").ok());
}

TEST(SaslTest, OfWhatXOAuth2HearsOneBoundedPrintableWordIsKept) {
  const CredentialPtr token = SecretOf("app", "", "ya29");

  struct Row {
    std::string_view challenge, cause;
  };

  const Row rows[] = {
      {R"({ "status" : 400 })", "400"},
      {R"({"status":"invalid_request","x":1})", "invalid_request"},
      {R"({"state":"400"})", ""},
      {R"("status")", ""},
      {"\x01\xff", ""},
      {"{\"status\":\"a\x01\xff\"}", "a\\x01\\xff"},
  };
  for (const Row& row : rows) {
    const auto sasl = *ChooseSasl({"XOAUTH2"}, token, true);
    EXPECT_EQ(*sasl->Next(row.challenge), "") << row.challenge;
    EXPECT_EQ(sasl->cause(), row.cause) << row.challenge;
  }
  const auto sasl = *ChooseSasl({"XOAUTH2"}, token, true);
  EXPECT_TRUE(sasl->Next("{\"status\":\"" + std::string(500, 'x') + "\"}").ok());
  EXPECT_LE(sasl->cause().size(), kStatusBytesMax + 3);
}

}  // namespace
}  // namespace postern::smtp
