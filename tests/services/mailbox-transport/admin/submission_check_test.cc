#include "services/mailbox-transport/admin/submission_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using ::testing::HasSubstr;

v1::SubmitRequest First(const std::vector<std::string>& to) {
  v1::SubmitRequest frame;
  v1::Envelope& envelope = *frame.mutable_envelope()->mutable_envelope();
  envelope.set_sender("ann@a.test");
  for (const std::string& address : to)
    envelope.add_recipients()->set_address(address);
  return frame;
}

std::string Refusal(const v1::SubmitRequest& frame, std::uint64_t recipients_max = 5000) {
  const auto envelope = EnvelopeOf(frame, recipients_max);
  return std::string(envelope.status().message());
}

TEST(SubmissionCheck, EnvelopeIsTaken) {
  const auto envelope = EnvelopeOf(First({"bob@b.test", "carl@c.test"}), 5000);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->sender, "ann@a.test");
  EXPECT_EQ(envelope->recipients.size(), 2u);
}

TEST(SubmissionCheck, RequireTlsIsTaken) {
  v1::SubmitRequest first = First({"bob@b.test"});
  EXPECT_FALSE(EnvelopeOf(first, 5000)->require_tls);
  first.mutable_envelope()->mutable_envelope()->set_require_tls(true);
  EXPECT_TRUE(EnvelopeOf(first, 5000)->require_tls);
}

TEST(SubmissionCheck, RepeatedRecipientIsOne) {
  const auto envelope = EnvelopeOf(First({"bob@b.test", "carl@c.test", "bob@b.test"}), 5000);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->recipients.size(), 2u);
  EXPECT_EQ(envelope->recipients[1].address, "carl@c.test");
}

TEST(SubmissionCheck, FirstFrameWithoutEnvelopeNamesTheRule) {
  v1::SubmitRequest content;
  content.set_content("Subject: x\r\n\r\n");
  EXPECT_THAT(Refusal(content), HasSubstr("the first message of the stream must be the envelope"));
  EXPECT_THAT(Refusal(v1::SubmitRequest()), HasSubstr("must be the envelope"));
}

TEST(SubmissionCheck, WrongEnvelopesNameFieldAndRule) {
  EXPECT_THAT(Refusal(First({})), HasSubstr("envelope: recipients: must be 1 to 10000"));
  EXPECT_THAT(Refusal(First({"bob"})), HasSubstr("recipients.address"));
  EXPECT_THAT(Refusal(First({"postmaster"})), HasSubstr("the address needs a domain"));
  EXPECT_THAT(Refusal(First({"a@b.test\r\nRCPT TO:<c@d.test>"})), HasSubstr("envelope"));
  EXPECT_THAT(Refusal(First({"a@b.test", "c@d.test"}), 1), HasSubstr("2: at most 1"));
}

TEST(SubmissionCheck, KeyIsShortPrintableAscii) {
  EXPECT_TRUE(CheckIdempotencyKey("").ok());
  EXPECT_TRUE(CheckIdempotencyKey("order 17/a~").ok());
  EXPECT_TRUE(CheckIdempotencyKey(std::string(128, 'k')).ok());
  EXPECT_FALSE(CheckIdempotencyKey(std::string(129, 'k')).ok());
  EXPECT_FALSE(CheckIdempotencyKey("a\nb").ok());
  EXPECT_FALSE(CheckIdempotencyKey("schl\xC3\xBCssel").ok());
}

TEST(SubmissionCheck, ContentFrameIsAtMost256KiB) {
  v1::SubmitRequest frame;
  EXPECT_THAT(std::string(CheckContent(frame).message()), HasSubstr("carries content"));
  frame.set_content(std::string(kContentBytesMax, 'x'));
  EXPECT_TRUE(CheckContent(frame).ok());
  frame.set_content(std::string(kContentBytesMax + 1, 'x'));
  EXPECT_THAT(std::string(CheckContent(frame).message()), HasSubstr("at most 262144"));
  EXPECT_FALSE(CheckContent(First({"bob@b.test"})).ok());
}

TEST(SubmissionCheck, AddressOfPeerIsTheBareAddress) {
  EXPECT_EQ(AddressOfPeer("ipv4:192.0.2.1:5000"), "192.0.2.1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B2001:db8::1%5D:5000"), "2001:db8::1");
  EXPECT_EQ(AddressOfPeer("ipv6:[::1]:5000"), "::1");
  EXPECT_EQ(AddressOfPeer("unix:/run/x"), "");
}

}  // namespace
}  // namespace postern::admin
