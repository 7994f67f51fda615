#include "services/mailbox-transport/store/key_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KeyTableTest : public ::testing::Test {
 protected:
  absl::Status Reserve(const std::string& name, std::uint64_t id) {
    return table_.Reserve(name, {base::MessageId{id}, "hash", "<id>"}, now_);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  KeyTable table_{absl::Hours(24), 2};
};

TEST_F(KeyTableTest, ReservedKeyIsTakenButNotFoundUntilConfirmed) {
  EXPECT_TRUE(Reserve("k", 1).ok());
  EXPECT_EQ(Reserve("k", 2).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(table_.Find("k", now_).has_value());
  table_.Confirm("k");
  EXPECT_EQ(table_.Find("k", now_)->id, base::MessageId{1});
}

TEST_F(KeyTableTest, ReleasedKeyIsFreeAgain) {
  EXPECT_TRUE(Reserve("k", 1).ok());
  table_.Release("k");
  EXPECT_TRUE(Reserve("k", 2).ok());
}

TEST_F(KeyTableTest, TooManyKeysAreRefused) {
  EXPECT_TRUE(Reserve("a", 1).ok());
  EXPECT_TRUE(Reserve("b", 2).ok());
  EXPECT_EQ(Reserve("c", 3).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(KeyTableTest, OneOwnerLeavesAQuarterToTheOthers) {
  using std::string_literals::operator""s;
  KeyTable table(absl::Hours(24), 8);
  const auto reserve = [&](const std::string& name) {
    return table.Reserve(name, {base::MessageId{1}, "", ""}, now_);
  };
  table.Restore("k/greedy\0\0"s, {{base::MessageId{1}, "", ""}, now_}, now_);
  for (char key = '1'; key < '6'; ++key)
    EXPECT_TRUE(reserve("k/greedy\0"s + key).ok());
  EXPECT_THAT(reserve("k/greedy\0x"s).message(), HasSubstr("6 of 8"));
  EXPECT_TRUE(reserve("k/greedy2\0x"s).ok());
  table.Release(
      "k/greedy\0"
      "1"s);
  EXPECT_TRUE(reserve("k/greedy\0x"s).ok());
  EXPECT_FALSE(reserve("k/greedy\0y"s).ok());
  EXPECT_EQ(table.TakeExpired(now_ + absl::Hours(24), 10).size(), 1u);
  EXPECT_TRUE(reserve("k/greedy\0y"s).ok());
}

TEST_F(KeyTableTest, ThoseWhoseTimeIsOverMakeRoom) {
  EXPECT_TRUE(Reserve("a", 1).ok());
  EXPECT_TRUE(Reserve("b", 2).ok());
  EXPECT_TRUE(table_.Settle("a", base::MessageId{1}, now_).has_value());
  EXPECT_FALSE(Reserve("c", 3).ok());
  now_ += absl::Hours(24);
  EXPECT_TRUE(Reserve("c", 3).ok());
  EXPECT_THAT(table_.TakeExpired(now_, 10), ElementsAre("a")) << "it is still on disk";
  table_.Restore("d", {{base::MessageId{4}, "", ""}, now_ - absl::Hours(24)}, now_);
  EXPECT_EQ(table_.size(), 2u);
  EXPECT_THAT(table_.TakeExpired(now_, 10), ElementsAre("d"));
}

TEST_F(KeyTableTest, OrTheOldestSettledOneMakesRoom) {
  KeyTable table(absl::Hours(24), 2, KeyTable::WhenFull::kForgetOldest);
  const auto reserve = [&](const std::string& name, std::uint64_t id) {
    return table.Reserve(name, {base::MessageId{id}, "", ""}, now_);
  };
  EXPECT_TRUE(reserve("a", 1).ok());
  EXPECT_TRUE(reserve("b", 2).ok());
  EXPECT_EQ(reserve("c", 3).code(), absl::StatusCode::kResourceExhausted) << "none is settled";
  EXPECT_TRUE(table.Settle("b", base::MessageId{2}, now_).has_value());
  EXPECT_TRUE(table.Settle("a", base::MessageId{1}, now_).has_value());
  EXPECT_TRUE(reserve("c", 3).ok());
  EXPECT_EQ(table.size(), 2u);
  EXPECT_THAT(table.TakeExpired(now_, 10), ElementsAre("b")) << "to be removed from disk too";
  EXPECT_TRUE(reserve("d", 4).ok());
  EXPECT_TRUE(table.Settle("c", base::MessageId{3}, now_).has_value());
  EXPECT_TRUE(reserve("a", 5).ok()) << "in the place of c";
  EXPECT_THAT(table.TakeExpired(now_, 10), ElementsAre("c")) << "a is in use again";
}

TEST_F(KeyTableTest, KeyExpiresAfterItsSettlementOnly) {
  EXPECT_TRUE(Reserve("k", 1).ok());
  table_.Confirm("k");
  EXPECT_TRUE(table_.Find("k", now_ + absl::Hours(1000)).has_value());
  EXPECT_TRUE(table_.Settle("k", base::MessageId{1}, now_).has_value());
  EXPECT_TRUE(table_.Find("k", now_ + absl::Hours(23)).has_value());
  EXPECT_THAT(table_.TakeExpired(now_ + absl::Hours(23), 10), IsEmpty());
  EXPECT_FALSE(table_.Find("k", now_ + absl::Hours(24)).has_value());
  EXPECT_THAT(table_.TakeExpired(now_ + absl::Hours(24), 10), ElementsAre("k"));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(KeyTableTest, SettlementOfAnotherMessageDoesNotTouchTheKey) {
  EXPECT_TRUE(Reserve("k", 1).ok());
  EXPECT_FALSE(table_.Settle("k", base::MessageId{2}, now_).has_value());
}

TEST_F(KeyTableTest, KeyUsedAgainAfterItsTimeLivesOn) {
  EXPECT_TRUE(Reserve("k", 1).ok());
  EXPECT_TRUE(table_.Settle("k", base::MessageId{1}, now_).has_value());
  now_ += absl::Hours(25);
  EXPECT_TRUE(Reserve("k", 2).ok());
  EXPECT_THAT(table_.TakeExpired(now_, 10), IsEmpty());
}

TEST_F(KeyTableTest, StateComesBack) {
  const KeyState state{{base::MessageId{7}, "hash\xff", "<id>"}, now_};
  const auto decoded = DecodeKey(EncodeKey(state));
  EXPECT_EQ(decoded->record.id, base::MessageId{7});
  EXPECT_EQ(decoded->record.content_hash, "hash\xff");
  EXPECT_EQ(decoded->settled, now_);
  EXPECT_FALSE(DecodeKey("\xff\xff").ok());
}

}  // namespace
}  // namespace postern::store
