#include "services/mailbox-transport/pipeline/routing_log.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "services/mailbox-transport/pipeline/router.h"
#include "tests/services/mailbox-transport/pipeline/tracking_folder.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class RoutingLogTest : public ::testing::Test {
 protected:
  void Directory(std::string_view connectors) {
    router_.SetSnapshot(route::testing::DirectoryOf(connectors));
  }

  void Route(const std::string& address, std::uint64_t size = 100) {
    model::Message message;
    message.size = size;
    mail::Recipient recipient;
    recipient.address = address;
    message.envelope.recipients.push_back(recipient);
    router_.Route(message);
  }

  std::vector<Row> Rows() {
    log_->Flush();
    return folder_.Rows("RoutingLog");
  }

  TrackingFolder folder_;
  std::unique_ptr<RoutingLog> log_ = *RoutingLog::Open(RoutingLogSettings(), folder_.path());
  Router router_{"ours", log_.get()};
};

TEST_F(RoutingLogTest, ATableAndTheFirstDecisionOfEachClassHaveALine) {
  Directory("Internet *|Contoso contoso.test");
  Directory("Internet *|Contoso contoso.test");
  for (const char* address : {"a@contoso.test", "b@contoso.test", "a@fabrikam.test"})
    Route(address);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(3)) << "the same table and the same class are no news";
  for (const Row& row : rows) {
    EXPECT_EQ(row.count("damaged"), 0u);
    EXPECT_EQ(row.at("snapshot-version"), router_.table()->version());
  }
  EXPECT_EQ(rows[0].at("event"), "TABLE");
  EXPECT_THAT(rows[0].at("reason"), HasSubstr("2 connectors"));
  EXPECT_EQ(rows[1].at("decision"), "next-hop");
  EXPECT_EQ(rows[1].at("connector-id"), "Contoso");
  EXPECT_EQ(rows[1].at("candidates-that-lost"), "Internet=specificity");
  EXPECT_EQ(rows[2].at("connector-id"), "Internet");
  EXPECT_EQ(rows[2].at("recipient-domain"), "fabrikam.test");
}

TEST_F(RoutingLogTest, ANewTableTellsItsDecisionsAnew) {
  Directory("Contoso contoso.test");
  Route("a@nowhere.test");
  Directory("Contoso contoso.test|Internet *");
  Route("a@nowhere.test");
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[1].at("decision"), "unreachable");
  EXPECT_EQ(rows[1].at("candidates-that-lost"), "Contoso=address space");
  EXPECT_EQ(rows[3].at("decision"), "next-hop");
}

TEST_F(RoutingLogTest, ARefusalHasItsCode) {
  Directory("Contoso contoso.test size=1KB");
  Route("a@contoso.test", 5000);
  const auto rows = Rows();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1].at("decision"), "reject");
  EXPECT_THAT(rows[1].at("reason"), HasSubstr("5.3.4 "));
  EXPECT_EQ(rows[1].at("candidates-that-lost"), "Contoso=size");
}

}  // namespace
}  // namespace postern::pipeline
