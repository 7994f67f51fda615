#include "common/smtp/portion.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;

std::vector<std::size_t> Portion(std::vector<std::size_t> pending,
                                 std::size_t recipients_max,
                                 std::size_t domains_max) {
  mail::Envelope envelope;
  for (const char* address : {"a@x.test", "b@y.test", "c@X.test", "d@z.test", "e@y.test"}) {
    mail::Recipient recipient;
    recipient.address = address;
    envelope.recipients.push_back(recipient);
  }
  std::vector<std::size_t> chosen = {99};
  PortionOf(envelope, pending, recipients_max, domains_max, chosen);
  return chosen;
}

TEST(PortionTest, TheFirstOnesGoInTheirOrder) {
  EXPECT_THAT(Portion({0, 1, 2, 3, 4}, 3, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(Portion({3, 4}, 3, 0), ElementsAre(3, 4));
  EXPECT_THAT(Portion({}, 3, 0), ElementsAre());
}

TEST(PortionTest, RecipientsOfOtherDomainsWaitWhenThereAreEnough) {
  EXPECT_THAT(Portion({0, 1, 2, 3, 4}, 9, 1), ElementsAre(0, 2));
  EXPECT_THAT(Portion({1, 3, 4}, 9, 1), ElementsAre(1, 4));
  EXPECT_THAT(Portion({0, 1, 2, 3, 4}, 9, 2), ElementsAre(0, 1, 2, 4));
  EXPECT_THAT(Portion({0, 1, 2, 3, 4}, 3, 2), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace postern::smtp
