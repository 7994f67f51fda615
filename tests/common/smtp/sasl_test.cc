#include "common/smtp/sasl.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

Credential AppAndHorse() {
  Credential credential;
  credential.username = "app";
  credential.password = "correct horse";
  return credential;
}

TEST(SaslTest, TheBestThatBothKnowIsChosen) {
  const Credential credential = AppAndHorse();

  struct Row {
    std::vector<std::string> offered;
    std::string_view chosen;
  };

  const Row rows[] = {
      {{}, ""},
      {{"GSSAPI", "NTLM"}, ""},
      {{"LOGIN", "PLAIN"}, "PLAIN"},
      {{"NTLM", "LOGIN"}, "LOGIN"},
  };
  for (const Row& row : rows) {
    const auto sasl = ChooseSasl(row.offered, credential);
    EXPECT_EQ(sasl == nullptr ? "" : sasl->mechanism(), row.chosen);
  }
}

TEST(SaslTest, PlainSaysAllAtOnceAndOnceMoreWhenAsked) {
  const Credential credential = AppAndHorse();
  const auto sasl = ChooseSasl({"PLAIN"}, credential);
  const std::string response("\0app\0correct horse", 18);
  EXPECT_EQ(sasl->Initial(), response);
  EXPECT_EQ(sasl->Next(""), response);
  EXPECT_EQ(sasl->Next(""), std::nullopt);
}

TEST(SaslTest, LoginSaysOneAfterTheOtherWhateverItIsAsked) {
  const Credential credential = AppAndHorse();
  const auto sasl = ChooseSasl({"LOGIN"}, credential);
  EXPECT_EQ(sasl->Initial(), std::nullopt);
  EXPECT_EQ(sasl->Next("Username:"), "app");
  EXPECT_EQ(sasl->Next("Kennwort:"), "correct horse");
  EXPECT_EQ(sasl->Next("And?"), std::nullopt);
}

}  // namespace
}  // namespace postern::smtp
