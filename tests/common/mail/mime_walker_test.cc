#include "common/mail/mime_walker.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::mail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kMixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";

// One line for each entity: kind, type, body.
std::vector<std::string> Shown(std::string_view message) {
  static constexpr std::string_view kKinds[] = {"leaf", "multipart", "message", "sealed", "margin"};
  const auto entities = WalkMime(message);
  if (!entities.ok()) return {std::string(entities.status().message())};
  std::vector<std::string> shown;
  for (const MimeEntity& entity : *entities) {
    const bool composite = entity.kind == MimeKind::kMultipart || entity.kind == MimeKind::kMessage;
    shown.push_back(base::Cat(kKinds[static_cast<std::size_t>(entity.kind)], " ", entity.type,
                              composite ? "" : base::Cat(" [", entity.body, "]")));
  }
  return shown;
}

std::string Mixed(std::string_view body) {
  return base::Cat(kMixed, body);
}

TEST(MimeWalkerTest, AMessageWithoutMimeIsOneLeaf) {
  EXPECT_THAT(Shown("Subject: x\r\n\r\nhello\r\n"), ElementsAre("leaf text/plain [hello\r\n]"));
  EXPECT_THAT(Shown("Subject: x\r\n"), ElementsAre("leaf text/plain []"));
  EXPECT_THAT(Shown(""), ElementsAre("leaf text/plain []"));
}

TEST(MimeWalkerTest, PartsAndWhatStandsAroundThem) {
  EXPECT_THAT(
      Shown(Mixed("before\r\n--b \t\r\n\r\none\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\ntwo\r\n"
                  "--b--  \r\nbehind")),
      ElementsAre("multipart multipart/mixed", "margin text/plain [before\r\n]",
                  "leaf text/plain [one\r\n]", "leaf image/png [two]",
                  "margin text/plain [\r\nbehind]"));
  EXPECT_THAT(Shown(Mixed("--b\r\n\r\none\r\n--b--")),
              ElementsAre("multipart multipart/mixed", "leaf text/plain [one]"));
}

TEST(MimeWalkerTest, PartsMayBeEmptyOrOnlyHeader) {
  EXPECT_THAT(Shown(Mixed("--b\r\n--b\r\nContent-Type: a/b\r\n--b\r\n\r\n--b--")),
              ElementsAre("multipart multipart/mixed", "leaf text/plain []", "leaf a/b []",
                          "leaf text/plain []"));
}

TEST(MimeWalkerTest, CompositesNest) {
  EXPECT_THAT(Shown(Mixed("--b\r\nContent-Type: message/rfc822\r\n\r\n"
                          "Content-Type: multipart/digest; boundary=\"c\"\r\n\r\n"
                          "--c\r\n\r\nSubject: y\r\n\r\nin\r\n--c--\r\n--b--\r\n")),
              ElementsAre("multipart multipart/mixed", "message message/rfc822",
                          "multipart multipart/digest", "message message/rfc822",
                          "leaf text/plain [in]", "margin text/plain [\r\n]"));
}

TEST(MimeWalkerTest, WhatIsSealedIsNotWalked) {
  for (const std::string type : {"multipart/signed", "multipart/encrypted",
                                 "application/pkcs7-mime", "application/x-pkcs7-mime"}) {
    EXPECT_THAT(Shown("Content-Type: " + type + "\r\n\r\nanything"),
                ElementsAre("sealed " + type + " [anything]"));
  }
}

TEST(MimeWalkerTest, AnEncodedCompositeIsNotWalked) {
  EXPECT_THAT(
      Shown("Content-Transfer-Encoding: Base64 (x)\r\nContent-Type: message/rfc822\r\n\r\nx"),
      ElementsAre("leaf message/rfc822 [x]"));
}

TEST(MimeWalkerTest, FieldsAreNoted) {
  const auto entities = WalkMime(
      "MIME-VERSION: 1.0\r\nContent-Transfer-Encoding:\r\n 8BIT\r\nContent-type: text\r\n\r\nx");
  ASSERT_TRUE(entities.ok());
  const MimeEntity& entity = entities->front();
  EXPECT_TRUE(entity.whole && entity.has_version && entity.has_type && entity.identity());
  EXPECT_EQ(entity.encoding, TransferEncoding::k8Bit);
  EXPECT_EQ(entity.encoding_field, "Content-Transfer-Encoding:\r\n 8BIT\r\n");
  EXPECT_EQ(entity.type, "");
}

TEST(MimeWalkerTest, WhatReadersCouldReadDifferentlyIsRefused) {
  struct Row {
    std::string message;
    std::string_view why;
  };

  const Row rows[] = {
      {Mixed("text\r\n"), "no delimiter line"},
      {Mixed("--b--\r\n"), "has no part"},
      {Mixed("--b\r\n\r\none\r\n"), "no closing delimiter line"},
      {Mixed("--b\r\n\r\n--bc\r\n\r\n--b--\r\n"), "begins like a delimiter"},
      {Mixed("--b\r\n\r\none\r\n--b-\r\n\r\n--b--"), "begins like a delimiter"},
      {Mixed("--b\r\n\r\none\r\n--b--x\r\n--b--"), "begins like a delimiter"},
      {Mixed("--b\r\n\r\none\r\n--b\rx\r\n--b--"), "begins like a delimiter"},
      {Mixed("--b\r\n\r\none\r\n--b--\r\n--b\r\n"), "goes on behind"},
      {Mixed("--b\r\nno field\r\n\r\none\r\n--b--"), "no field"},
      {Mixed("--b\r\n folded\r\n\r\none\r\n--b--"), "no field"},
      {Mixed("--b\r\nA: b\nC: d\r\n\r\none\r\n--b--"), "CR or LF alone"},
      {"Content-Type: multipart/mixed\r\n\r\n--b--", "must have a boundary"},
      {"Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", "content-type twice"},
      {"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
       "content-transfer-encoding twice"},
      {Mixed("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--"),
       "begins like that of one around it"},
      {Mixed("--b\r\nContent-Type: multipart/mixed; boundary=b2\r\n\r\n\r\n--b--"),
       "begins like that of one around it"},
      // The one inside does not end before the one around it goes on.
      {Mixed("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--b--"),
       "no closing delimiter line"},
  };
  for (const Row& row : rows) {
    const auto entities = WalkMime(row.message);
    EXPECT_TRUE(absl::IsInvalidArgument(entities.status())) << row.message;
    EXPECT_THAT(std::string(entities.status().message()), HasSubstr(std::string(row.why)));
  }
}

TEST(MimeWalkerTest, ABoundaryMayComeAgainBehindItsMultipart) {
  const std::string inner =
      "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n";
  EXPECT_TRUE(WalkMime(Mixed(base::Cat(inner, inner, "--b--"))).ok());
}

TEST(MimeWalkerTest, DepthAndNumberAreBounded) {
  std::string nested = "\r\n";
  for (std::size_t i = 1; i < kMimeDepthMax; ++i)
    nested.insert(0, "Content-Type: message/rfc822\r\n\r\n");
  EXPECT_TRUE(WalkMime(nested).ok());
  nested.insert(0, "Content-Type: message/rfc822\r\n\r\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(WalkMime(nested).status()));

  std::string parts(kMixed);
  for (std::size_t i = 1; i < kMimeEntitiesMax; ++i)
    parts.append("--b\r\n\r\nx\r\n");
  EXPECT_TRUE(WalkMime(parts + "--b--").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(WalkMime(parts + "--b\r\n\r\n--b--").status()));
}

}  // namespace
}  // namespace postern::mail
