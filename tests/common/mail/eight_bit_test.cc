#include "common/mail/eight_bit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "common/mail/mime_walker.h"
#include "tests/support/transfer_decoding.h"

namespace postern::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kMime = "MIME-Version: 1.0\r\n";

std::string Converted(std::string_view message) {
  const auto converted = ToSevenBit(message);
  return converted.ok() ? *converted : std::string(converted.status().message());
}

TEST(EightBitTest, WhatIsSevenBitStaysAsItIs) {
  for (const std::string_view message :
       {"", "Subject: x\r\n\r\nhello\r\n", "Content-Transfer-Encoding: 8bit\r\n\r\nx\r\n",
        "Content-Type: multipart/mixed\r\n\r\nbroken, but nobody has to look\r\n"}) {
    EXPECT_EQ(Converted(message), message);
  }
}

TEST(EightBitTest, TextBecomesQuotedPrintable) {
  EXPECT_EQ(Converted(base::Cat(kMime,
                                "Content-Type: text/plain; charset=utf-8\r\n"
                                "content-transfer-encoding: 8bit\r\nSubject: x\r\n\r\n"
                                "caf\xc3\xa9 = 1 \r\n.\r\n")),
            base::Cat(kMime,
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\n"
                      "caf=C3=A9 =3D 1=20\r\n.\r\n"));
}

