#include "common/base/text.h"
#include "common/smtp/engine.h"
#include "common/smtp/outgoing.h"
#include "tests/support/engine_fixture.h"

namespace postern::smtp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedPeer;

constexpr std::string_view kText =
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\xc3\xa9\r\n";
constexpr std::string_view kQuoted =
    "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n";
constexpr std::string_view kSigned =
    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b--\r\n";
constexpr std::string_view kUtf8Header = "Subject: caf\xc3\xa9\r\n\r\nhello\r\n";
constexpr std::string_view kPlain = "Subject: x\r\n\r\nhello\r\n";
constexpr std::string_view kCafe = "caf\xc3\xa9@example.test";
constexpr std::string_view kBooks = "bob@b\xc3\xbc\x63her.test";

class AttemptContentTest : public testing::EngineFixture {
 protected:
  AttemptContentTest() {
    delivery_.policy.messages_per_connection_max = 1;
    EightBit(std::string(kText));
  }

  void EightBit(std::string content) {
    Content(std::move(content));
    delivery_.eight_bit = true;
  }
};

// Content that comes in pieces, its first 100 bytes at hand.
class ComingBody final : public BodySource {
 public:
  explicit ComingBody(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}

  std::uint64_t size() const override { return content_->size(); }

  std::string_view beginning() const override { return std::string_view(*content_).substr(0, 100); }

  io::Task<absl::Status> Rewind() override {
    ++rewinds;
    at_ = 0;
    co_return absl::OkStatus();
  }

  io::Task<absl::StatusOr<std::string_view>> Next() override {
    if (breaks && at_ > 0) co_return absl::DataLossError("chunk 1 is broken");
    const std::string_view view = std::string_view(*content_).substr(at_, 70);
    at_ += view.size();
    co_return view;
  }

  int rewinds = 0;
  bool breaks = false;

 private:
  std::shared_ptr<const std::string> content_;
  std::size_t at_ = 0;
};

TEST_F(AttemptContentTest, APeerWithout8BitMimeGetsQuotedPrintable) {
  for (const std::vector<std::string>& offer : {std::vector<std::string>{"SIZE"},
                                                {"SIZE", "PIPELINING"},
                                                {"SIZE", "CHUNKING"},
                                                {"SIZE", "PIPELINING", "CHUNKING"}}) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(offer);
    Deliver();
    ASSERT_THAT(Results(), ElementsAre("250")) << ErrorOf();
    EXPECT_EQ(peer.mails().back().content, kQuoted);
    EXPECT_THAT(peer.mails().back().sender, HasSubstr(base::Cat("SIZE=", kQuoted.size())));
    EXPECT_THAT(peer.mails().back().sender, Not(HasSubstr("BODY")));
    ComingBody coming(content_);
    Deliver(coming);
    ASSERT_THAT(Results(), ElementsAre("250")) << ErrorOf();
    EXPECT_EQ(peer.mails().back().content, kQuoted);
    EXPECT_THAT(peer.mails().back().sender, HasSubstr(base::Cat("SIZE=", kQuoted.size())));
  }
}

TEST_F(AttemptContentTest, APeerWith8BitMimeGetsItAsItIs) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"SIZE", "8BITMIME"});
  Deliver();
  EXPECT_EQ(peer.mails().back().content, kText);
  EXPECT_THAT(peer.mails().back().sender,
              HasSubstr(base::Cat("SIZE=", kText.size(), " BODY=8BITMIME")));
}

TEST_F(AttemptContentTest, TheNextHostGetsTheOriginalAgain) {
  ScriptedPeer& first = Peer("192.0.2.1").Says("DATA", "451 later");
  ScriptedPeer& second = Peer("192.0.2.2").Keywords({"8BITMIME"});
  ComingBody coming(content_);
  Deliver(coming);
  ASSERT_THAT(Results(), ElementsAre("250")) << ErrorOf();
  EXPECT_EQ(second.mails().back().content, kText);
  EXPECT_THAT(second.mails().back().sender, HasSubstr("BODY=8BITMIME"));
  EXPECT_EQ(first.Heard("DATA"), 1);
}

TEST_F(AttemptContentTest, EachTransactionOfAMessageIsConverted) {
  limits_.recipients_per_transaction_max = 1;
  delivery_.policy.messages_per_connection_max = 10;
  To("bob@example.test");
  To("eve@example.test");
  ScriptedPeer& peer = Peer("192.0.2.1");
  ComingBody coming(content_);
  Deliver(coming);
  ASSERT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(peer.mails()[1].content, kQuoted);
  EXPECT_EQ(peer.mails()[1].connection, 1);
  EXPECT_EQ(coming.rewinds, 1) << "it is read once for both";
}

