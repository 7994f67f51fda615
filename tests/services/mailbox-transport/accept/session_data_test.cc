#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/services/mailbox-transport/accept/session_fixture.h"

namespace postern::accept::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ContentTest : public SessionFixture {
 protected:
  // Sends `wire` after 354 and gives the answer.
  std::string Data(Talk& talk, std::string_view wire) {
    EXPECT_THAT(talk.Ask("DATA"), StartsWith("354"));
    talk.Send(wire);
    return talk.Reply();
  }

  std::string Bdat(Talk& talk, std::string_view bytes, bool last) {
    talk.Send(base::Cat("BDAT ", bytes.size(), last ? " LAST\r\n" : "\r\n", bytes));
    return talk.Reply();
  }
};

TEST_F(ContentTest, IsKeptByteForByteBehindTheStamp) {
  std::string body = "8 bit: \xc3\xbc\xff\r\n\r\n  spaces  \r\n\ttab\r\n";
  for (int byte = 1; byte < 256; ++byte) {
    if (byte != '\r' && byte != '\n') body += static_cast<char>(byte);
  }
  body += "\r\n";
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, MessageOf(body) + ".\r\n"),
              StartsWith("250 2.6.0 <m@example.test> [InternalId="));
  ASSERT_EQ(intake_.count(), 1u);
  EXPECT_EQ(Content(), MessageOf(body));
  const model::Message& message = intake_.messages[0].message;
  EXPECT_THAT(intake_.messages[0].content, StartsWith("Received: from client.example.test"));
  EXPECT_TRUE(message.eight_bit);
  EXPECT_EQ(message.size, intake_.messages[0].content.size());
  EXPECT_EQ(message.source_name, "SMTP:relay");
  EXPECT_EQ(message.source_ip, "192.0.2.9");
  EXPECT_EQ(message.chunks, 1u);
  EXPECT_EQ(message.recipients.size(), 1u);
  EXPECT_EQ(intake_.messages[0].content.substr(message.header_bytes), body);
}

TEST_F(ContentTest, DotsAreTakenOutAndComeBack) {
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, MessageOf("..\r\n...two\r\n.one\r\na.b\r\n") + ".\r\n"),
              StartsWith("250"));
  EXPECT_EQ(Content(), MessageOf(".\r\n..two\r\none\r\na.b\r\n"));
}

TEST_F(ContentTest, MissingDateAndMessageIdAreAdded) {
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, "Subject: t\r\n\r\nx\r\n.\r\n"), StartsWith("250 2.6.0 <"));
  const std::string& content = intake_.messages.at(0).content;
  EXPECT_THAT(content, HasSubstr("\r\nDate: "));
  EXPECT_THAT(content, HasSubstr("@mail.example.test>\r\n"));
  EXPECT_THAT(content, EndsWith("Subject: t\r\n\r\nx\r\n"));
  EXPECT_EQ(intake_.messages[0].message.subject, "t");
}

TEST_F(ContentTest, EmptyContentIsAMessage) {
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, ".\r\n"), StartsWith("250 2.6.0"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test>"), StartsWith("250"));
}

// Every way to end content wrongly, with a whole second transaction hidden behind it.
constexpr std::string_view kFalseEnds[] = {"\n.\n",   "\n.\r\n", "\r\n.\n", "\r.\r",     "\r.\r\n",
                                           "\r\n.\r", "\n.\r",   "\r.\n",   "\r\r.\r\n", "\n\n.\n"};
constexpr std::string_view kHidden =
    "MAIL FROM:<evil@example.test>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nx\r\n";

