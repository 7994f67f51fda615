#include "services/mailbox-transport/admin/message_page.h"

#include "gmock/gmock.h"

#include "common/base/text.h"
#include "tests/services/mailbox-transport/admin/walk_fixture.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Six messages a to f in one queue; the sizes go 1, 0, 1, 0, 1, 0.
class MessagePageTest : public WalkFixture {
 protected:
  MessagePageTest() {
    for (const char* subject : {"a", "b", "c", "d", "e", "f"})
      ids_.push_back(Keep(subject, {"b.test"}, ids_.size() % 2 == 0 ? 1 : 0));
  }

  RowPlace PlaceAt(std::size_t i) const { return {ids_[i].value, QueueRank("1")}; }

  template <typename Take>
  void WalkAll(bool down, Take take) {
    MessageWalk::Terms terms;
    terms.backward = down;
    const MessageWalk walk(store_, "ours", terms);
    RowPlace at = EdgePlace(down);
    EXPECT_TRUE(walk.Next(state_, absl::Now(), at, take).ok());
  }

  std::vector<std::string> Shown() const {
    std::vector<std::string> subjects;
    for (const v1::MessageInfo& message : response_.messages())
      subjects.push_back(message.subject());
    return subjects;
  }

  std::vector<std::string> InOrder(const PageQuery& query,
                                   bool down = false,
                                   std::optional<RowPlace> bookmark = std::nullopt) {
    response_.Clear();
    v1::Cursor cursor;
    OrderedPage page(query, down, bookmark, false);
    WalkAll(down, [&](const MessageWalk::Row& row) { return page.Take(row, cursor, response_); });
    page.Finish(cursor, response_);
    return Shown();
  }

  std::vector<std::string> Sorted(const PageQuery& query,
                                  std::string_view by,
                                  std::optional<std::size_t> bookmark = std::nullopt) {
    response_.Clear();
    const SortOrder order = *SortOrder::Parse(by, MessageFields(), "message");
    std::optional<SortedPage::Bookmark> mark;
    if (bookmark) {
      WalkAll(false, [&](const MessageWalk::Row& row) {
        if (row.place == PlaceAt(*bookmark)) {
          mark = {order.KeyOf([&](std::size_t f) { return MessageField(f, row.fields); }),
                  row.place};
        }
        return true;
      });
    }
    SortedPage page(query, order, mark, results_max_);
    WalkAll(false, [&](const MessageWalk::Row& row) {
      page.Take(row);
      return true;
    });
    const auto read = [this](const RowPlace& place) -> std::optional<v1::MessageInfo> {
      v1::MessageInfo info;
      info.set_subject(store_.Load(base::MessageId{place.message})->subject);
      if (info.subject() == gone_) return std::nullopt;
      return info;
    };
    EXPECT_TRUE(page.Finish(read, response_).ok());
    return Shown();
  }

  std::vector<base::MessageId> ids_;
  v1::GetMessageResponse response_;
  std::string gone_;
  std::size_t results_max_ = kResultsMax;
};

TEST_F(MessagePageTest, PageEndsAtItsSize) {
  EXPECT_THAT(InOrder({.most = 2}), ElementsAre("a", "b"));
  EXPECT_TRUE(response_.truncated());
  EXPECT_FALSE(response_.has_page_info());
  EXPECT_THAT(InOrder({.most = 6}), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(response_.truncated());
}

TEST_F(MessagePageTest, SkippedRowsAreNotShown) {
  EXPECT_THAT(InOrder({.most = 2, .skip = 3, .counts = true}), ElementsAre("d", "e"));
  EXPECT_EQ(response_.page_info().first(), 4u);
  EXPECT_EQ(response_.page_info().total(), 6u);
  EXPECT_TRUE(response_.truncated());
}

TEST_F(MessagePageTest, CountingGoesOnBehindThePage) {
  EXPECT_THAT(InOrder({.most = 6, .counts = true}), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(response_.page_info().total(), 6u);
  EXPECT_FALSE(response_.truncated());
  EXPECT_THAT(InOrder({.most = 1, .with_bookmark = false, .counts = true}, false, PlaceAt(1)),
              ElementsAre("c"));
  EXPECT_EQ(response_.page_info().first(), 3u);
  EXPECT_THAT(InOrder({.most = 2, .backward = true, .counts = true}, true, PlaceAt(3)),
              ElementsAre("d", "c"));
  EXPECT_EQ(response_.page_info().first(), 3u);
  EXPECT_EQ(response_.page_info().total(), 6u);
}

TEST_F(MessagePageTest, DownwardsIsAnOrderOfItsOwn) {
  EXPECT_THAT(InOrder({.most = 2, .skip = 1, .counts = true}, true), ElementsAre("e", "d"));
  EXPECT_EQ(response_.page_info().first(), 2u);
}

TEST_F(MessagePageTest, SortedRowsOfOneValueKeepTheirOrder) {
  EXPECT_THAT(Sorted({.most = 4}, "Size"), ElementsAre("b", "d", "f", "a"));
  EXPECT_TRUE(response_.truncated());
  EXPECT_THAT(Sorted({.most = 9}, "-Size,-Subject"), ElementsAre("e", "c", "a", "f", "d", "b"));
  EXPECT_FALSE(response_.truncated());
  EXPECT_THAT(Sorted({.most = 2, .skip = 1, .counts = true}, "Size"), ElementsAre("d", "f"));
  EXPECT_EQ(response_.page_info().first(), 2u);
  EXPECT_EQ(response_.page_info().total(), 6u);
}

TEST_F(MessagePageTest, SortedRowsEndAtTheirLimitAndSayThatThereAreMore) {
  results_max_ = 5;
  EXPECT_THAT(Sorted({.most = 4, .skip = 3}, "Size"), ElementsAre("a", "c"));
  EXPECT_TRUE(response_.truncated());
  results_max_ = 6;
  EXPECT_THAT(Sorted({.most = 4, .skip = 3}, "Size"), ElementsAre("a", "c", "e"));
  EXPECT_FALSE(response_.truncated());
}

TEST_F(MessagePageTest, WhatLeftWhileItWasSortedIsNotShown) {
  gone_ = "d";
  EXPECT_THAT(Sorted({.most = 3}, "Size"), ElementsAre("b", "f"));
}

TEST_F(MessagePageTest, SortedBookmarkIsAPlaceInTheOrder) {
  EXPECT_THAT(Sorted({.most = 2, .counts = true}, "Size", 5), ElementsAre("f", "a"));
  EXPECT_EQ(response_.page_info().first(), 3u);
  EXPECT_THAT(Sorted({.most = 2, .with_bookmark = false}, "Size", 5), ElementsAre("a", "c"));
  EXPECT_THAT(
      Sorted({.most = 2, .with_bookmark = false, .backward = true, .counts = true}, "Size", 5),
      ElementsAre("d", "b"));
  EXPECT_EQ(response_.page_info().first(), 1u);
  EXPECT_THAT(Sorted({.most = 2, .with_bookmark = false}, "Size", 4), IsEmpty());
}

}  // namespace
}  // namespace postern::admin