TEST_F(AttemptContentTest, TheFirewallComesBeforeTheConversion) {
  EightBit(base::Cat("X-MS-Exchange-Organization-Note: \xc3\xa9\r\n", kText));
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  ASSERT_THAT(Results(), ElementsAre("250")) << ErrorOf();
  EXPECT_EQ(peer.mails().back().content, kQuoted);
}

TEST_F(AttemptContentTest, TheSizeOfWhatGoesOutCounts) {
  Peer("192.0.2.1").Keywords({base::Cat("SIZE ", kText.size())});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.3.4"));
  EXPECT_THAT(ErrorOf(), HasSubstr(base::Cat(kQuoted.size(), " bytes")));
}

TEST_F(AttemptContentTest, WhatCannotBeConvertedIsReturned) {
  ScriptedPeer& peer = Peer("192.0.2.1");

  struct Row {
    std::string content;
    std::string_view why;
  };

  const Row rows[] = {
      {std::string(kSigned), "multipart/signed has 8-bit bytes and may not be changed"},
      {std::string(kUtf8Header), "the header field Subject has 8-bit bytes"},
      {"Content-Type: multipart/mixed; boundary=b\r\n\r\n\xe9\r\n", "no delimiter line"},
      {base::Cat(kText, std::string(kConvertedBytesMax, 'x')), "none of more than 262144"},
  };
  for (const Row& row : rows) {
    EightBit(row.content);
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("local 5.6.3"));
    EXPECT_THAT(ErrorOf(), HasSubstr("the content is 8-bit, the peer lacks 8bitmime, and "));
    EXPECT_THAT(ErrorOf(), HasSubstr(std::string(row.why)));
  }
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(AttemptContentTest, WithoutTheSettingNothingIsConverted) {
  limits_.convert_8bit = false;
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("local 5.6.3"));
  EXPECT_EQ(ErrorOf(), "the content is 8-bit, the peer lacks 8bitmime");
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

TEST_F(AttemptContentTest, ContentThatCannotBeReadWaits) {
  ScriptedPeer& peer = Peer("192.0.2.1");
  ComingBody coming(content_);
  coming.breaks = true;
  Deliver(coming);
  EXPECT_THAT(Results(), ElementsAre("local 4.3.0"));
  EXPECT_THAT(ErrorOf(), HasSubstr("chunk 1 is broken"));
  EXPECT_EQ(peer.Heard("MAIL"), 0);
}

// The envelope has SMTPUTF8 in each row.
TEST_F(AttemptContentTest, WhatNeedsSmtpUtf8IsDecidedForEachRecipient) {
  struct Row {
    std::vector<std::string> offer;
    std::string_view sender;
    std::string_view recipient;
    std::string_view content;
    std::string_view result;
    std::string_view command;  // that was heard, when one was
  };

  const std::vector<std::string> without = {"8BITMIME"};
  const std::vector<std::string> with = {"8BITMIME", "SMTPUTF8"};
  const Row rows[] = {
      {without, "ann@a.test", "bob@example.test", kPlain, "250", "MAIL FROM:<ann@a.test>"},
      {without, "", "bob@example.test", kPlain, "250", "MAIL FROM:<>"},
      {without, "ann@a.test", "bob@example.test", kText, "250", "RCPT TO:<bob@example.test>"},
      {without, "ann@a.test", kBooks, kPlain, "250", "RCPT TO:<bob@xn--bcher-kva.test>"},
      {without, kBooks, "bob@example.test", kPlain, "250", "MAIL FROM:<bob@xn--bcher-kva.test>"},
      {without, "ann@a.test", kCafe, kPlain, "local 5.6.7", ""},
      {without, kCafe, "bob@example.test", kPlain, "local 5.6.7", ""},
      {without, kCafe, "bob@example.test", kUtf8Header, "local 5.6.7", ""},
      {without, "ann@a.test", "bob@\xe2\x80\x8b.test", kPlain, "local 5.6.7", ""},
      {without, "ann@a.test", "bob@example.test", kUtf8Header, "local 5.6.9", ""},
      {{}, "ann@a.test", "bob@example.test", kUtf8Header, "local 5.6.9", ""},
      {{}, "ann@a.test", kBooks, kText, "250", "RCPT TO:<bob@xn--bcher-kva.test>"},
      {{}, "ann@a.test", "bob@example.test", kSigned, "local 5.6.3", ""},
      {with, kCafe, kCafe, kUtf8Header, "250",
       "MAIL FROM:<caf\xc3\xa9@example.test> BODY=8BITMIME SMTPUTF8"},
      {with, kBooks, kBooks, kPlain, "250", "RCPT TO:<bob@b\xc3\xbc\x63her.test>"},
      {with, "ann@a.test", "bob@example.test", kPlain, "250", "MAIL FROM:<ann@a.test> SMTPUTF8"},
  };
  int connections = 0;
  for (const Row& row : rows) {
    ScriptedPeer& peer = Peer("192.0.2.1").Keywords(row.offer);
    delivery_.envelope = mail::Envelope();
    delivery_.envelope.smtputf8 = true;
    delivery_.envelope.sender = row.sender;
    To(std::string(row.recipient));
    Content(std::string(row.content));
    delivery_.eight_bit = row.content != kPlain;
    delivery_.policy.version += "x";  // a session of its own
    const std::size_t heard_before = peer.heard().size();
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(std::string(row.result))) << row.sender << row.recipient;
    EXPECT_EQ(peer.connections(), ++connections);
    std::vector<std::string> heard = peer.heard();
    heard.erase(heard.begin(), heard.begin() + static_cast<int>(heard_before));
    if (row.command.empty()) {
      EXPECT_THAT(heard, Not(Contains(HasSubstr("MAIL"))));
    } else {
      EXPECT_THAT(heard, Contains(std::string(row.command)));
    }
  }
}