TEST(EightBitTest, AnEncodingThatIsMissingIsAdded) {
  EXPECT_EQ(Converted(base::Cat(kMime, "Content-Type: text/html\r\n\r\n\xe9\r\n")),
            base::Cat(kMime,
                      "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                      "\r\n=E9\r\n"));
}

TEST(EightBitTest, AMessageThatIsNoMimeBecomesIt) {
  EXPECT_EQ(Converted("Subject: x\r\n\r\n\xe9\r\n"),
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E9\r\n");
  EXPECT_EQ(Converted("\r\n\xe9"),
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E9");
}

TEST(EightBitTest, LongLinesAloneAreReasonEnough) {
  const std::string longest(998, 'x');
  EXPECT_EQ(Converted("Subject: x\r\n\r\n" + longest + "\r\n"),
            "Subject: x\r\n\r\n" + longest + "\r\n");
  const std::string converted = Converted("Subject: x\r\n\r\n" + longest + "y\r\n");
  EXPECT_THAT(converted, StartsWith("Subject: x\r\nMIME-Version: 1.0\r\n"
                                    "Content-Transfer-Encoding: quoted-printable\r\n\r\nxxxx"));
  const std::string_view body = std::string_view(converted).substr(converted.find("\r\n\r\n") + 4);
  EXPECT_EQ(testing::DecodeQuotedPrintable(body), longest + "y\r\n");
}

TEST(EightBitTest, OtherContentBecomesBase64) {
  std::string bytes;
  for (int i = 0; i < 300; ++i)
    bytes.push_back(static_cast<char>(i));
  const std::string head = base::Cat(kMime, "Content-Type: image/png\r\n");
  const std::string label = "Content-Transfer-Encoding: base64\r\n";
  for (const std::string_view end : {"", "\r\n"}) {
    const std::string converted =
        Converted(base::Cat(head, "Content-Transfer-Encoding: binary\r\n\r\n", bytes, end));
    const std::string expected = head + label + "\r\n";
    ASSERT_THAT(converted, StartsWith(expected));
    EXPECT_EQ(testing::DecodeBase64Lines(std::string_view(converted).substr(expected.size())),
              base::Cat(bytes, end));
    EXPECT_EQ(converted.ends_with("\r\n"), end == "\r\n");
  }
}

TEST(EightBitTest, EachPartGetsWhatItNeeds) {
  const std::string before = base::Cat(
      kMime,
      "Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "for old readers\r\n"
      "--b\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: text/plain\r\n\r\nonly ascii\r\n"
      "--b\r\n\r\nbare \xe9\r\n"
      "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n\xff\xfe\r\n"
      "--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n//4=\r\n"
      "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "Subject: inner\r\n\r\n\xc3\xa9\r\n\r\n"
      "--b--\r\nthe end\r\n");
  const std::string after = base::Cat(
      kMime,
      "Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
      "for old readers\r\n"
      "--b\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/plain\r\n\r\nonly ascii\r\n"
      "--b\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nbare =E9\r\n"
      "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n//4=\r\n"
      "--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n//4=\r\n"
      "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
      "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n\r\n"
      "--b--\r\nthe end\r\n");
  EXPECT_EQ(Converted(before), after);
  EXPECT_EQ(Converted(after), after);
}

TEST(EightBitTest, TextAroundThePartsIsLeftOutWhenItCannotStay) {
  EXPECT_EQ(
      Converted(base::Cat(kMime,
                          "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                          "f\xc3\xbcr alte Programme\r\n--b\r\n\r\nx\r\n--b--\r\nfin\xe9\r\n")),
      base::Cat(kMime,
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                "\r\n--b\r\n\r\nx\r\n--b--\r\n"));
}

TEST(EightBitTest, NoTextBecomesADelimiterLine) {
  // The encoded text, or a line of it, would be "--=C3=A9".
  const std::string head = base::Cat(
      kMime, "Content-Type: multipart/mixed; boundary=\"=C3=A9\"\r\n\r\n--=C3=A9\r\n\r\n");
  for (const std::string& text : {std::string("--\xc3\xa9"), std::string(75, 'x') + "--\xc3\xa9",
                                  std::string(75, 'x') + "--=C3=A9 \xc3\xa9"}) {
    const std::string converted = Converted(head + text + "\r\nevil\r\n--=C3=A9--\r\n");
    const auto entities = WalkMime(converted);
    ASSERT_TRUE(entities.ok()) << converted;
    ASSERT_EQ(entities->size(), 3u);
    EXPECT_EQ(testing::DecodeQuotedPrintable((*entities)[1].body), text + "\r\nevil");
  }
}

TEST(EightBitTest, ASignedPartStaysBesideOneThatIsConverted) {
  const std::string sealed =
      "--b\r\nContent-Type: multipart/signed; boundary=s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nascii\r\n--s--\r\n";
  const std::string head = base::Cat(kMime, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
  EXPECT_EQ(Converted(base::Cat(head, sealed, "--b\r\nContent-Type: text/x\r\n\r\n\xe9\r\n--b--")),
            base::Cat(head, sealed,
                      "--b\r\nContent-Type: text/x\r\nContent-Transfer-Encoding: quoted-printable"
                      "\r\n\r\n=E9\r\n--b--"));
}

TEST(EightBitTest, ADkimSignatureIsNoReasonToRefuse) {
  EXPECT_THAT(Converted("DKIM-Signature: v=1; bh=x\r\nContent-Type: text/plain\r\n\r\n\xe9\r\n"),
              StartsWith("DKIM-Signature: v=1; bh=x\r\n"));
}

TEST(EightBitTest, AMessageOfMailInUtf8IsContent) {
  EXPECT_EQ(
      Converted(base::Cat(kMime, "Content-Type: message/global\r\n\r\nSubject: \xc3\xa9\r\n")),
      base::Cat(kMime,
                "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                "U3ViamVjdDogw6kNCg==\r\n"));
}

TEST(EightBitTest, WhatMayNotBeChangedIsRefused) {
  const std::string line(999, 'x');

  struct Row {
    std::string message;
    std::string_view why;
  };

  const Row rows[] = {
      {"Subject: caf\xc3\xa9\r\n\r\n", "the header field Subject has 8-bit bytes"},
      {"Content-Type: message/rfc822\r\n\r\nTo: \xe9\r\n\r\n", "the header field To has 8-bit"},
      {"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n",
       "multipart/signed has 8-bit bytes"},
      {"Content-Type: multipart/encrypted\r\n\r\n\xe9\r\n", "multipart/encrypted has 8-bit"},
      {"Content-Type: application/pkcs7-mime\r\n\r\n\xe9", "application/pkcs7-mime has 8-bit"},
      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/signed\r\n"
       "\r\n\xe9\r\n--b--",
       "multipart/signed has 8-bit"},
      {"Content-Transfer-Encoding: base64\r\n\r\n\xe9\r\n", "says that it is encoded otherwise"},
      {"Content-Transfer-Encoding: x-uu\r\n\r\n\xe9\r\n", "says that it is encoded otherwise"},
      {"Content-Transfer-Encoding: base64\r\n\r\n" + line, "says that it is encoded otherwise"},
      {"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe9",
       "says that it is encoded otherwise"},
      {"Content-Type: message/delivery-status\r\n\r\n\xe9\r\n", "may not be encoded"},
      {"Content-Type: text\r\n\r\n\xe9\r\n", "may not be encoded"},
      {"Subject: " + line + "\r\n\r\n\xe9\r\n", "outside the bodies"},
      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b" + std::string(1000, ' ') +
           "\r\n\r\n\r\n--b--",
       "outside the bodies"},
  };
  for (const Row& row : rows) {
    const auto converted = ToSevenBit(row.message);
    EXPECT_TRUE(absl::IsFailedPrecondition(converted.status())) << row.message;
    EXPECT_THAT(std::string(converted.status().message()), HasSubstr(std::string(row.why)));
  }
}

TEST(EightBitTest, BrokenMimeIsRefused) {
  const auto converted =
      ToSevenBit("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n");
  EXPECT_TRUE(absl::IsInvalidArgument(converted.status()));
}

}  // namespace
}  // namespace postern::mail
