#include "common/kubernetes/api_writer.h"

#include <atomic>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "tests/support/kubernetes/api_server.h"

namespace postern::kubernetes {
namespace {

using directory::Change;
using directory::ChangeResult;
using directory::Kind;
using ::testing::HasSubstr;
using testing::KubernetesObject;

class ApiWriterTest : public ::testing::Test {
 protected:
  ApiWriterTest() : settings_(api_.settings()), access_(*Access::Make(settings_)) {
    directory_.quiet_time.value = absl::Milliseconds(5);
    api_.Put("sites",
             KubernetesObject("Site", "main", R"({"comment":"old","hubSiteEnabled":false})"));
    source_ = std::make_unique<KubernetesSource>(directory_, settings_, access_);
    const auto route = [this](const directory::SnapshotPtr& snapshot) {
      absl::SleepFor(absl::Milliseconds(20));
      sites_routed_ = snapshot->sites().size();
    };
    EXPECT_TRUE(source_->Start(route).ok());
    EXPECT_TRUE(api_.Await([&] { return source_->readings().last_load_ok; }));
    writer_ = std::make_unique<ApiWriter>(access_, *source_);
  }

  static Change Of(Change::Verb verb, const std::string& name) {
    Change change;
    change.verb = verb;
    change.kind = Kind::kSite;
    change.name = name;
    if (verb != Change::Verb::kDelete) {
      change.resource.mutable_site()->mutable_metadata()->set_name(name);
    }
    return change;
  }

  Change Update(const std::string& comment) const {
    Change change = Of(Change::Verb::kUpdate, "main");
    change.resource.mutable_site()->mutable_spec()->set_comment(comment);
    change.mask.add_paths("spec.comment");
    return change;
  }

  ChangeResult Apply(const Change& change) { return writer_->Apply(change); }

  std::string CommentOf(const std::string& site) const {
    const auto object = api_.Get("sites", site);
    return object ? TextAt(*object, {"spec", "comment"}) : "none";
  }

