#include "services/mailbox-transport/admin/directory_changes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/admin/directory_fixture.h"

namespace postern::admin {
namespace {

using directory::testing::ConnectorFrom;
using directory::testing::Named;
using directory::testing::ResourceFrom;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DirectoryChangesTest : public DirectoryFixture {
 protected:
  // What the change wrote to the log; logs go straight to standard error here.
  template <typename Do>
  static std::string Logged(Do change) {
    ::testing::internal::CaptureStderr();
    change();
    std::string log = ::testing::internal::GetCapturedStderr();
    const auto at = log.find("\"msg\":\"change\"");
    if (at == std::string::npos) return "";
    return log.substr(at, log.find('\n', at) - at);
  }
};

TEST_F(DirectoryChangesTest, WhatIsAnsweredIsInForce) {
  ASSERT_TRUE(CreateNow(ConnectorFrom("Internet")).ok());
  EXPECT_NE(watch_->current()->FindConnector("Internet"), nullptr);
  EXPECT_EQ(response_.snapshot_version(), watch_->current()->version());
  EXPECT_TRUE(response_.changed());
  EXPECT_FALSE(response_.has_before());
  EXPECT_EQ(directory::MetadataOf(response_.after()).name(), "internet");
  EXPECT_EQ(response_.after().send_connector().status().conditions(0).reason(), "Ready");

  ASSERT_TRUE(
      UpdateNow(Named(ResourceFrom("SendConnector", "spec: {port: 26}"), "internet"), "spec.port")
          .ok());
  EXPECT_EQ(watch_->current()->FindConnector("Internet")->port, 26);
  EXPECT_EQ(response_.before().send_connector().spec().port(), 25);

  ASSERT_TRUE(DeleteNow("SendConnector", "Internet").ok());
  EXPECT_EQ(watch_->current()->FindConnector("Internet"), nullptr);
  EXPECT_FALSE(response_.has_after());
}

TEST_F(DirectoryChangesTest, ANewNameIsTakenWithTheWarningThatQueuesAreKnownByTheOldOne) {
  ASSERT_TRUE(CreateNow(ConnectorFrom("Internet")).ok());
  EXPECT_THAT(response_.warnings(), IsEmpty());
  const auto renamed = Named(ResourceFrom("SendConnector", "spec: {name: Outside}"), "internet");
  ASSERT_TRUE(UpdateNow(renamed, "spec.name").ok());
  EXPECT_THAT(response_.warnings(),
              ElementsAre(AllOf(HasSubstr("queues of \"Internet\""), HasSubstr("\"Outside\""))));
}

TEST_F(DirectoryChangesTest, ADryRunIsToldAndNotInForce) {
  missing_ = connector::NotReady{"SecretNotUsable", "there is none"};
  ASSERT_TRUE(CreateNow(ConnectorFrom("Internet", "port: 26"), /*dry_run=*/true).ok());
  EXPECT_TRUE(response_.changed());
  EXPECT_EQ(response_.after().send_connector().status().conditions(0).reason(), "SecretNotUsable");
  EXPECT_THAT(response_.warnings(),
              ElementsAre(HasSubstr("Port is for smart hosts"),
                          HasSubstr("\"Internet\" is not ready: there is none")));
  EXPECT_EQ(watch_->current()->FindConnector("Internet"), nullptr);
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kDone), 0);
}

TEST_F(DirectoryChangesTest, EveryOutcomeIsCounted) {
  const auto internet = Named(ResourceFrom("SendConnector", "spec: {port: 26}"), "internet");
  auto old = internet;
  directory::MetadataOf(old).set_resource_version("0123456789abcdef");
  EXPECT_TRUE(CreateNow(ConnectorFrom("Internet")).ok());
  EXPECT_TRUE(UpdateNow(internet, "spec.port").ok());
  EXPECT_TRUE(UpdateNow(internet, "spec.port").ok());
  EXPECT_FALSE(response_.changed());
  EXPECT_TRUE(absl::IsAborted(UpdateNow(old, "spec.port")));
  EXPECT_TRUE(absl::IsAlreadyExists(CreateNow(ConnectorFrom("Internet"))));
  EXPECT_TRUE(absl::IsNotFound(DeleteNow("SendConnector", "nothing")));
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kDone), 2);
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kUnchanged), 1);
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kConflict), 1);
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kRefused), 2);
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kFailed), 0);
}

