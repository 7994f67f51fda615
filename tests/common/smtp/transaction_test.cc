#include "common/smtp/transaction.h"

#include "gtest/gtest.h"

namespace postern::smtp {
namespace {

mail::Reply CodeOnly(int code) {
  mail::Reply reply;
  reply.code = code;
  return reply;
}

// A transaction whose content went out, to two recipients.
Transaction EndedWith(int mail, int first, int second) {
  Transaction transaction;
  transaction.body_ended = true;
  transaction.recipients.resize(2);
  if (mail != 0) transaction.mail = CodeOnly(mail);
  if (first != 0) transaction.recipients[0] = CodeOnly(first);
  if (second != 0) transaction.recipients[1] = CodeOnly(second);
  return transaction;
}

TEST(TransactionTest, ContentWithoutAnAnswerIsAmbiguousIfSomebodyMayHaveIt) {
  EXPECT_TRUE(EndedWith(250, 250, 550).ambiguous());
  EXPECT_TRUE(EndedWith(250, 550, 0).ambiguous());
  EXPECT_TRUE(EndedWith(0, 0, 0).ambiguous());
  EXPECT_FALSE(EndedWith(250, 550, 450).ambiguous());
  EXPECT_FALSE(EndedWith(451, 0, 0).ambiguous());

  Transaction answered = EndedWith(250, 250, 250);
  answered.body = CodeOnly(451);
  EXPECT_FALSE(answered.ambiguous());
  Transaction open = EndedWith(250, 250, 250);
  open.body_ended = false;
  EXPECT_FALSE(open.ambiguous());
}

TEST(TransactionTest, AcceptedAreThoseWithAPositiveAnswer) {
  EXPECT_EQ(EndedWith(250, 250, 251).accepted(), 2u);
  EXPECT_EQ(EndedWith(250, 450, 0).accepted(), 0u);
}

}  // namespace
}  // namespace postern::smtp
