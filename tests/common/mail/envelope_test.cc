#include "common/mail/envelope.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::mail {
namespace {

Envelope GoodEnvelope() {
  return {.sender = "a@example.test", .recipients = {{.address = "b@example.test"}}};
}

std::string Complaint(const Envelope& envelope) {
  const absl::Status status = CheckEnvelope(envelope);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status));
  return std::string(base::MessageOf(status));
}

TEST(CheckEnvelopeTest, GoodEnvelopesPass) {
  Envelope envelope = GoodEnvelope();
  EXPECT_EQ(Complaint(envelope), "");
  envelope.sender = "";
  envelope.recipients.push_back({.address = "POSTMASTER"});
  envelope.recipients.push_back({.address = "c@d", .notify = 14, .orcpt = "rfc822;c@d"});
  envelope.envid = "x+2B";
  EXPECT_EQ(Complaint(envelope), "");
}

TEST(CheckEnvelopeTest, ComplaintNamesFieldValueAndRule) {
  Envelope envelope = GoodEnvelope();
  envelope.recipients.push_back({.address = "<c@d>"});
  EXPECT_EQ(Complaint(envelope),
            "recipients[1]: address: address \"<c@d>\" must have a local part of atoms joined by "
            "single dots, or quote it");
  envelope = GoodEnvelope();
  envelope.recipients[0].notify = 3;
  EXPECT_EQ(Complaint(envelope),
            "recipients[0]: notify: 3 must be NEVER (1) alone, or bits of SUCCESS (2), FAILURE (4) "
            "and DELAY (8)");
}

TEST(CheckEnvelopeTest, EachWrongFieldIsRefused) {
  const auto refused = [](auto change) {
    Envelope envelope = GoodEnvelope();
    change(envelope);
    return !CheckEnvelope(envelope).ok();
  };
  EXPECT_TRUE(refused([](Envelope& e) { e.recipients.clear(); }));
  EXPECT_TRUE(refused([](Envelope& e) { e.sender = "nobody"; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.sender = "a@b\r\nRCPT TO:<c@d>"; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.recipients[0].address = ""; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.recipients[0].notify = 16; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.recipients[0].orcpt = "rfc822;a b"; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.recipients[0].orcpt = std::string(501, 'a'); }));
  EXPECT_TRUE(refused([](Envelope& e) { e.envid = "a b"; }));
  EXPECT_TRUE(refused([](Envelope& e) { e.envid = std::string(101, 'a'); }));
  EXPECT_TRUE(refused([](Envelope& e) { e.ret = static_cast<Ret>(3); }));
  EXPECT_TRUE(refused([](Envelope& e) { e.body = static_cast<BodyType>(2); }));
}

TEST(CheckEnvelopeTest, NonAsciiAddressNeedsSmtputf8) {
  Envelope envelope = GoodEnvelope();
  envelope.recipients[0].address = "caf\xc3\xa9@example.test";
  EXPECT_NE(Complaint(envelope).find("need SMTPUTF8"), std::string::npos);
  envelope.smtputf8 = true;
  EXPECT_EQ(Complaint(envelope), "");
}

}  // namespace
}  // namespace postern::mail
