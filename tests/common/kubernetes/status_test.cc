#include "common/kubernetes/status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::kubernetes {
namespace {

using directory::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StatusTest : public ::testing::Test {
 protected:
  StatusTest() {
    directory::SnapshotParts parts;
    for (const char* name : {"a", "b", "c"}) {
      directory::TransportServer& server = parts.servers.emplace_back();
      server.name = name;
      server.site = name[0] == 'c' ? "other" : "main";
    }
    directory::SendConnector& connector = parts.connectors.emplace_back();
    connector.name = "Internet";
    connector.slug = "internet";
    snapshot_ = directory::MakeSnapshot(std::move(parts));
    live_ = {"a", "b", "c"};
  }

  // In force, unless it is taken out.
  ObjectPtr Made(Kind kind, const std::string& name, std::string_view spec = "{}") {
    const std::string text =
        base::Cat(R"({"metadata":{"name":")", name,
                  R"(","resourceVersion":"1","generation":3},"spec":)", spec, "}");
    const ObjectPtr object = *ReadObject(kind, *ParseJson(text), 1);
    view_.in_force[object->place] = 3;
    return object;
  }

  ObjectPtr Connector(std::string_view sources) {
    return Made(Kind::kSendConnector, "internet",
                base::Cat(R"({"name":"Internet","sourceTransportServers":)", sources, "}"));
  }

  ResourceStatus Of(Kind kind, const ObjectPtr& object) const {
    return *StatusFor(kind, *object, {view_, *snapshot_, live_, not_ready_, orphaned_, ready_of_});
  }

  static std::string Text(const ResourceStatus& status) {
    return base::Cat(status.ready.status(), " ", status.ready.reason(), " ",
                     status.ready.message());
  }

  KubernetesSource::View view_;
  directory::SnapshotPtr snapshot_;
  std::set<std::string> live_;
  std::map<std::string, std::string> not_ready_;
  std::map<std::string, std::uint64_t> orphaned_;
  ReadyOf ready_of_ = [](const connector::SendConnector&, const directory::Snapshot&) {
    v1::Condition ready;
    ready.set_status("True");
    ready.set_reason("Ready");
    return ready;
  };
};

TEST_F(StatusTest, MailInTheVolumeOfAServerThatIsGoneIsTold) {
  live_.erase("b");
  EXPECT_THAT(Text(Of(Kind::kTransportServer, Made(Kind::kTransportServer, "b"))),
              HasSubstr("False NoLease"));
  orphaned_["b"] = 12;
  EXPECT_THAT(Text(Of(Kind::kTransportServer, Made(Kind::kTransportServer, "b"))),
              HasSubstr("False MailWithoutServer its volume holds 12 messages"));
}

TEST_F(StatusTest, AConnectorIsUsedByItsLiveSourceServers) {
  live_.erase("b");
  EXPECT_THAT(Of(Kind::kSendConnector, Connector(R"(["site/main"])")).servers, ElementsAre("a"));
  EXPECT_THAT(Of(Kind::kSendConnector, Connector(R"(["site/main","c"])")).servers,
              ElementsAre("a", "c"));
}

TEST_F(StatusTest, OtherKindsAreUsedByThoseWhomTheyConcern) {
  EXPECT_THAT(Of(Kind::kSite, Made(Kind::kSite, "other")).servers, ElementsAre("c"));
  EXPECT_THAT(Of(Kind::kTransportServer, Made(Kind::kTransportServer, "b")).servers,
              ElementsAre("b"));
  EXPECT_THAT(Of(Kind::kAcceptedDomain, Made(Kind::kAcceptedDomain, "x")).servers,
              ElementsAre("a", "b", "c"));
}

TEST_F(StatusTest, AServerIsReadyWhileItsLeaseIs) {
  const ObjectPtr server = Made(Kind::kTransportServer, "b");
  EXPECT_EQ(Text(Of(Kind::kTransportServer, server)), "True Ready ");
  live_.erase("b");
  EXPECT_THAT(Text(Of(Kind::kTransportServer, server)), HasSubstr("False NoLease no Lease of"));
}

TEST_F(StatusTest, WhatOneServerCannotUseIsNotReady) {
  const ObjectPtr internet = Connector(R"(["site/main"])");
  EXPECT_EQ(Text(Of(Kind::kSendConnector, internet)), "True Ready ");
  not_ready_["internet"] = "b: SecretNotUsable: no secret";
  EXPECT_EQ(Text(Of(Kind::kSendConnector, internet)),
            "False ServerNotReady b: SecretNotUsable: no secret");
}

