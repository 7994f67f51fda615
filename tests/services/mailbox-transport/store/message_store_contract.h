// tests/services/mailbox-transport/store/message_store_contract.h
//
// What every MessageStore must do: the tests that each engine runs.
//
// Flow      An engine gives an EngineUnderTest and
//           INSTANTIATE_TEST_SUITE_P(Name, MessageStoreContract, ::testing::Values(MakeEngine)).

#pragma once

#include <future>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/store/verbs.h"

namespace postern::store {

class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;
  virtual model::MessageStore& store() = 0;
  virtual void Restart() = 0;  // orderly
  virtual void Kill() = 0;     // as by SIGKILL, and started again
};

using MakeEngine = std::unique_ptr<EngineUnderTest> (*)();

class MessageStoreContract : public ::testing::TestWithParam<MakeEngine> {
 protected:
  model::MessageStore& store() { return engine_->store(); }

  model::MessagePtr New(std::string body, int recipients = 1) {
    return MessageWith(store().NextId(), std::move(body), recipients);
  }

  model::MessagePtr Kept(std::string body, int recipients = 1) {
    auto message = New(std::move(body), recipients);
    EXPECT_TRUE(Put(store(), message).ok());
    return message;
  }

  model::MessagePtr Keyed(std::string key) {
    auto message = New("keyed");
    message->identity = "app";
    message->idempotency_key = std::move(key);
    message->content_hash = "hash";
    return message;
  }

  std::unique_ptr<EngineUnderTest> engine_ = GetParam()();
};

TEST_P(MessageStoreContract, MessageIsThereAfterARestart) {
  const auto message = Kept("the body");
  engine_->Restart();
  EXPECT_EQ(BodyOf(store(), message->id), "the body");
  EXPECT_EQ(store().Load(message->id)->envelope, message->envelope);
}

TEST_P(MessageStoreContract, MessageIsThereAfterAKill) {
  const auto message = Kept("the body");
  engine_->Kill();
  EXPECT_EQ(BodyOf(store(), message->id), "the body");
}

TEST_P(MessageStoreContract, MessagesAreWalkedBothWaysFromAnyId) {
  const base::MessageId first = Kept("a")->id;
  const base::MessageId second = Kept("b")->id;
  const base::MessageId third = Kept("c")->id;
  const auto walked = [this](base::MessageId from, bool backward, std::size_t most) {
    std::vector<base::MessageId> ids;
    const auto visit = [&](base::MessageId id, const absl::StatusOr<model::Message>& message) {
      EXPECT_TRUE(message.ok());
      ids.push_back(id);
      return ids.size() < most;
    };
    EXPECT_TRUE(store().Walk(from, backward, visit).ok());
    return ids;
  };
  EXPECT_THAT(walked({0}, false, 9), ::testing::ElementsAre(first, second, third));
  EXPECT_THAT(walked(second, false, 9), ::testing::ElementsAre(second, third));
  EXPECT_THAT(walked({first.value + 1}, false, 1), ::testing::ElementsAre(second));
  EXPECT_THAT(walked({UINT64_MAX}, true, 2), ::testing::ElementsAre(third, second));
  EXPECT_THAT(walked(second, true, 9), ::testing::ElementsAre(second, first));
}

TEST_P(MessageStoreContract, LargeBodyArrivesInChunks) {
  const auto message = New("");
  message->body = nullptr;
  message->chunks = 2;
  EXPECT_TRUE(PutChunk(store(), message->id, 0, std::string(model::kChunkBytes, 'a')).ok());
  EXPECT_TRUE(PutChunk(store(), message->id, 1, "end").ok());
  EXPECT_TRUE(Put(store(), message).ok());
  engine_->Kill();
  EXPECT_EQ(BodyOf(store(), message->id), std::string(model::kChunkBytes, 'a') + "end");
}

TEST_P(MessageStoreContract, LargeBodyInMemoryIsCutIntoChunks) {
  const std::string body(2 * model::kChunkBytes + 7, 'b');
  const auto message = Kept(body);
  EXPECT_EQ(message->chunks, 3u);
  EXPECT_EQ(BodyOf(store(), message->id), body);
}

