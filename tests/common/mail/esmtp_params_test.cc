#include "common/mail/esmtp_params.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

constexpr EsmtpFeatures kAll = {.size = true,
                                .eight_bit_mime = true,
                                .dsn = true,
                                .smtputf8 = true,
                                .require_tls = true,
                                .auth = true};

// "" when the text is taken, else what the client is told.
std::string MailAnswer(std::string_view text, const EsmtpFeatures& offered = kAll) {
  MailOptions options;
  const auto fault = ParseMailParameters(text, offered, options);
  return fault ? std::to_string(fault->code()) + " " + fault->Text() : "";
}

std::string RecipientAnswer(std::string_view text, bool smtputf8 = false) {
  RecipientOptions options;
  const auto fault = ParseRecipientParameters(text, kAll, smtputf8, options);
  return fault ? std::to_string(fault->code()) + " " + fault->Text() : "";
}

MailOptions Mail(std::string_view text) {
  MailOptions options;
  EXPECT_FALSE(ParseMailParameters(text, kAll, options).has_value()) << text;
  return options;
}

RecipientOptions Rcpt(std::string_view text) {
  RecipientOptions options;
  EXPECT_FALSE(ParseRecipientParameters(text, kAll, false, options).has_value()) << text;
  return options;
}

TEST(MailParametersTest, AllAreReadInAnyCaseAndOrder) {
  const MailOptions options =
      Mail(" smtputf8 Size=1024 body=8bitmime RET=hdrs ENVID=QQ+2B314 AUTH=<> ");
  EXPECT_EQ(options.size, 1024U);
  EXPECT_EQ(options.body, BodyType::k8BitMime);
  EXPECT_EQ(options.ret, Ret::kHeaders);
  EXPECT_EQ(options.envid, "QQ+2B314");
  EXPECT_TRUE(options.smtputf8);
}

TEST(MailParametersTest, RequireTlsIsTakenOnlyWhereItIsOffered) {
  EXPECT_TRUE(Mail(" requiretls").require_tls);
  EXPECT_FALSE(Mail(" SIZE=1").require_tls);
  EXPECT_EQ(MailAnswer(" REQUIRETLS=YES"), "501 5.5.4 REQUIRETLS=YES: must not have a value");
  EXPECT_EQ(MailAnswer(" REQUIRETLS REQUIRETLS"), "501 5.5.4 REQUIRETLS: must not be given twice");
  EsmtpFeatures in_clear = kAll;
  in_clear.require_tls = false;
  EXPECT_EQ(MailAnswer(" REQUIRETLS", in_clear),
            "555 5.5.4 REQUIRETLS: must be given in a session under TLS");
}

TEST(MailParametersTest, NothingGivenIsNothingSaid) {
  for (const std::string_view text : {"", " ", "   "}) {
    const MailOptions options = Mail(text);
    EXPECT_FALSE(options.size.has_value());
    EXPECT_EQ(options.ret, Ret::kUnspecified);
    EXPECT_EQ(options.body, BodyType::k7Bit);
  }
}

TEST(MailParametersTest, SizeBeyond64BitsIsTooLargeForAnyLimit) {
  EXPECT_EQ(Mail(" SIZE=99999999999999999999").size, UINT64_MAX);
  EXPECT_EQ(Mail(" SIZE=0").size, 0U);
}

struct AnswerCase {
  std::string_view text;
  std::string_view answer;
};

constexpr AnswerCase kMailAnswers[] = {
    {" SIZE=abc", "501 5.5.4 SIZE=abc: must be a number of bytes, of at most 20 digits"},
    {" SIZE=-1", "501 5.5.4 SIZE=-1: must be a number of bytes, of at most 20 digits"},
    {" SIZE=999999999999999999999",
     "501 5.5.4 SIZE=999999999999999999999: must be a number of bytes, of at most 20 digits"},
    {" SIZE", "501 5.5.4 SIZE: must be a number of bytes, of at most 20 digits"},
    {" SIZE=", "501 5.5.4 SIZE: must have a value of printable characters without \"=\""},
    {" SIZE=1=2", "501 5.5.4 SIZE=1=2: must have a value of printable characters without \"=\""},
    {"SIZE=1", "501 5.5.4 SIZE=1: must have a space before it"},
    {" SIZE=1 size=2", "501 5.5.4 size=2: must not be given twice"},
    {" BODY=BINARYMIME", "501 5.5.4 BODY=BINARYMIME: must be 7BIT or 8BITMIME"},
    {" RET=ALL", "501 5.5.4 RET=ALL: must be FULL or HDRS"},
    {" ENVID=a+GG",
     "501 5.5.4 ENVID=a+GG: must be xtext of printable characters, at most 100 bytes"},
    {" ENVID=a+0D+0Ab",
     "501 5.5.4 ENVID=a+0D+0Ab: must be xtext of printable characters, at most 100 bytes"},
    {" SMTPUTF8=yes", "501 5.5.4 SMTPUTF8=yes: must not have a value"},
    {" AUTH", "501 5.5.4 AUTH: must be xtext or <>"},
    {" NOTIFY=NEVER", "555 5.5.4 NOTIFY=NEVER: is not a parameter of this command here"},
    {" X-FOO", "555 5.5.4 X-FOO: is not a parameter of this command here"},
    {" =5", "501 5.5.4 =5: is not a keyword"},
    {" -A=5", "501 5.5.4 -A=5: is not a keyword"},
    {" \tSIZE=1", "501 5.5.4 \\x09SIZE=1: is not a keyword"},
    {" S\xc3\xa9=1", "501 5.5.4 S\\xc3\\xa9=1: is not a keyword"},
};

