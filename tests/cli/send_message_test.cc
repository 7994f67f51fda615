#include "cli/send_message.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

SendMessageOptions FromAnnToBob() {
  SendMessageOptions options;
  options.file = "-";
  options.from = "ann@a.test";
  options.to = {"bob@b.test"};
  return options;
}

TEST(SendMessage, EnvelopeIsWhatWasSaid) {
  SendMessageOptions options = FromAnnToBob();
  options.to.push_back("<carl@c.test>");
  options.notify = "Failure,delay";
  options.ret = "hdrs";
  options.body = "8BITMIME";
  options.envid = "order-17";
  options.require_tls = true;
  options.idempotency_key = "key";
  const auto out = EnvelopeFrom(options);
  ASSERT_TRUE(out.ok()) << out.status();
  const v1::Envelope& envelope = out->envelope();
  EXPECT_EQ(envelope.sender(), "ann@a.test");
  ASSERT_EQ(envelope.recipients_size(), 2);
  EXPECT_EQ(envelope.recipients(1).address(), "carl@c.test");
  EXPECT_EQ(envelope.recipients(0).notify(), unsigned{v1::NOTIFY_FAILURE | v1::NOTIFY_DELAY});
  EXPECT_EQ(envelope.ret(), v1::RET_HDRS);
  EXPECT_EQ(envelope.body(), v1::BODY_8BITMIME);
  EXPECT_EQ(envelope.envid(), "order-17");
  EXPECT_TRUE(envelope.require_tls());
  EXPECT_FALSE(EnvelopeFrom(FromAnnToBob())->envelope().require_tls());
  EXPECT_EQ(out->idempotency_key(), "key");
  EXPECT_FALSE(envelope.smtputf8());
}

TEST(SendMessage, NullSenderAndUtf8AddressesAreKnown) {
  SendMessageOptions options = FromAnnToBob();
  options.from = "<>";
  options.to = {"j\xC3\xB6rg@b.test"};
  const auto out = EnvelopeFrom(options);
  EXPECT_EQ(out->envelope().sender(), "");
  EXPECT_TRUE(out->envelope().smtputf8());
}

TEST(SendMessage, WrongOptionsNameTheRule) {
  const auto fault = [](auto change) {
    SendMessageOptions options = FromAnnToBob();
    change(options);
    return std::string(EnvelopeFrom(options).status().message());
  };
  EXPECT_THAT(fault([](auto& o) { o.to.clear(); }), HasSubstr("--to"));
  EXPECT_THAT(fault([](auto& o) { o.notify = "sometimes"; }), HasSubstr("--notify sometimes"));
  EXPECT_THAT(fault([](auto& o) { o.notify = "never,delay"; }), HasSubstr("never stands alone"));
  EXPECT_THAT(fault([](auto& o) { o.ret = "all"; }), HasSubstr("--ret all"));
  EXPECT_THAT(fault([](auto& o) { o.body = "9bit"; }), HasSubstr("--body 9bit"));
}

class SendMessageTest : public ::testing::Test {
 protected:
  absl::Status Send(const SendMessageOptions& options) {
    ConnectionOptions to;
    to.address = service_.address();
    to.insecure_plaintext = true;
    auto connection = Connection::Open(to);
    Shell shell = shell_.shell();
    return SendMessage(options, *connection, shell);
  }

  FakeService service_;
  StringShell shell_;
};

TEST_F(SendMessageTest, ReceiptIsPrinted) {
  shell_.in.str("Subject: x\r\n\r\nhello\r\n");
  service_.receipt.set_message_id("4711");
  service_.receipt.set_internet_message_id("<x@mbx-0>");
  service_.receipt.set_server("mbx-0");
  ASSERT_TRUE(Send(FromAnnToBob()).ok());
  EXPECT_EQ(service_.content, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(shell_.out.str(),
            "MessageId         : 4711\n"
            "InternetMessageId : <x@mbx-0>\n"
            "Server            : mbx-0\n"
            "Repeated          : False\n");
  EXPECT_EQ(shell_.err.str(), "");
}

TEST_F(SendMessageTest, LineEndsAreConvertedAndThatIsSaid) {
  shell_.in.str("Subject: x\n\nhello\n");
  ASSERT_TRUE(Send(FromAnnToBob()).ok());
  EXPECT_EQ(service_.content, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_THAT(shell_.err.str(), HasSubstr("3 line ends were LF"));
}

TEST_F(SendMessageTest, LargeFileTravelsInFramesThatTheServiceTakes) {
  const std::string file = base::Cat(::testing::TempDir(), "/large-", getpid(), ".eml");
  std::ofstream(file) << "Subject: x\n\n" << std::string(1'000'000, '\n');
  SendMessageOptions options = FromAnnToBob();
  options.file = file;
  const absl::Status sent = Send(options);
  std::filesystem::remove(file);
  ASSERT_TRUE(sent.ok()) << sent;
  EXPECT_EQ(service_.content.size(), 12 + 2 + 2'000'000u);
  EXPECT_LE(service_.frame_bytes_max, 256u * 1024);
}

TEST_F(SendMessageTest, FileThatIsNotThereIsNamed) {
  SendMessageOptions options = FromAnnToBob();
  options.file = "/nowhere/mail.eml";
  EXPECT_THAT(std::string(Send(options).message()), HasSubstr("/nowhere/mail.eml"));
  options.file = "/";
  EXPECT_FALSE(Send(options).ok());
}

TEST_F(SendMessageTest, ProgressOfALargeFileIsShownOnATerminal) {
  std::istringstream in(std::string(2 << 20, 'x'));
  Shell shell = shell_.shell();
  Content content(in, 2 << 20, true, shell);
  while (!content.Next()->empty()) {
  }
  content.End();
  EXPECT_THAT(shell_.err.str(), HasSubstr("\rsending 50% of 2 MB"));
  EXPECT_THAT(shell_.err.str(), HasSubstr("\rsending 100% of 2 MB\n"));
}

}  // namespace
}  // namespace postern::cli
