#include "cli/query_verbs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/fake_service.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

TEST(QueryVerbs, RouteIsExplainedLineByLine) {
  v1::TestRouteResponse response;
  response.set_decision("next-hop");
  response.set_connector("Partner");
  response.set_delivery_type("DnsConnectorDelivery");
  response.set_next_hop_domain("partner.test");
  response.set_snapshot_version("abc");
  v1::RouteCandidate& winner = *response.add_candidates();
  winner.set_connector("Partner");
  winner.set_chosen(true);
  winner.set_address_space("SMTP:partner.test;1");
  winner.set_cost(1);
  winner.set_reason("it is the best");
  v1::RouteCandidate& loser = *response.add_candidates();
  loser.set_connector("Off");
  loser.set_lost_at("enabled");
  loser.set_reason("it is not enabled");
  StringShell shell;
  Shell to = shell.shell();
  Print(response, "joe@partner.test", to);
  EXPECT_EQ(shell.out.str(),
            "Recipient     : joe@partner.test\n"
            "Decision      : next-hop\n"
            "Connector     : Partner\n"
            "DeliveryType  : DnsConnectorDelivery\n"
            "NextHopDomain : partner.test\n"
            "Proxied       : False\n"
            "Directory     : abc\n"
            "\n"
            "Connector AddressSpace        Cost LostAt   Reason\n"
            "--------- ------------        ---- ------   ------\n"
            "Partner   SMTP:partner.test;1    1 (chosen) it is the best\n"
            "Off                                enabled  it is not enabled\n");
}

TEST(QueryVerbs, RejectionShowsReasonAndStatus) {
  v1::TestRouteResponse response;
  response.set_decision("reject");
  response.set_reason("too large for every connector");
  response.set_enhanced_status("5.3.4");
  StringShell shell;
  Shell to = shell.shell();
  Print(response, "joe@partner.test", to);
  EXPECT_THAT(shell.out.str(), HasSubstr("Reason         : too large for every connector\n"));
  EXPECT_THAT(shell.out.str(), HasSubstr("EnhancedStatus : 5.3.4\n"));
}

}  // namespace
}  // namespace postern::cli
