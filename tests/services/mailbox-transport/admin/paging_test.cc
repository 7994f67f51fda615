#include "services/mailbox-transport/admin/paging.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Page PageWith(std::uint32_t most, std::uint32_t index = 0) {
  v1::Page page;
  page.set_result_size(most);
  page.set_bookmark_index(index);
  return page;
}

TEST(Paging, WithoutTermsItIsTheFirstThousand) {
  const auto query = PageQuery::Of(v1::Page());
  EXPECT_EQ(query->most, kResultsDefault);
  EXPECT_THAT(query->PartOf(2, std::nullopt).places, ElementsAre(0, 1));
  EXPECT_FALSE(query->PartOf(1000, std::nullopt).truncated);
  EXPECT_TRUE(query->PartOf(1001, std::nullopt).truncated);
}

TEST(Paging, IndexCountsFromOne) {
  const auto part = PageQuery::Of(PageWith(2, 3))->PartOf(5, std::nullopt);
  EXPECT_THAT(part.places, ElementsAre(2, 3));
  EXPECT_EQ(part.first, 3u);
  EXPECT_TRUE(part.truncated);
  EXPECT_THAT(PageQuery::Of(PageWith(2, 6))->PartOf(5, std::nullopt).places, IsEmpty());
}

TEST(Paging, BookmarkIsShownUnlessItIsNotWanted) {
  v1::Page page = PageWith(2);
  page.set_bookmark_object("ours\\3");
  EXPECT_THAT(PageQuery::Of(page)->PartOf(5, 1).places, ElementsAre(1, 2));
  page.set_exclude_bookmark(true);
  EXPECT_THAT(PageQuery::Of(page)->PartOf(5, 1).places, ElementsAre(2, 3));
}

TEST(Paging, BackwardShowsWhatStandsBefore) {
  v1::Page page = PageWith(2);
  page.set_search_backward(true);
  EXPECT_THAT(PageQuery::Of(page)->PartOf(5, std::nullopt).places, ElementsAre(4, 3));
  page.set_bookmark_object("ours\\3");
  const auto part = PageQuery::Of(page)->PartOf(5, 3);
  EXPECT_THAT(part.places, ElementsAre(3, 2));
  EXPECT_EQ(part.first, 3u);
  page.set_exclude_bookmark(true);
  EXPECT_THAT(PageQuery::Of(page)->PartOf(5, 1).places, ElementsAre(0));
  EXPECT_FALSE(PageQuery::Of(page)->PartOf(5, 1).truncated);
}

TEST(Paging, TermsThatContradictAreRefused) {
  EXPECT_FALSE(PageQuery::Of(PageWith(kResultsMax + 1)).ok());
  EXPECT_FALSE(PageQuery::Of(PageWith(1, kResultsMax + 1)).ok());
  v1::Page both = PageWith(1, 2);
  both.set_bookmark_object("ours\\3");
  EXPECT_FALSE(PageQuery::Of(both).ok());
  v1::Page backward = PageWith(1, 2);
  backward.set_search_backward(true);
  EXPECT_FALSE(PageQuery::Of(backward).ok());
}

}  // namespace
}  // namespace postern::admin
