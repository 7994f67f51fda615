#include "services/mailbox-transport/route/explain.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Shown;
using testing::To;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Lost(const Explanation& explanation) {
  std::vector<std::string> lost;
  for (const ExplainedCandidate& each : explanation.candidates) {
    lost.push_back(base::Cat(each.connector, each.chosen ? "!" : ":", NameOf(each.lost_at)));
  }
  return lost;
}

TEST(ExplainTest, EveryConnectorLosesAtTheFirstRuleThatDiffers) {
  const RouteTable table(DirectoryOf("W a.com|Size a.com size=1KB|Off a.com off|Else b.com|"
                                     "Wide *.com|Cost a.com;2|Hops a.com from=near|X a.com|"
                                     "There a.com from=far scoped|Both a.com off size=1KB"),
                         "ours");
  EXPECT_THAT(
      Lost(Explain(table, To("a.com", 5000))),
      UnorderedElementsAre("W!", "Off:enabled", "Size:size", "Both:size", "X:name", "Hops:hops",
                           "Cost:cost", "There:scope", "Wide:specificity", "Else:address space"));
}

TEST(ExplainTest, ReasonsAreSentences) {
  const RouteTable table(
      DirectoryOf("W a.com|S * size=1KB|C a.com;2|H a.com from=near|L a.com from=far|"
                  "O a.com from=far scoped|N a.com from=x-1",
                  "x|y|x-y=1"),
      "ours");
  const Explanation explanation = Explain(table, To("a.com", 5000));
  std::vector<std::string> reasons;
  for (const auto& each : explanation.candidates)
    reasons.push_back(each.reason);
  EXPECT_THAT(
      reasons,
      ElementsAre("it is the best for SMTP:a.com;1",
                  "its nearest source server is another server of this site and that of \"W\" is "
                  "this server",
                  "its cost is 2 and that of \"W\" is 1",
                  "its cost is 101, of which 100 for site links, and that of \"W\" is 1",
                  "it is scoped and has no source server in site here, where this server is",
                  "its cost is without limit, as no site link leads to a source server of it, and "
                  "that of \"W\" is 1",
                  "its maxMessageSize is 1KB and the message has 5000 bytes"));
}

TEST(ExplainTest, SaysTheSameAsSelect) {
  constexpr const char* kDirectories[] = {"",
                                          "A *",
                                          "A * off",
                                          "A * size=1KB",
                                          "A * from=far",
                                          "A * from=ghost|B *.com from=near",
                                          "A * from=far scoped|B *;9",
                                          "A *;2|B *|C *.com|D a.com off",
                                          "A a.com,*|B a.com;5|C * proxy"};
  for (const char* directory : kDirectories) {
    for (const char* domain : {"a.com", "b.com", "[10.1.1.1]", "x.org"}) {
      for (const std::uint64_t size : {100u, 5000u}) {
        const RouteTable table(DirectoryOf(directory), "ours");
        const Explanation explanation = Explain(table, To(domain, size));
        EXPECT_EQ(Shown(explanation.decision), Shown(Select(table, To(domain, size))));
        const auto* hop = std::get_if<model::NextHop>(&explanation.decision);
        if (hop == nullptr) continue;
        EXPECT_EQ(explanation.candidates.at(0).connector, hop->connector);
        EXPECT_TRUE(explanation.candidates.at(0).chosen);
      }
    }
  }
}

TEST(ExplainTest, AConnectorWithSeveralFittingSpacesIsListedOnce) {
  const RouteTable table(DirectoryOf("A a.com,*.com,*|B *.com,*"), "ours");
  EXPECT_THAT(Lost(Explain(table, To("a.com"))), ElementsAre("A!", "B:specificity"));
}

TEST(ExplainTest, TheResponseHasEveryField) {
  const RouteTable table(DirectoryOf("A *;7 proxy|B b.com"), "ours");
  const auto response = ToResponse(Explain(table, To("a.com")));
  EXPECT_EQ(response.decision(), "next-hop");
  EXPECT_EQ(response.delivery_type(), "DnsConnectorDelivery");
  EXPECT_EQ(response.next_hop_domain(), "a.com");
  EXPECT_EQ(response.connector(), "A");
  EXPECT_TRUE(response.frontend_proxy());
  EXPECT_EQ(response.snapshot_version(), table.version());
  ASSERT_EQ(response.candidates_size(), 2);
  EXPECT_TRUE(response.candidates(0).chosen());
  EXPECT_EQ(response.candidates(0).cost(), 7u);
  EXPECT_EQ(response.candidates(0).address_space(), "SMTP:*;7");
  EXPECT_EQ(response.candidates(1).lost_at(), "address space");
  EXPECT_THAT(response.candidates(1).reason(), HasSubstr("a.com"));
}

TEST(ExplainTest, ARelaySaysItsWayAndItsServers) {
  const RouteTable table(DirectoryOf("A * from=far", "h!|here-h=3|h-there=4|h2@h"), "ours");
  const auto response = ToResponse(Explain(table, To("a.com")));
  EXPECT_EQ(response.delivery_type(), "SmtpRelayToRemoteActiveDirectorySite");
  EXPECT_EQ(response.next_hop_domain(), "h");
  EXPECT_EQ(response.connector(), "A");
  EXPECT_EQ(response.next_stop(), "h");
  std::vector<std::string> path;
  for (const v1::RouteSite& stop : response.path())
    path.push_back(base::Cat(stop.site(), " ", stop.cost(), stop.hub() ? "!" : ""));
  EXPECT_THAT(path, ElementsAre("here 0", "h 3!", "there 7"));
  std::vector<std::string> servers;
  for (const v1::RouteServer& server : response.servers())
    servers.push_back(base::Cat(server.group(), server.name(), "=", server.address()));
  EXPECT_THAT(servers, ElementsAre("1h-1=h-1:7172", "1h2=h2:7172"));
}

TEST(ExplainTest, AnImceaAddressIsShownAsItIsRouted) {
  const RouteTable table(DirectoryOf("F FAX:* host=f.com|A *"), "ours");
  RecipientQuery query;
  query.address = "IMCEAFAX-+2B1555@contoso.com";
  const auto response = ToResponse(Explain(table, query));
  EXPECT_EQ(response.address_type(), "FAX");
  EXPECT_EQ(response.routed_address(), "+1555");
  EXPECT_EQ(response.connector(), "F");
  EXPECT_EQ(response.candidates(1).lost_at(), "address space");
  EXPECT_THAT(response.candidates(1).reason(), HasSubstr("FAX:+1555"));
}

TEST(ExplainTest, TheResponseTellsNoWayFromNever) {
  const RouteTable table(DirectoryOf("A a.com size=1KB"), "ours");
  const auto unreachable = ToResponse(Explain(table, To("b.com")));
  EXPECT_EQ(unreachable.decision(), "unreachable");
  EXPECT_EQ(unreachable.reason(), kNoMatchingConnector);
  const auto reject = ToResponse(Explain(table, To("a.com", 5000)));
  EXPECT_EQ(reject.decision(), "reject");
  EXPECT_EQ(reject.enhanced_status(), "5.3.4");
}

}  // namespace
}  // namespace postern::route