TEST_F(DirectoryChangesTest, EveryChangeIsLoggedDoneOrRefused) {
  const std::string done = Logged([&] { EXPECT_TRUE(CreateNow(ConnectorFrom("Internet")).ok()); });
  EXPECT_THAT(done, AllOf(HasSubstr("\"who\":\"spiffe://postern.test/main/administrator\""),
                          HasSubstr("\"site\":\"main\""), HasSubstr("\"change\":\"create\""),
                          HasSubstr("\"kind\":\"SendConnector\""),
                          HasSubstr("\"name\":\"internet\""), HasSubstr("\"outcome\":\"done\""),
                          HasSubstr("\"before\":\"\""), HasSubstr("\\\"port\\\":25")));
  const std::string refused = Logged([&] {
    EXPECT_FALSE(UpdateNow(Named(ResourceFrom("SendConnector", "spec: {port: 70000}"), "internet"),
                           "spec.port")
                     .ok());
  });
  EXPECT_THAT(refused, AllOf(HasSubstr("\"outcome\":\"refused\""), HasSubstr("spec.port: "),
                             HasSubstr("\\\"port\\\":25"), HasSubstr("\\\"port\\\":70000")));
  EXPECT_THAT(
      Logged([&] { DirectoryChanges::NoteRefused("", absl::PermissionDeniedError("reader x")); }),
      AllOf(HasSubstr("\"outcome\":\"refused\""), HasSubstr("reader x")));
  EXPECT_THAT(Logged([&] { EXPECT_TRUE(CreateNow(ConnectorFrom("Other"), true).ok()); }),
              IsEmpty());
}

TEST_F(DirectoryChangesTest, ALogLineOfLargeResourcesIsWhole) {
  v1::Resource large = ConnectorFrom("Large", "comment: first");
  large.mutable_send_connector()->mutable_spec()->set_comment(std::string(4000, 'x'));
  const std::string line = Logged([&] { EXPECT_TRUE(CreateNow(large).ok()); });
  EXPECT_THAT(line, AllOf(HasSubstr("...\""), Not(HasSubstr("\"cut\":true"))));
}

TEST_F(DirectoryChangesTest, AFollowerSaysWhomToAsk) {
  DirectoryChanges::Parts parts = ChangesParts();
  parts.folder = nullptr;
  parts.writer = "writer.test:7172";
  changes_ = std::make_unique<DirectoryChanges>(parts);
  const absl::Status status = CreateNow(ConnectorFrom("Internet"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(TextOf(status), HasSubstr("writer.test:7172: ask for the change there"));
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kRefused), 1);
  EXPECT_FALSE(There("managed"));
}

TEST_F(DirectoryChangesTest, ThisServerItselfIsNotDeleted) {
  const absl::Status status = DeleteNow("TransportServer", "MBX-0");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(TextOf(status), HasSubstr("is this server"));
}

TEST_F(DirectoryChangesTest, WithoutAnObjectThereIsNoChange) {
  EXPECT_EQ(CreateNow(v1::Resource()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(UpdateNow(v1::Resource(), "spec").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(TextOf(DeleteNow("Connector", "x")), HasSubstr("kind: \"Connector\""));
}

TEST_F(DirectoryChangesTest, WrittenAndNotInForceIsSaid) {
  DirectoryChanges::Parts parts = ChangesParts();
  parts.bring_into_force = [] { return absl::UnavailableError("stopping"); };
  changes_ = std::make_unique<DirectoryChanges>(parts);
  EXPECT_THAT(TextOf(CreateNow(ConnectorFrom("Internet"))),
              HasSubstr("the change is written and not yet in force: stopping"));
  EXPECT_TRUE(There("managed/sendconnector-internet.yaml"));
  EXPECT_EQ(Counted("SendConnector", ChangeOutcome::kFailed), 1);
}

}  // namespace
}  // namespace postern::admin
