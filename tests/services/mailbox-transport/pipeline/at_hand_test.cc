#include "services/mailbox-transport/pipeline/at_hand.h"

#include "gtest/gtest.h"

namespace postern::pipeline {
namespace {

model::MessagePtr MessageWith(std::uint64_t id, std::size_t recipients) {
  auto message = std::make_shared<model::Message>();
  message->id = {id};
  message->envelope.recipients.resize(recipients);
  return message;
}

TEST(AtHandTest, TheFirstObjectOfAMessageIsTheOne) {
  AtHand at_hand;
  const auto first = at_hand.Note(MessageWith(7, 2));
  EXPECT_EQ(at_hand.Note(MessageWith(7, 2)), first);
  EXPECT_EQ(at_hand.Find({7}), first);
}

TEST(AtHandTest, HoldsNoMessageAlive) {
  AtHand at_hand;
  at_hand.Note(MessageWith(7, 2));
  EXPECT_EQ(at_hand.Find({7}), nullptr);
}

TEST(AtHandTest, MessagesWithOneRecipientAreNotNoted) {
  AtHand at_hand;
  const auto message = at_hand.Note(MessageWith(7, 1));
  EXPECT_EQ(at_hand.Find({7}), nullptr);
}

TEST(AtHandTest, LoadThatReadAnOlderStateGetsWhatWasSettledMeanwhile) {
  AtHand at_hand;
  EXPECT_EQ(at_hand.FindOrLoad({7}), nullptr);
  EXPECT_EQ(at_hand.FindOrLoad({7}), nullptr);
  auto first = at_hand.Loaded(MessageWith(7, 2));
  const model::Message* const settled = first.get();
  first = nullptr;  // delivered, settled and let go of
  EXPECT_EQ(at_hand.Loaded(MessageWith(7, 2)).get(), settled);
  EXPECT_EQ(at_hand.Find({7}), nullptr) << "and then nobody holds it";
}

TEST(AtHandTest, LoadThatFailsLeavesNothing) {
  AtHand at_hand;
  EXPECT_EQ(at_hand.FindOrLoad({7}), nullptr);
  at_hand.NotLoaded({7});
  const auto message = at_hand.Note(MessageWith(7, 2));
  EXPECT_EQ(at_hand.FindOrLoad({7}), message);
}

TEST(AtHandTest, ManyMessagesAreSweptAndThoseInUseStay) {
  AtHand at_hand;
  const auto kept = at_hand.Note(MessageWith(1, 2));
  for (std::uint64_t id = 2; id < 5000; ++id)
    at_hand.Note(MessageWith(id, 2));
  EXPECT_EQ(at_hand.Find({1}), kept);
}

TEST(AtHandTest, AMessageThatIsNotWrittenYetIsNotLoaded) {
  AtHand at_hand;
  auto message = MessageWith(7, 1);
  at_hand.NoteUnwritten(message);
  EXPECT_EQ(at_hand.FindOrLoad({7}), message);
  message = nullptr;  // the store has it, and nobody works on it
  EXPECT_EQ(at_hand.FindOrLoad({7}), nullptr);
  at_hand.NotLoaded({7});
}

}  // namespace
}  // namespace postern::pipeline