TEST_F(StatusTest, WhatBreaksARuleIsInvalidAndTheOthersWait) {
  const ObjectPtr bad = Made(Kind::kSite, "bad");
  const ObjectPtr changed = Made(Kind::kSite, "changed");
  const ObjectPtr old = Made(Kind::kSite, "old");
  view_.findings["sites/bad"] = "spec.frontEnds[0]: \"x\": why";
  view_.in_force["sites/changed"] = 2;
  EXPECT_EQ(Text(Of(Kind::kSite, bad)), "False Invalid spec.frontEnds[0]: \"x\": why");
  EXPECT_THAT(Text(Of(Kind::kSite, changed)),
              HasSubstr("Unknown Waits the directory stays as it was until this is mended: "
                        "sites/bad: spec.frontEnds"));
  EXPECT_EQ(Text(Of(Kind::kSite, old)), "True InForce ");
}

TEST_F(StatusTest, OfWhatIsOnItsWayIntoForceNothingIsSaid) {
  const ObjectPtr changed = Made(Kind::kSite, "changed");
  view_.in_force["sites/changed"] = 2;
  const StatusInputs inputs{view_, *snapshot_, live_, not_ready_, orphaned_, ready_of_};
  EXPECT_FALSE(StatusFor(Kind::kSite, *changed, inputs).has_value());
  view_.in_force.erase("sites/changed");
  EXPECT_FALSE(StatusFor(Kind::kSite, *changed, inputs).has_value());
}

class PatchTest : public StatusTest {
 protected:
  static constexpr std::string_view kNow = "2027-01-15T08:00:00Z";

  static ResourceStatus Wanted() {
    ResourceStatus status;
    status.ready.set_type("Ready");
    status.ready.set_status("True");
    status.ready.set_reason("InForce");
    status.servers = {"a"};
    return status;
  }

  // A site that has this status.
  ObjectPtr Having(const Json& patch) {
    auto object = std::make_shared<Object>(*Made(Kind::kSite, "main"));
    object->status = *Find(patch, {"status"});
    return object;
  }

  static std::optional<Json> Patch(const ObjectPtr& object, const ResourceStatus& status) {
    return PatchFor(*object, status, absl::FromUnixSeconds(1'800'000'000));
  }

  static const Json& Condition(const Json& patch, int number = 0) {
    return Find(patch, {"status", "conditions"})->list_value().values(number);
  }
};

TEST_F(PatchTest, AnObjectWithoutAStatusGetsOne) {
  const auto patch = Patch(Made(Kind::kSite, "main"), Wanted());
  ASSERT_TRUE(patch.has_value());
  EXPECT_EQ(TextAt(Condition(*patch), {"type"}), "Ready");
  EXPECT_EQ(TextAt(Condition(*patch), {"reason"}), "InForce");
  EXPECT_EQ(NumberAt(Condition(*patch), {"observedGeneration"}), 3);
  EXPECT_EQ(TextAt(Condition(*patch), {"lastTransitionTime"}), kNow);
  EXPECT_EQ(Find(*patch, {"status", "servers"})->list_value().values(0).string_value(), "a");
}

TEST_F(PatchTest, OneThatHasItGetsNothing) {
  const auto patch = Patch(Made(Kind::kSite, "main"), Wanted());
  EXPECT_FALSE(Patch(Having(*patch), Wanted()).has_value());
}

TEST_F(PatchTest, TheTimeIsOfTheLastTransition) {
  Json before = *Patch(Made(Kind::kSite, "main"), Wanted());
  SetText(*At(before, {"status", "conditions"}).mutable_list_value()->mutable_values(0),
          {"lastTransitionTime"}, "2020-01-01T00:00:00Z");
  ResourceStatus same = Wanted();
  same.ready.set_message("more");
  EXPECT_EQ(TextAt(Condition(*Patch(Having(before), same)), {"lastTransitionTime"}),
            "2020-01-01T00:00:00Z");
  same.ready.set_status("False");
  EXPECT_EQ(TextAt(Condition(*Patch(Having(before), same)), {"lastTransitionTime"}), kNow);
}

TEST_F(PatchTest, ConditionsOfOthersStay) {
  Json before = *Patch(Made(Kind::kSite, "main"), Wanted());
  Json& other = *At(before, {"status", "conditions"}).mutable_list_value()->add_values();
  SetText(other, {"type"}, "Approved");
  const auto patch = Patch(Having(before), Wanted());
  ASSERT_TRUE(patch.has_value());
  EXPECT_EQ(TextAt(Condition(*patch, 0), {"type"}), "Approved");
  EXPECT_FALSE(Patch(Having(*patch), Wanted()).has_value());
}

TEST_F(PatchTest, AMessageIsTextOfABoundedLength) {
  ResourceStatus status = Wanted();
  status.ready.set_message(std::string(10'000, 'x') + "\xFF");
  const auto patch = Patch(Made(Kind::kSite, "main"), status);
  EXPECT_EQ(TextAt(Condition(*patch), {"message"}).size(), kMessageBytesMax);
}

}  // namespace
}  // namespace postern::kubernetes