TEST_F(ContentTest, NothingIsSmuggledThroughData) {
  for (const std::string_view end : kFalseEnds) {
    Talk talk = Enveloped();
    EXPECT_THAT(Data(talk, base::Cat(MessageOf("text"), end, kHidden, "\r\n.\r\n")),
                StartsWith("554 5.6.0"))
        << base::Printable(end);
    EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250 2.0.0 ok")) << base::Printable(end);
  }
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(ContentTest, NothingIsSmuggledThroughBdat) {
  for (const std::string_view end : kFalseEnds) {
    Talk talk = Enveloped();
    EXPECT_THAT(Bdat(talk, base::Cat(MessageOf("text"), end, kHidden), true),
                StartsWith("554 5.6.0"))
        << base::Printable(end);
    EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250 2.0.0 ok"));
  }
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(ContentTest, AnEndInsideBdatIsContent) {
  Talk talk = Enveloped();
  EXPECT_THAT(Bdat(talk, base::Cat(MessageOf("text"), "\r\n.\r\n", kHidden), true),
              StartsWith("250"));
  ASSERT_EQ(intake_.count(), 1u);
  EXPECT_EQ(Content(), base::Cat(MessageOf("text"), "\r\n.\r\n", kHidden));
}

TEST_F(ContentTest, BareEndsAndNulAreRefusedAfterTheEnd) {
  for (const std::string& body :
       {std::string("a\nb\r\n"), std::string("a\rb\r\n"), std::string("a\0b\r\n", 5)}) {
    Talk talk = Enveloped();
    EXPECT_THAT(Data(talk, MessageOf(body) + ".\r\n"), StartsWith("554 5.6.0"));
    EXPECT_THAT(Bdat(talk, "", true), StartsWith("503"));
  }
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(ContentTest, TooLargeIsSaidAfterTheEnd) {
  rules_.policy.max_receive_size = 1000;
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, MessageOf(std::string(200000, 'x')) + "\r\n.\r\n"),
              StartsWith("552 5.3.4"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test> SIZE=1001"), StartsWith("552 5.3.4"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<a@example.test> SIZE=1000"), StartsWith("250"));
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(ContentTest, ALongLineAndALongHeaderAreRefused) {
  rules_.line_bytes_max = 2000;
  rules_.header_bytes_max = 8000;
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, MessageOf(std::string(2001, 'x')) + "\r\n.\r\n"), StartsWith("554 5.6.0"));
  Talk other = Enveloped();
  std::string header;
  for (int i = 0; i < 100; ++i)
    header += "X-Filler: " + std::string(100, 'x') + "\r\n";
  EXPECT_THAT(Data(other, header + "\r\nbody\r\n.\r\n"), StartsWith("552 5.3.4 header"));
}

TEST_F(ContentTest, AMessageThatLoopsIsRefused) {
  const auto hops = [](int count) {
    std::string header;
    for (int i = 0; i < count; ++i)
      header += "Received: from a by b; Mon, 23 Nov 2026 15:00:00 +0000\r\n";
    return header + MessageOf("x\r\n") + ".\r\n";
  };
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, hops(31)),
              StartsWith("554 5.4.6 hop count exceeded - possible mail loop"));
  Talk other = Enveloped();
  EXPECT_THAT(Data(other, hops(30)), StartsWith("250"));
}

TEST_F(ContentTest, ALargeMessageLeavesInWindows) {
  rules_.policy.max_receive_size = 64 << 20;
  std::string body;
  while (body.size() < 3'000'000)
    body += std::string(998, static_cast<char>('a' + body.size() % 26)) + "\r\n";
  Talk talk = Enveloped();
  EXPECT_THAT(Data(talk, MessageOf(body) + ".\r\n"), StartsWith("250"));
  EXPECT_EQ(Content(), MessageOf(body));
  const model::Message& message = intake_.messages.at(0).message;
  EXPECT_EQ(message.body, nullptr);
  EXPECT_EQ(message.chunks, intake_.chunk_bytes.size());
  EXPECT_EQ(message.size, intake_.messages[0].content.size());
  for (std::size_t i = 0; i + 1 < intake_.chunk_bytes.size(); ++i) {
    EXPECT_EQ(intake_.chunk_bytes[i], model::kChunkBytes);
  }
}