TEST_P(MessageStoreContract, ChunkOutOfOrderIsRefusedAndSpoilsTheMessage) {
  const auto message = New("");
  message->body = nullptr;
  message->chunks = 2;
  EXPECT_EQ(PutChunk(store(), message->id, 1, "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Put(store(), message).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Scanned(store()), ::testing::IsEmpty());
}

TEST_P(MessageStoreContract, ChunksWithoutAMessageAreGoneAfterAKill) {
  const base::MessageId id = store().NextId();
  EXPECT_TRUE(PutChunk(store(), id, 0, "orphan").ok());
  engine_->Kill();
  EXPECT_EQ(store().LoadChunk(id, 0).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(MessageStoreContract, DroppedChunksAreGone) {
  const base::MessageId id = store().NextId();
  EXPECT_TRUE(PutChunk(store(), id, 0, "dropped").ok());
  store().DropChunks(id, 1);
  Kept("behind it");
  EXPECT_EQ(store().LoadChunk(id, 0).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(MessageStoreContract, SettledMessageIsGoneWithItsBody) {
  const auto message = Kept("the body");
  EXPECT_TRUE(Settle(store(), Delivered(message)).ok());
  engine_->Kill();
  EXPECT_EQ(store().Load(message->id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store().LoadChunk(message->id, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Scanned(store()), ::testing::IsEmpty());
}

TEST_P(MessageStoreContract, PartlySettledMessageKeepsItsNewState) {
  const auto message = Kept("the body", 2);
  message->recipients[0].phase = model::Phase::kDone;
  message->recipients[1].attempts = 3;
  message->recipients[1].last_error = "451 later \xe9";
  EXPECT_TRUE(Settle(store(), message).ok());
  engine_->Kill();
  const auto loaded = store().Load(message->id);
  EXPECT_EQ(loaded->recipients[0].phase, model::Phase::kDone);
  EXPECT_EQ(loaded->recipients[1].attempts, 3u);
  EXPECT_EQ(loaded->recipients[1].last_error, "451 later \xe9");
  EXPECT_EQ(BodyOf(store(), message->id), "the body");
}

TEST_P(MessageStoreContract, WhatWasSettledIsSeenOnceItIsWritten) {
  const auto message = Kept("moved");
  for (int i = 1; i <= 20; ++i) {
    message->recipients[0].next_hop.domain = std::to_string(i);
    store().Settle({.message = message, .in_hand = false});
    std::promise<absl::Status> written;
    store().WhenWritten([&](absl::Status status) { written.set_value(std::move(status)); });
    EXPECT_TRUE(written.get_future().get().ok());
    EXPECT_EQ(store().Load(message->id)->recipients[0].next_hop.domain, std::to_string(i));
  }
}

TEST_P(MessageStoreContract, NoticeAndRemovalAreOneBatch) {
  const auto message = Kept("undeliverable");
  const auto notice = New("it was returned");
  notice->notice = true;
  EXPECT_TRUE(Settle(store(), Delivered(message), {notice}).ok());
  engine_->Kill();
  EXPECT_THAT(Scanned(store()), ::testing::ElementsAre(::testing::Pair(notice->id, false)));
  EXPECT_EQ(BodyOf(store(), notice->id), "it was returned");
}

TEST_P(MessageStoreContract, ScanIsInTheOrderOfIds) {
  const auto first = Kept("1");
  const auto second = Kept("2");
  std::vector<base::MessageId> ids;
  EXPECT_TRUE(store().Scan([&](model::MessagePtr m, bool) { ids.push_back(m->id); }).ok());
  EXPECT_THAT(ids, ::testing::ElementsAre(first->id, second->id));
}

TEST_P(MessageStoreContract, MarkSurvivesAKillAndIsToldOnce) {
  const auto marked = Kept("in hand");
  const auto other = Kept("waiting");
  store().MarkInHand(marked->id);
  engine_->Kill();
  EXPECT_THAT(Scanned(store()), ::testing::ElementsAre(::testing::Pair(marked->id, true),
                                                       ::testing::Pair(other->id, false)));
  engine_->Kill();
  EXPECT_FALSE(Scanned(store())[marked->id]);
}

TEST_P(MessageStoreContract, MarksOfOneMessageAreCounted) {
  const auto message = Kept("two next hops", 2);
  store().MarkInHand(message->id);
  store().MarkInHand(message->id);
  message->recipients[0].phase = model::Phase::kDone;
  EXPECT_TRUE(Settle(store(), message).ok());
  engine_->Kill();
  EXPECT_TRUE(Scanned(store())[message->id]);
}

TEST_P(MessageStoreContract, SettlementClearsTheMark) {
  const auto message = Kept("tried", 2);
  store().MarkInHand(message->id);
  message->recipients[0].phase = model::Phase::kDone;
  EXPECT_TRUE(Settle(store(), message).ok());
  engine_->Kill();
  EXPECT_FALSE(Scanned(store())[message->id]);
}

TEST_P(MessageStoreContract, SuspendedQueuesAreKnownAcrossAKill) {
  const model::NextHop bobs{model::DeliveryType::kDnsConnectorDelivery, "b.test", "Internet"};
  const auto put = [this](const model::NextHop& hop, bool suspended) {
    std::promise<absl::Status> kept;
    store().PutSuspension(hop, suspended, [&](absl::Status status) { kept.set_value(status); });
    EXPECT_TRUE(kept.get_future().get().ok());
  };
  const auto suspended = [this] {
    std::vector<model::NextHop> hops;
    const auto visit = [&](const model::NextHop& hop) { hops.push_back(hop); };
    EXPECT_TRUE(store().ScanSuspensions(visit).ok());
    return hops;
  };
  put(bobs, true);
  put(model::UnreachableHop(), true);
  put(model::UnreachableHop(), true);
  engine_->Kill();
  EXPECT_THAT(suspended(), ::testing::UnorderedElementsAre(bobs, model::UnreachableHop()));
  put(bobs, false);
  engine_->Kill();
  EXPECT_THAT(suspended(), ::testing::ElementsAre(model::UnreachableHop()));
}

TEST_P(MessageStoreContract, ASuspendedRecipientIsSoAfterAKill) {
  const auto message = Kept("suspended", 2);
  message->recipients[1].suspended = true;
  message->recipients[1].next_hop = model::PoisonHop();
  message->priority = model::Priority::kLow;
  message->crashes = 1;
  EXPECT_TRUE(Settle(store(), message).ok());
  engine_->Kill();
  const auto loaded = store().Load(message->id);
  EXPECT_FALSE(loaded->recipients[0].suspended);
  EXPECT_TRUE(loaded->recipients[1].suspended);
  EXPECT_EQ(loaded->recipients[1].next_hop, model::PoisonHop());
  EXPECT_EQ(loaded->priority, model::Priority::kLow);
  EXPECT_EQ(loaded->crashes, 1u);
}

TEST_P(MessageStoreContract, KeyIsKnownAcrossAKillAndRefusesASecondMessage) {
  const auto message = Keyed("key-1");
  EXPECT_TRUE(Put(store(), message).ok());
  engine_->Kill();
  const auto record = store().FindKey("app", "key-1");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->id, message->id);
  EXPECT_EQ(record->content_hash, "hash");
  EXPECT_EQ(record->internet_message_id, message->internet_message_id);
  EXPECT_EQ(Put(store(), Keyed("key-1")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Scanned(store()).size(), 1u);
}

TEST_P(MessageStoreContract, KeyBelongsToOneIdentity) {
  EXPECT_TRUE(Put(store(), Keyed("key-1")).ok());
  EXPECT_FALSE(store().FindKey("other", "key-1").has_value());
}

TEST_P(MessageStoreContract, ARelayKeyIsKnownAcrossAKillAndOutlivesItsMessage) {
  const auto message = New("relayed");
  message->identity = "app";
  message->idempotency_key = "of the submitter";
  message->relay_key = "of the server";
  EXPECT_TRUE(Put(store(), message).ok());
  EXPECT_FALSE(store().FindKey("app", "of the submitter").has_value());
  engine_->Kill();
  EXPECT_EQ(store().FindKey("", "of the server")->id, message->id);
  const auto loaded = store().Load(message->id);
  EXPECT_EQ(loaded->relay_key, "of the server");
  EXPECT_TRUE(Settle(store(), Delivered(message)).ok());
  engine_->Kill();
  EXPECT_EQ(store().FindKey("", "of the server")->id, message->id);
}

TEST_P(MessageStoreContract, PoliciesOfDomainsAreReplacedAndRemoved) {
  store().PutPolicy("a.example", "first");
  store().PutPolicy("b.example", "other");
  store().PutPolicy("a.example", "second");
  store().PutPolicy("b.example", "");
  engine_->Restart();
  std::vector<std::string> found;
  const auto visit = [&found](std::string_view domain, std::string_view bytes) {
    found.push_back(std::string(domain) + "=" + std::string(bytes));
  };
  EXPECT_TRUE(store().ScanPolicies(visit).ok());
  EXPECT_THAT(found, ::testing::ElementsAre("a.example=second"));
  EXPECT_TRUE(Put(store(), Keyed("key-1")).ok());
  engine_->Restart();
  EXPECT_TRUE(store().FindKey("app", "key-1").has_value());
}

TEST_P(MessageStoreContract, TwoAtOnceWithOneKeyGiveOneMessage) {
  std::promise<absl::Status> first, second;
  store().Put(Keyed("key-1"), [&](absl::Status s) { first.set_value(std::move(s)); });
  store().Put(Keyed("key-1"), [&](absl::Status s) { second.set_value(std::move(s)); });
  EXPECT_TRUE(first.get_future().get().ok());
  EXPECT_EQ(second.get_future().get().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Scanned(store()).size(), 1u);
}

TEST_P(MessageStoreContract, KeyOutlivesItsMessage) {
  const auto message = Keyed("key-1");
  EXPECT_TRUE(Put(store(), message).ok());
  EXPECT_TRUE(Settle(store(), Delivered(message)).ok());
  engine_->Kill();
  EXPECT_TRUE(store().FindKey("app", "key-1").has_value());
}

TEST_P(MessageStoreContract, IdsGoOnAboveAllStoredOnes) {
  const auto message = Kept("the last");
  EXPECT_TRUE(Settle(store(), Delivered(message)).ok());
  engine_->Kill();
  EXPECT_GT(store().NextId(), message->id);
}

TEST_P(MessageStoreContract, UnknownMessageIsNotFound) {
  EXPECT_EQ(store().Load(base::MessageId{5}).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace postern::store