// A HELO that stands in for an EHLO with which the connection was lost proves nothing of the peer.
TEST_F(AttemptContentTest, WhatALostEhloLeavesUnknownWaits) {
  Peer("192.0.2.1").DropsAfter("EHLO", 1);
  EightBit(std::string(kSigned));
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("connect 4.4.2"));
  EXPECT_THAT(ErrorOf(), HasSubstr("the connection was lost at ehlo, and after helo"));
  Peer("192.0.2.1").Keywords({"8BITMIME"});
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
}

TEST_F(AttemptContentTest, AfterALostEhloWhatCanBeConvertedGoes) {
  ScriptedPeer& peer = Peer("192.0.2.1").DropsAfter("EHLO", 1);
  delivery_.policy.messages_per_connection_max = 20;
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250"));
  EXPECT_EQ(peer.mails().back().content, kQuoted);
  Deliver();
  EXPECT_EQ(peer.Heard("EHLO"), 2) << "that session serves once";
}

TEST_F(AttemptContentTest, OneAddressInUtf8DoesNotKeepBackTheOthers) {
  delivery_.envelope.smtputf8 = true;
  To("bob@example.test");
  To(std::string(kCafe));
  To(std::string(kBooks));
  ScriptedPeer& peer = Peer("192.0.2.1");
  Deliver();
  EXPECT_THAT(Results(), ElementsAre("250", "local 5.6.7", "250"));
  EXPECT_THAT(peer.mails().back().recipients,
              ElementsAre("<bob@example.test>", "<bob@xn--bcher-kva.test>"));
  EXPECT_EQ(peer.mails().back().content, kQuoted);
}

TEST_F(AttemptContentTest, AHeaderInUtf8ThatComesLaterIsSeen) {
  delivery_.envelope.smtputf8 = true;
  EightBit(base::Cat("Subject: x\r\n", kText));
  Peer("192.0.2.1").Keywords({"8BITMIME"});
  ComingBody small(content_);
  Deliver(small);
  EXPECT_THAT(Results(), ElementsAre("local 5.6.9")) << "its end is not at hand";
  EXPECT_EQ(small.rewinds, 0);
}

TEST_F(AttemptContentTest, AMessageWithoutSmtpUtf8NeverGoesWithTheKeyword) {
  ScriptedPeer& peer = Peer("192.0.2.1").Keywords({"8BITMIME", "SMTPUTF8"});
  for (const std::string_view content : {kPlain, kText, kUtf8Header}) {
    EightBit(std::string(content));
    Deliver();
    EXPECT_THAT(Results(), ElementsAre("250"));
    EXPECT_EQ(peer.mails().back().content, content);
  }
  EXPECT_THAT(peer.heard(), Not(Contains(HasSubstr(" SMTPUTF8"))));
}

TEST_F(AttemptContentTest, TheSizeThatAPeerNamesIsObeyed) {
  Content(std::string(kPlain));
  delivery_.eight_bit = false;
  for (const auto& [keyword, result] :
       {std::pair{"SIZE 10", "local 5.3.4"}, {"SIZE 0", "250"}, {"SIZE", "250"}}) {
    Peer("192.0.2.1").Keywords({keyword});
    delivery_.policy.version += "x";  // a session of its own
    Deliver();
    EXPECT_THAT(Results(), ElementsAre(result)) << keyword;
  }
}

}  // namespace
}  // namespace postern::smtp
