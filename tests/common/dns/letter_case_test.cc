#include "common/dns/letter_case.h"

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/common/dns/dns_bytes.h"

namespace postern::dns {
namespace {

const std::string kHeader("\x12\x34\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01", 12);

std::string QuestionBytes(std::string_view name) {
  return Wire(name) + Short(15) + Short(1);
}

TEST(LetterCaseTest, LettersOfTheNameChangeAndNothingElse) {
  const std::string name = "mail-1.a-rather-long-name.example.test";
  const std::string options = "abcdefghijklmnopqrstuvwxyz";
  const std::string before = kHeader + QuestionBytes(name) + options;
  base::SeededRandom random(7);
  std::string mixed = before;
  MixCase(mixed, random);
  EXPECT_NE(mixed, before);
  EXPECT_EQ(base::LowerAscii(mixed), base::LowerAscii(before));
  EXPECT_EQ(mixed.substr(0, 12), kHeader);
  EXPECT_TRUE(mixed.ends_with(Short(15) + Short(1) + options));
  std::string again = before;
  MixCase(again, random);
  EXPECT_NE(again, mixed);
}

// Lengths of labels from 65 on would be letters, were there such labels.
TEST(LetterCaseTest, AQuestionIsItsNameTypeAndClass) {
  const std::string longest(63, 'a');
  for (const std::string& name : {std::string("a.test"), std::string(), longest + ".test"}) {
    const std::string question = QuestionBytes(name);
    EXPECT_EQ(QuestionOf(kHeader + question + "more"), question);
    EXPECT_EQ(QuestionOf(kHeader + question), question);
    EXPECT_EQ(QuestionOf((kHeader + question).substr(0, 11 + question.size())), "");
  }
}

TEST(LetterCaseTest, WhatHasNoQuestionIsLeftAlone) {
  base::SeededRandom random(7);
  for (std::string bytes : {std::string(), std::string("abc"), kHeader,
                            kHeader + "\xC0\x0C" + "abcd", kHeader + "\x05" + "ab"}) {
    const std::string before = bytes;
    EXPECT_EQ(QuestionOf(bytes), "");
    MixCase(bytes, random);
    EXPECT_EQ(bytes, before);
  }
}

}  // namespace
}  // namespace postern::dns