TEST_F(ContentTest, AFastClientWaitsForTheStore) {
  std::string body;
  while (body.size() < 900'000)
    body += std::string(998, 'x') + "\r\n";
  Talk talk = Enveloped();
  talk.Ask("DATA");
  intake_.hold = true;
  talk.Send(MessageOf(body) + ".\r\n");
  while (intake_.chunks_put() == 0)
    absl::SleepFor(absl::Milliseconds(1));
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(intake_.chunks_put(), 1u);
  intake_.hold = false;
  executor_.Run([this] { intake_.held.at(0)(); });
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0"));
  EXPECT_EQ(Content(), MessageOf(body));
}

TEST_F(ContentTest, ChunksOfARefusedMessageAreDropped) {
  rules_.policy.max_receive_size = 1 << 20;
  Talk talk = Enveloped();
  std::string body;
  while (body.size() < 2'000'000)
    body += std::string(998, 'x') + "\r\n";
  EXPECT_THAT(Data(talk, MessageOf(body) + ".\r\n"), StartsWith("552"));
  EXPECT_FALSE(intake_.chunk_bytes.empty());
  EXPECT_EQ(intake_.chunks_left(), 0u);
}

TEST_F(ContentTest, ChunksOfALostConnectionAreDropped) {
  std::string body;
  while (body.size() < 600'000)
    body += std::string(998, 'x') + "\r\n";
  {
    Talk talk = Enveloped();
    talk.Ask("DATA");
    talk.Send(MessageOf(body));
  }
  while (executor_.Run([] {}), session_ != nullptr)
    absl::SleepFor(absl::Milliseconds(1));
  EXPECT_FALSE(intake_.chunk_bytes.empty());
  EXPECT_EQ(intake_.chunks_left(), 0u);
  EXPECT_EQ(intake_.count(), 0u);
}

TEST_F(ContentTest, TheReceiptComesBefore250) {
  intake_.hold = true;
  Talk talk = Enveloped();
  talk.Ask("DATA");
  talk.Send(MessageOf("x\r\n") + ".\r\n");
  while (intake_.count() == 0)
    absl::SleepFor(absl::Milliseconds(1));
  absl::SleepFor(absl::Milliseconds(20));
  EXPECT_EQ(talk.unread(), "");
  executor_.Run([this] { intake_.held.at(0)(); });
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0"));
}

TEST_F(ContentTest, TheIntakesRefusalIsTheAnswer) {
  Talk talk = Enveloped();
  intake_.accept_answer = absl::ResourceExhaustedError("full");
  EXPECT_THAT(Data(talk, MessageOf("x\r\n") + ".\r\n"), StartsWith("452 4.3.1"));
  intake_.accept_answer = absl::UnavailableError("stopping");
  talk.Ask("MAIL FROM:<a@example.test>");
  talk.Ask("RCPT TO:<b@example.net>");
  EXPECT_THAT(Data(talk, MessageOf("x\r\n") + ".\r\n"), StartsWith("421 4.3.2"));
  EXPECT_EQ(talk.Reply(), "closed");
}

TEST_F(ContentTest, ChunksMakeAMessage) {
  Talk talk = Enveloped();
  const std::string whole = MessageOf("one\r\n.two\r\n");
  EXPECT_THAT(Bdat(talk, whole.substr(0, 60), false), StartsWith("250 2.0.0 60 octets"));
  EXPECT_THAT(Bdat(talk, "", false), StartsWith("250 2.0.0 0 octets"));
  EXPECT_THAT(Bdat(talk, whole.substr(60), false), StartsWith("250"));
  EXPECT_THAT(Bdat(talk, "", true), StartsWith("250 2.6.0"));
  EXPECT_EQ(Content(), whole);
}

TEST_F(ContentTest, CrAndLfMayComeInTwoChunks) {
  Talk talk = Enveloped();
  EXPECT_THAT(Bdat(talk, MessageOf("one\r"), false), StartsWith("250"));
  EXPECT_THAT(Bdat(talk, "\n", true), StartsWith("250 2.6.0"));
  EXPECT_EQ(Content(), MessageOf("one\r\n"));
}

TEST_F(ContentTest, PipelinedChunksAreAnsweredTogether) {
  Talk talk = Greeted();
  const std::string whole = MessageOf("x\r\n");
  const int before = talk.reads();
  talk.Send(base::Cat("MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.net>\r\nBDAT ",
                      whole.size(), " LAST\r\n", whole, "NOOP\r\n"));
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.1.0"));
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.1.5"));
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.6.0"));
  EXPECT_THAT(talk.Reply(), StartsWith("250 2.0.0"));
  EXPECT_EQ(talk.reads() - before, 1);
}

TEST_F(ContentTest, DataAndBdatDoNotMix) {
  Talk talk = Enveloped();
  EXPECT_THAT(Bdat(talk, MessageOf("x\r\n"), false), StartsWith("250"));
  EXPECT_THAT(talk.Ask("DATA"), StartsWith("503 5.5.1"));
  EXPECT_THAT(talk.Ask("RCPT TO:<c@example.net>"), StartsWith("503 5.5.1"));
  EXPECT_THAT(talk.Ask("MAIL FROM:<c@example.net>"), StartsWith("503 5.5.1"));
  EXPECT_THAT(Bdat(talk, "", true), StartsWith("250 2.6.0"));
}

TEST_F(ContentTest, AChunkWithoutATransactionIsNeverReadAsCommands) {
  Talk talk = Greeted();
  EXPECT_THAT(Bdat(talk, "QUIT\r\nQUIT\r\n", false), StartsWith("503 5.5.1"));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
}

TEST_F(ContentTest, AChunkThatNobodyWantsKeepsNoSession) {
  Talk talk = Greeted();
  talk.Send("BDAT 1000000\r\na");
  clock_.Advance(rules_.session_timeout);
  talk.Send("b");
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.4.2"));
}

TEST_F(ContentTest, ChunksBeyondTheSizeAreDrained) {
  rules_.policy.max_receive_size = 1000;
  Talk talk = Enveloped();
  EXPECT_THAT(Bdat(talk, MessageOf(std::string(5000, 'x')), false), StartsWith("552 5.3.4"));
  EXPECT_THAT(Bdat(talk, "more\r\n", true), StartsWith("503 5.5.1"));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
}

TEST_F(ContentTest, WordsBetweenChunksKeepNoSessionForEver) {
  Talk talk = Enveloped();
  EXPECT_THAT(talk.Ask("BDAT 7\r\nhello"), StartsWith("250"));
  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
  EXPECT_THAT(talk.Ask("BDAT 7\r\nhello"), StartsWith("250")) << "content goes on";
  clock_.Advance(absl::Minutes(4));
  EXPECT_THAT(talk.Ask("NOOP"), StartsWith("250"));
  clock_.Advance(absl::Minutes(2));
  talk.Send("NOOP\r\n");
  EXPECT_THAT(talk.Reply(), StartsWith("250"));
  EXPECT_THAT(talk.Reply(), StartsWith("421 4.4.2"));
}

TEST_F(ContentTest, AChunkOfUnknownSizeEndsTheSession) {
  for (const char* line :
       {"BDAT", "BDAT x", "BDAT -1", "BDAT 99999999999999999999", "BDAT 5 FIRST"}) {
    Talk talk = Enveloped();
    EXPECT_THAT(talk.Ask(line), StartsWith("501 5.5.4")) << line;
    EXPECT_EQ(talk.Reply(), "closed") << line;
  }
  Talk talk = Enveloped();
  EXPECT_THAT(talk.Ask("BDAT 9999999999999 LAST"), StartsWith("552 5.3.4"));
  EXPECT_EQ(talk.Reply(), "closed");
}

}  // namespace
}  // namespace postern::accept::testing