TEST(MailParametersTest, FaultSaysWhichParameterWhichValueAndTheRule) {
  for (const AnswerCase& row : kMailAnswers)
    EXPECT_EQ(MailAnswer(row.text), row.answer);
}

TEST(MailParametersTest, WhatWasNotOfferedIsUnknown) {
  for (const std::string_view text :
       {" SIZE=1", " BODY=7BIT", " RET=FULL", " ENVID=a", " SMTPUTF8", " AUTH=<>"}) {
    EXPECT_EQ(MailAnswer(text, EsmtpFeatures()).substr(0, 9), "555 5.5.4") << text;
    EXPECT_EQ(MailAnswer(text), "") << text;
  }
}

TEST(MailParametersTest, EnvidEndsAt100Bytes) {
  EXPECT_EQ(MailAnswer(" ENVID=" + std::string(100, 'a')), "");
  EXPECT_EQ(MailAnswer(" ENVID=" + std::string(101, 'a')).substr(0, 3), "501");
}

TEST(MailParametersTest, HostileParameterIsShownShortAndPrintable) {
  const std::string answer = MailAnswer(" " + std::string(5000, 'X') + "=\x01\r\n");
  EXPECT_LT(answer.size(), 300U);
  EXPECT_EQ(answer.find('\r'), std::string::npos);
}

TEST(RecipientParametersTest, NotifyAndOrcptAreRead) {
  const RecipientOptions options = Rcpt(" NOTIFY=success,Failure,DELAY ORCPT=rfc822;a+2Bb@c");
  EXPECT_EQ(options.notify, kNotifySuccess | kNotifyFailure | kNotifyDelay);
  EXPECT_EQ(options.orcpt, "rfc822;a+2Bb@c");
  EXPECT_EQ(Rcpt(" NOTIFY=NEVER").notify, kNotifyNever);
  EXPECT_EQ(Rcpt("").notify, 0);
}

TEST(RecipientParametersTest, WrongOnesAreRefused) {
  for (const std::string_view text :
       {" NOTIFY=NEVER,DELAY", " NOTIFY=", " NOTIFY", " NOTIFY=,", " NOTIFY=SUCCESS,",
        " NOTIFY=ALL", " ORCPT=a@b", " ORCPT=;a@b", " ORCPT=rfc822;", " ORCPT=rfc 822;a",
        " ORCPT=rfc822;a+0D+0AX", " ORCPT=rfc822;a+ZZ", " ORCPT", " NOTIFY=NEVER NOTIFY=NEVER"}) {
    EXPECT_EQ(RecipientAnswer(text).substr(0, 9), "501 5.5.4") << text;
  }
  EXPECT_EQ(RecipientAnswer(" SIZE=1").substr(0, 9), "555 5.5.4");
}

TEST(RecipientParametersTest, OrcptEndsAt500BytesAndTakesUtf8OnlyWithSmtputf8) {
  EXPECT_TRUE(IsOrcpt("rfc822;" + std::string(493, 'a'), false));
  EXPECT_FALSE(IsOrcpt("rfc822;" + std::string(494, 'a'), false));
  EXPECT_TRUE(IsOrcpt("utf-8;caf\xc3\xa9@x", true));
  EXPECT_FALSE(IsOrcpt("utf-8;caf\xc3\xa9@x", false));
  EXPECT_FALSE(IsOrcpt("rfc822;caf\xc3\xa9@x", true));
  EXPECT_FALSE(IsOrcpt("utf-8;caf\xe9@x", true));
  EXPECT_FALSE(IsOrcpt("utf-8;caf\xc3\xa9+0A", true));
}

TEST(RecipientParametersTest, NotifyBitsAreLegalAloneOrTogether) {
  for (std::uint32_t bits = 0; bits < 300; ++bits) {
    EXPECT_EQ(IsNotify(bits), bits == 1 || (bits < 16 && bits % 2 == 0)) << bits;
  }
}

TEST(ParameterWriterTest, OnlyWhatThePeerOffersIsWritten) {
  Envelope envelope;
  envelope.body = BodyType::k8BitMime;
  envelope.smtputf8 = true;
  envelope.require_tls = true;
  envelope.ret = Ret::kHeaders;
  envelope.envid = "abc+2B";
  EsmtpFeatures peer = kAll;
  peer.message_size = 1024;
  EXPECT_EQ(MailParameters(envelope, peer),
            " SIZE=1024 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=abc+2B");
  EXPECT_EQ(MailParameters(envelope, EsmtpFeatures()), "");
  EXPECT_EQ(MailParameters(Envelope(), kAll), "");
}

TEST(ParameterWriterTest, WhatIsWrittenIsReadBack) {
  Envelope envelope;
  envelope.ret = Ret::kFull;
  envelope.envid = "x";
  const MailOptions options = Mail(MailParameters(envelope, kAll));
  EXPECT_EQ(options.ret, Ret::kFull);
  EXPECT_EQ(options.envid, "x");
  for (std::uint8_t bits = 0; bits < 15; ++bits) {
    if (!IsNotify(bits)) continue;
    const Recipient recipient = {.address = "a@b", .notify = bits, .orcpt = "rfc822;a@b"};
    const RecipientOptions read = Rcpt(RecipientParameters(recipient));
    EXPECT_EQ(read.notify, bits);
    EXPECT_EQ(read.orcpt, recipient.orcpt);
  }
  EXPECT_EQ(RecipientParameters({.address = "a@b"}), "");
}

}  // namespace
}  // namespace postern::mail
