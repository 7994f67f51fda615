#include "common/kubernetes/collection.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::kubernetes {
namespace {

using directory::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string SiteJson(std::string_view name,
                     std::string_view version,
                     std::string_view spec = "{}",
                     std::string_view more = "") {
  return base::Cat(R"({"apiVersion":"postern.dev/v1","kind":"Site","metadata":{"name":")", name,
                   R"(","uid":"u","resourceVersion":")", version,
                   R"(","generation":2,"managedFields":[{"manager":"kubectl"}]},"spec":)", spec,
                   more, "}");
}

std::string ListJson(const std::vector<std::string>& items,
                     std::string_view version,
                     std::string_view next = "") {
  return base::Cat(R"({"kind":"SiteList","metadata":{"resourceVersion":")", version,
                   R"(","continue":")", next, R"("},"items":[)", base::Join(items, ","), "]}");
}

std::string EventJson(std::string_view type, const std::string& object) {
  return base::Cat(R"({"type":")", type, R"(","object":)", object, "}");
}

class CollectionTest : public ::testing::Test {
 protected:
  absl::Status List(const std::string& text) {
    sites_.BeginList();
    return sites_.TakePage(text).status();
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [name, object] : sites_.objects())
      names.push_back(name);
    return names;
  }

  std::string CommentOf(const std::string& name) const {
    const auto& checked = sites_.objects().at(name)->checked;
    return std::get<v1::Site>(checked->manifest.object).spec().comment();
  }

  Collection sites_{Kind::kSite};
};

TEST_F(CollectionTest, AListIsInForceWithItsLastPage) {
  sites_.BeginList();
  const auto next = sites_.TakePage(ListJson({SiteJson("a", "1")}, "5", "more"));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(*next, "more");
  EXPECT_FALSE(sites_.listed());
  EXPECT_THAT(Names(), ElementsAre());
  ASSERT_TRUE(sites_.TakePage(ListJson({SiteJson("b", "2")}, "5")).ok());
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_EQ(sites_.resource_version(), "5");
  EXPECT_TRUE(sites_.TakeChanged());
  EXPECT_FALSE(sites_.TakeChanged());
}

TEST_F(CollectionTest, ANewListReplacesTheOld) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1"), SiteJson("b", "2")}, "5")).ok());
  ASSERT_TRUE(List(ListJson({SiteJson("b", "2")}, "9")).ok());
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_TRUE(sites_.TakeChanged());
}

TEST_F(CollectionTest, AnEqualListChangesNothing) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1", R"({"comment":"x"})")}, "5")).ok());
  sites_.TakeChanged();
  ASSERT_TRUE(List(ListJson({SiteJson("a", "8", R"({"comment":"x"})")}, "9")).ok());
  EXPECT_FALSE(sites_.TakeChanged());
  EXPECT_EQ(sites_.objects().at("a")->resource_version, "8");
}

TEST_F(CollectionTest, AnEmptyListMayHaveNullItems) {
  EXPECT_TRUE(List(R"({"kind":"SiteList","metadata":{"resourceVersion":"5"},"items":null})").ok());
  EXPECT_TRUE(sites_.listed());
}

TEST_F(CollectionTest, EventsAddChangeAndRemove) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1")}, "5")).ok());
  ASSERT_TRUE(sites_.TakeEvent(EventJson("ADDED", SiteJson("b", "6"))).ok());
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  ASSERT_TRUE(
      sites_.TakeEvent(EventJson("MODIFIED", SiteJson("b", "7", R"({"comment":"new"})"))).ok());
  EXPECT_EQ(CommentOf("b"), "new");
  ASSERT_TRUE(sites_.TakeEvent(EventJson("DELETED", SiteJson("a", "8"))).ok());
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_EQ(sites_.resource_version(), "8");
  EXPECT_TRUE(sites_.TakeChanged());
}

