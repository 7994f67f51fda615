#include "common/mail/tls_required.h"

#include <string>

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(TlsRequiredTest, OnlyNoSaysSomething) {
  struct Row {
    std::string_view body;
    bool optional;
  };

  const Row rows[] = {
      {" No", true},
      {" no ", true},
      {"NO", true},
      {"\r\n no", true},
      {" (I do not (really) care) No (thanks)", true},
      {" (a \\) b) No", true},
      {"(a)No(b)", true},
      {"", false},
      {" Yes", false},
      {" No way", false},
      {" N(o)", false},
      {" N(x)o", false},
      {" Noo", false},
      {" \"No\"", false},
      {" No (", false},
      {" (No", false},
      {" (a\\", false},
      {" No)", false},
      {" No, No", false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(SaysTlsOptional(row.body), row.optional) << row.body;
}

TEST(TlsRequiredTest, ALongBodySaysNothing) {
  const std::string comment = "(" + std::string(kTlsRequiredBytesMax - 4, 'x') + ")";
  EXPECT_TRUE(SaysTlsOptional(comment + "No"));
  EXPECT_FALSE(SaysTlsOptional(comment + " No"));
}

}  // namespace
}  // namespace postern::mail
