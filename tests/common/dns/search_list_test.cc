#include "common/dns/search_list.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::dns {
namespace {

using ::testing::ElementsAre;

constexpr char kPod[] =
    "nameserver 10.96.0.10\n"
    "search mail.svc.cluster.local svc.cluster.local. Cluster.Local\n"
    "options edns0 ndots:5\n";

TEST(SearchListTest, ServiceIsLookedForInItsNamespaceFirst) {
  EXPECT_THAT(SearchList::Parse(kPod).NamesFor("frontend-transport"),
              ElementsAre("frontend-transport.mail.svc.cluster.local",
                          "frontend-transport.svc.cluster.local",
                          "frontend-transport.cluster.local", "frontend-transport"));
}

TEST(SearchListTest, NameWithEnoughDotsIsAskedAsItIsFirst) {
  EXPECT_THAT(SearchList::Parse("search a.test\n").NamesFor("front.b.test"),
              ElementsAre("front.b.test", "front.b.test.a.test"));
}

TEST(SearchListTest, FullNameStandsForItself) {
  EXPECT_THAT(SearchList::Parse(kPod).NamesFor("front.b.test."), ElementsAre("front.b.test"));
}

TEST(SearchListTest, LastLineCountsAndNonsenseDoesNot) {
  const auto list = SearchList::Parse("search a.test\ndomain b.test\n# search c\noptions ndots:x");
  EXPECT_THAT(list.NamesFor("front"), ElementsAre("front.b.test", "front"));
}

TEST(SearchListTest, WithoutAFileNamesAreAskedAsTheyAre) {
  EXPECT_THAT(SearchList::OfSystem("/nowhere/resolv.conf").NamesFor("front"), ElementsAre("front"));
}

TEST(SearchListTest, FileOfTheSystemIsRead) {
  const std::string file = ::testing::TempDir() + "/search_list_resolv.conf";
  std::ofstream(file) << kPod;
  EXPECT_EQ(SearchList::OfSystem(file).NamesFor("front").size(), 4u);
}

}  // namespace
}  // namespace postern::dns