TEST_F(CollectionTest, ABookmarkMovesTheVersionOnly) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1")}, "5")).ok());
  sites_.TakeChanged();
  const std::string mark =
      R"({"kind":"Site","metadata":{"resourceVersion":"70","creationTimestamp":null},"spec":{}})";
  ASSERT_TRUE(sites_.TakeEvent(EventJson("BOOKMARK", mark)).ok());
  EXPECT_EQ(sites_.resource_version(), "70");
  EXPECT_FALSE(sites_.TakeChanged());
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(CollectionTest, AStatusIsKeptAndIsNoChange) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1")}, "5")).ok());
  sites_.TakeChanged();
  const std::string with_status =
      SiteJson("a", "6", "{}", R"(,"status":{"conditions":[{"type":"Ready","status":"True"}]})");
  ASSERT_TRUE(sites_.TakeEvent(EventJson("MODIFIED", with_status)).ok());
  EXPECT_FALSE(sites_.TakeChanged());
  const ObjectPtr site = sites_.objects().at("a");
  EXPECT_NE(Find(site->status, {"conditions"}), nullptr);
  EXPECT_EQ(site->generation, 2);
  EXPECT_EQ(site->uid, "u");
}

TEST_F(CollectionTest, AnObjectThatBreaksTheSchemaStandsWithWhatItBreaks) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1", R"({"colour":"red"})")}, "5")).ok());
  const ObjectPtr site = sites_.objects().at("a");
  EXPECT_EQ(site->checked, nullptr);
  ASSERT_EQ(site->errors.size(), 1u);
  EXPECT_THAT(site->errors[0].ToString(), HasSubstr("sites/a: spec.colour: is not a field of"));
}

TEST_F(CollectionTest, AnObjectThatBreaksARuleHasTheWordsOfFiles) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1", R"({"frontEnds":["nowhere"]})")}, "5")).ok());
  const ObjectPtr site = sites_.objects().at("a");
  ASSERT_NE(site->checked, nullptr);
  ASSERT_EQ(site->checked->findings.size(), 1u);
  EXPECT_THAT(site->checked->findings[0].ToString(),
              HasSubstr(R"(spec.frontEnds[0]: "nowhere": a front end is written as)"));
}

TEST_F(CollectionTest, GoneIsToldFromOtherErrors) {
  const auto error = [](int code) {
    return EventJson("ERROR", base::Cat(R"({"kind":"Status","message":"why","code":)", code, "}"));
  };
  EXPECT_EQ(sites_.TakeEvent(error(410)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(sites_.TakeEvent(error(500)).code(), absl::StatusCode::kUnavailable);
}

TEST_F(CollectionTest, WhatMakesNoSenseIsRefusedAndChangesNothing) {
  ASSERT_TRUE(List(ListJson({SiteJson("a", "1")}, "5")).ok());
  const std::string nameless = R"({"kind":"Site","metadata":{"resourceVersion":"6"}})";
  const std::string versionless = R"({"kind":"Site","metadata":{"name":"b"}})";
  const std::string stranger =
      R"({"kind":"Pod","metadata":{"name":"b","resourceVersion":"6"},"spec":{}})";
  for (const std::string& line :
       {std::string("garbage"), std::string("{}"), EventJson("ADDED", nameless),
        EventJson("ADDED", versionless), EventJson("ADDED", stranger),
        EventJson("RENAMED", SiteJson("b", "6"))}) {
    EXPECT_EQ(sites_.TakeEvent(line).code(), absl::StatusCode::kInvalidArgument) << line;
  }
  for (const std::string& page :
       {std::string("garbage"), std::string("{}"), std::string(R"({"kind":"PodList"})"),
        std::string(R"({"kind":"SiteList","metadata":{},"items":[]})"),
        ListJson({nameless}, "6")}) {
    EXPECT_EQ(List(page).code(), absl::StatusCode::kInvalidArgument) << page;
  }
  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_EQ(sites_.resource_version(), "5");
}

}  // namespace
}  // namespace postern::kubernetes