  std::atomic<std::size_t> sites_routed_ = 0;
  testing::ApiServer api_;
  KubernetesSettings settings_;
  directory::DirectorySettings directory_;
  const Access access_;
  std::unique_ptr<KubernetesSource> source_;
  std::unique_ptr<ApiWriter> writer_;
};

TEST_F(ApiWriterTest, WhatIsAnsweredIsAtTheServerAndInForce) {
  const ChangeResult made = Apply(Of(Change::Verb::kCreate, "other"));
  ASSERT_TRUE(made.status.ok()) << made.status;
  EXPECT_TRUE(made.changed);
  EXPECT_TRUE(api_.Get("sites", "other").has_value());
  EXPECT_NE(source_->current()->FindSite("other"), nullptr);
  EXPECT_EQ(sites_routed_, 2U) << "answered before mail is routed by it";

  ASSERT_TRUE(Apply(Update("new")).status.ok());
  EXPECT_EQ(CommentOf("main"), "new");
  EXPECT_EQ(source_->current()->FindSite("main")->comment, "new");

  ASSERT_TRUE(Apply(Of(Change::Verb::kDelete, "other")).status.ok());
  EXPECT_FALSE(api_.Get("sites", "other").has_value());
  EXPECT_EQ(source_->current()->FindSite("other"), nullptr);
}

TEST_F(ApiWriterTest, WhatIsNotOfTheSpecStays) {
  Json site = KubernetesObject("Site", "main", R"({"comment":"older"})");
  SetText(site, {"metadata", "labels", "team"}, "mail");
  api_.Put("sites", site);
  ASSERT_TRUE(api_.Await([&] { return source_->current()->FindSite("main")->comment == "older"; }));
  ASSERT_TRUE(Apply(Update("new")).status.ok());
  EXPECT_EQ(TextAt(*api_.Get("sites", "main"), {"metadata", "labels", "team"}), "mail");
}

TEST_F(ApiWriterTest, AFieldThatIsTakenAwayIsGone) {
  Change change = Of(Change::Verb::kUpdate, "main");
  change.resource.mutable_site()->mutable_spec()->set_hub_site_enabled(true);
  ASSERT_TRUE(Apply(change).status.ok());
  EXPECT_EQ(Find(*api_.Get("sites", "main"), {"spec", "comment"}), nullptr);
  EXPECT_TRUE(source_->current()->FindSite("main")->hub_site_enabled);
}

TEST_F(ApiWriterTest, AVersionThatIsNotTheLastIsAConflict) {
  Change change = Update("mine");
  change.resource_version = "of-long-ago";
  EXPECT_EQ(Apply(change).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(CommentOf("main"), "old");
}

TEST_F(ApiWriterTest, AStatusThatWasWrittenMeanwhileIsNoConflict) {
  for (int i = 0; i < 10; ++i) {
    Json site = *api_.Get("sites", "main");
    SetText(site, {"status", "note"}, std::to_string(i));
    api_.Put("sites", site);
    const ChangeResult result = Apply(Update("new " + std::to_string(i)));
    ASSERT_TRUE(result.status.ok()) << result.status;
  }
  EXPECT_EQ(CommentOf("main"), "new 9");
}

TEST_F(ApiWriterTest, AChangeThatWeHaveNotSeenIsAConflict) {
  api_.Deafens();  // the watches tell nothing any more
  api_.Put("sites", KubernetesObject("Site", "main", R"({"comment":"theirs"})"));
  const ChangeResult result = Apply(Update("mine"));
  EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(result.status.ToString(), HasSubstr("Site \"main\": the API server answers 409"));
  EXPECT_EQ(CommentOf("main"), "theirs");
  EXPECT_EQ(Apply(Of(Change::Verb::kDelete, "main")).status.code(), absl::StatusCode::kAborted);
}

TEST_F(ApiWriterTest, ABrokenRuleHasTheWordsOfFilesAndChangesNothing) {
  Change change = Of(Change::Verb::kCreate, "bad");
  change.resource.mutable_site()->mutable_spec()->add_front_ends("nowhere");
  const ChangeResult result = Apply(change);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(result.status.ToString(), HasSubstr(R"(spec.frontEnds[0]: "nowhere": a front end)"));
  EXPECT_FALSE(api_.Get("sites", "bad").has_value());
}

TEST_F(ApiWriterTest, WhatIsThereIsNotCreatedAndWhatIsNotIsNotFound) {
  EXPECT_EQ(Apply(Of(Change::Verb::kCreate, "main")).status.code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Apply(Of(Change::Verb::kDelete, "other")).status.code(), absl::StatusCode::kNotFound);
}

TEST_F(ApiWriterTest, ADryRunAndAChangeOfNothingAskNothing) {
  const std::size_t before = api_.CountOf("fieldManager");
  Change change = Update("new");
  change.dry_run = true;
  const ChangeResult dry = Apply(change);
  EXPECT_TRUE(dry.status.ok());
  EXPECT_TRUE(dry.changed);
  const ChangeResult same = Apply(Update("old"));
  EXPECT_TRUE(same.status.ok());
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(api_.CountOf("fieldManager"), before);
}

TEST_F(ApiWriterTest, TheOneTransportConfigIsMadeByItsFirstChange) {
  Change change;
  change.verb = Change::Verb::kUpdate;
  change.kind = Kind::kTransportConfig;
  change.resource.mutable_transport_config()->mutable_spec()->set_max_recipient_envelope_limit(9);
  change.mask.add_paths("spec.max_recipient_envelope_limit");
  ASSERT_TRUE(Apply(change).status.ok());
  EXPECT_EQ(source_->current()->config().max_recipient_envelope_limit, 9u);
}

TEST_F(ApiWriterTest, WithoutTheServerNothingIsChanged) {
  api_.Leaves();
  ASSERT_TRUE(api_.Await([&] { return source_->readings().stale; }));
  EXPECT_EQ(Apply(Update("new")).status.code(), absl::StatusCode::kUnavailable);
}

TEST(MergePatchTest, WhatIsLeftOutIsNull) {
  const auto is = [](std::string_view before, std::string_view after, std::string_view patch) {
    return google::protobuf::util::MessageDifferencer::Equals(
        MergePatchOf(*ParseJson(before), *ParseJson(after)), *ParseJson(patch));
  };
  EXPECT_TRUE(is(R"({"a":"1"})", "{}", R"({"a":null})"));
  EXPECT_TRUE(is(R"({"a":{"b":"1"}})", R"({"a":{"c":"2"}})", R"({"a":{"b":null,"c":"2"}})"));
  EXPECT_TRUE(is(R"({"a":["1"]})", R"({"a":["2"]})", R"({"a":["2"]})"));
  EXPECT_TRUE(is("{}", R"({"a":{}})", R"({"a":{}})"));
}

}  // namespace
}  // namespace postern::kubernetes
