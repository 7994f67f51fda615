// Selection over sites and site links, by scope, for other address types and for connectors that
// are wrong.

#include <iostream>

#include "gtest/gtest.h"

#include "services/mailbox-transport/route/select.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;
using testing::Shown;
using testing::To;

struct SiteSelection {
  const char* fact;
  const char* map;
  const char* connectors;
  const char* decision;
  std::uint64_t size = 1000;
  const char* address = "joe@a.com";
};

constexpr char kNobody[] =
    "unreachable: A matching connector cannot be found to route the external recipient";
constexpr char kNoLink[] =
    "unreachable: connector \"A\" cannot be reached: no site link leads from site here to there";

constexpr SiteSelection kSiteSelections[] = {
    // Aggregate cost: of the address space and of the links.
    {"without links every site is 100 away", "", "A *;1 from=far|B *;100", "B -> a.com"},
    {"of two that are 100 away the cheaper space", "", "A *;1 from=far|0 *;2 from=far",
     "relay to A"},
    {"links add to the cost", "here-there=10", "A *;5 from=far|B *;20", "relay to A"},
    {"a dearer link loses", "here-there=50", "A *;5 from=far|B *;20", "B -> a.com"},
    {"equal sums go on to hops", "here-there=10", "A *;5 from=far|B *;15", "B -> a.com"},
    {"a link may cost more than any space", "here-there=99999", "A * from=far|B *;100",
     "B -> a.com"},
    {"the nearest source counts", "x|here-there=50|here-x=1", "A *;9 from=far,x-1|B *;11",
     "relay to A"},
    {"the default link has its own cost", "default=5", "A *;1 from=far|B *;7", "relay to A"},
    {"a site that a link names is out of the default link", "x|here-x=1", "A * from=far", kNoLink},
    {"two sites that no link names are joined", "x|y|x-y=5", "A * from=far", "relay to A"},
    {"links are transitive", "x|here-x=3|x-there=4", "A *;1 from=far|B *;9", "relay to A"},
    {"the cheaper way of two", "x|here-there=50|here-x=3|x-there=4", "A *;1 from=far|B *;9",
     "relay to A"},
    {"a link of three joins each with each", "x|here-there-x=7", "A *;1 from=far|B *;9",
     "relay to A"},
    {"the cheapest of parallel links", "here-there=50|there-here=2", "A *;1 from=far|B *;4",
     "relay to A"},
    {"specificity beats link cost", "here-there=99999", "A a.com from=far|B *", "relay to A"},
    {"cost may go beyond a hundred", "here-there=99999", "A * from=far|B a.org", "relay to A"},

    // Hops, then name.
    {"fewer links at one cost", "x|y|here-x=5|x-y=5|here-there=10", "B * from=y-1|A * from=far",
     "relay to A"},
    {"hops beat the name", "x|y|here-x=5|x-y=5|here-there=10", "0 * from=y-1|A * from=far",
     "relay to A"},
    {"equal hops go by name", "x|here-x=10|here-there=10", "B * from=x-1|A * from=far",
     "relay to A"},
    {"this server before one of the site", "", "A * from=near|B * from=ours", "B -> a.com"},
    {"one of the site before a remote one at one cost", "here-there=4",
     "0 *;1 from=far|A *;5 from=near", "relay to A"},

    // No way at all.
    {"no link leads there", "x|here-x=1", "A * from=far", kNoLink},
    {"no way loses against any way", "x|here-x=1", "A *;1 from=far|B *;100", "B -> a.com"},
    {"no way does not lose against a wider space", "x|here-x=1", "A a.com from=far|B *", kNoLink},
    {"of two without a way the name decides", "x|here-x=1", "B * from=far|A * from=far", kNoLink},

    // A connector that is wrong keeps its mail.
    {"unknown server", "", "A * from=ghost",
     "unreachable: none of the source servers of connector \"A\" is in the directory: ghost"},
    {"unknown site", "", "A * from=site/ghost",
     "unreachable: none of the source servers of connector \"A\" is in the directory: site/ghost"},
    {"site without servers", "x|here-there-x=5", "A * from=site/there|B *;2", "B -> a.com"},
    {"an unknown one loses to a remote one", "", "A * from=ghost|B * from=far", "relay to B"},
    {"an unknown one loses to a dearer one of ours", "", "A *;1 from=ghost|B *;100", "B -> a.com"},
    {"an unknown one keeps its mail from a wider space", "", "A a.com from=ghost|B *",
     "unreachable: none of the source servers of connector \"A\" is in the directory: ghost"},
    {"an unknown one that is scoped is in no site", "", "A a.com from=ghost scoped|B *;9",
     "B -> a.com"},
    {"an unknown one that is scoped and alone", "", "A * from=ghost scoped", kNobody},
    {"an unknown one that is off is ignored", "", "A * from=ghost off|B *;9", "B -> a.com"},
    {"a known one beside an unknown one", "", "A * from=ghost,ours", "A -> a.com"},
    {"a remote one beside an unknown one", "", "A * from=ghost,far", "relay to A"},
    {"no relay address", "mute|x@mute?|here-mute=1", "A * from=x",
     "unreachable: connector \"A\" cannot be reached: no source server in mute has a relayAddress"},
    {"one with an address beside one without", "mute|x@mute?|here-mute=1", "A * from=x,mute-1",
     "relay to A"},
    {"a site that takes no mail", "there~", "A * from=far",
     "unreachable: connector \"A\" cannot be reached: Target Site Inbound Mail Disabled: there"},
    {"such a site does not leak to another connector", "there~|here-there=1",
     "A *;1 from=far|B *;50",
     "unreachable: connector \"A\" cannot be reached: Target Site Inbound Mail Disabled: there"},
    {"another site of the connector takes it", "there~|x|here-there=1|here-x=9", "A * from=far,x-1",
     "relay to A"},
    {"our site may refuse what others relay", "here~", "A * from=ours", "A -> a.com"},

    // Scope.
    {"scoped here", "", "A * from=ours scoped", "A -> a.com"},
    {"scoped to another server of this site", "", "A * from=near scoped", "relay to A"},
    {"scoped to this site", "", "A * from=site/here scoped", "A -> a.com"},
    {"scoped elsewhere", "", "A * from=far scoped", kNobody},
    {"scoped elsewhere loses to any", "", "A a.com from=far scoped|B *;99", "B -> a.com"},
    {"scoped to several sites, ours among them", "", "A * from=far,near scoped", "relay to A"},
    {"unscoped elsewhere", "", "A * from=far", "relay to A"},
    {"out of scope and off", "", "A * from=far scoped off", kNobody},

    // Hub sites.
    {"a hub on the way", "hub!|here-hub=1|hub-there=1", "A * from=far", "relay to hub hub"},
    {"a site on the way that is no hub", "hub|here-hub=1|hub-there=1", "A * from=far",
     "relay to A"},
    {"a hub beside the way", "hub!|here-hub=1|hub-there=1|here-there=1", "A * from=far",
     "relay to A"},
    {"the first hub of two", "h1!|h2!|here-h1=1|h1-h2=1|h2-there=1", "A * from=far",
     "relay to hub h1"},
    {"the first that is one", "h1|h2!|here-h1=1|h1-h2=1|h2-there=1", "A * from=far",
     "relay to hub h2"},
    {"the target itself is the hub", "there!|here-there=1", "A * from=far", "relay to A"},
    {"our own site is a hub", "here!|here-there=1", "A * from=far", "relay to A"},
    {"a hub that takes no mail", "hub~|here-hub=1|hub-there=1", "A * from=far", "relay to A"},
    {"the dearer way has the hub", "hub!|here-hub=5|hub-there=5|here-there=9", "A * from=far",
     "relay to A"},
    {"fewer hops at one cost pass the hub by", "hub!|here-hub=5|hub-there=5|here-there=10",
     "A * from=far", "relay to A"},
    {"of equal ways the lower last site", "x1!|x2|here-x1=5|x1-there=5|here-x2=5|x2-there=5",
     "A * from=far", "relay to hub x1"},
    {"the last site counts first", "a!|b|y|z|here-a=1|here-b=1|a-z=1|b-y=1|z-there=1|y-there=1",
     "A * from=far", "relay to A"},
    {"our own server in another site is never a hub of ours", "here!", "A * from=near",
     "relay to A"},

    // Sizes of links.
    {"a link that is too small", "here-there=1/64KB", "A * from=far", "reject 5.3.4", 65537},
    {"a link that just fits", "here-there=1/64KB", "A * from=far", "relay to A", 65536},
    {"the smallest link of the way", "x|here-x=1|x-there=1/64KB", "A * from=far", "reject 5.3.4",
     65537},
    {"a small link beside the way", "x|here-x=1/64KB|x-there=9|here-there=2", "A * from=far",
     "relay to A", 65537},
    {"the path is chosen by cost, not by size", "x|here-x=1/64KB|x-there=1|here-there=9",
     "A * from=far", "reject 5.3.4", 65537},
    {"a small link is no reason for another connector", "here-there=1/64KB", "A * from=far|B *;50",
     "reject 5.3.4", 65537},
    {"of parallel links at one cost the larger", "here-there=1/64KB|there-here=1", "A * from=far",
     "relay to A", 65537},
    {"a source of this site needs no link", "here-there=1/64KB", "A * from=near", "relay to A",
     65537},

    // Other address types.
    {"an IMCEA address of ours", "", "A *|F FAX:* host=f.com", "F -> f.com", 1000,
     "IMCEAFAX-+2B1555@contoso.com"},
    {"its type and case", "", "F fax:+1555 host=f.com", "F -> f.com", 1000,
     "imceaFax-+2b1555@Contoso.COM"},
    {"exact before any", "", "F FAX:*;1 host=f.com|G FAX:+1555;9 host=g.com", "G -> g.com", 1000,
     "IMCEAFAX-+2B1555@contoso.com"},
    {"any takes what none has exactly", "", "F FAX:*;1 host=f.com|G FAX:+1556;9 host=g.com",
     "F -> f.com", 1000, "IMCEAFAX-+2B1555@contoso.com"},
    {"never by an SMTP connector", "", "A *|B contoso.com", "reject 5.1.2", 1000,
     "IMCEAFAX-+2B1555@contoso.com"},
    {"in a domain of others it is an SMTP address", "", "A *|F FAX:* host=f.com", "A -> a.com",
     1000, "IMCEAFAX-+2B1555@a.com"},
    {"in a domain that we only relay too", "", "A *|F FAX:* host=f.com", "A -> partner.com", 1000,
     "IMCEAFAX-+2B1555@partner.com"},
    {"what cannot be decoded is an SMTP address", "", "A *|F FAX:* host=f.com", "A -> contoso.com",
     1000, "IMCEAFAX-+ZZ@contoso.com"},
    {"SMTP is not encapsulated", "", "A *", "A -> contoso.com", 1000,
     "IMCEASMTP-joe+40a.com@contoso.com"},
    {"all too small for a fax", "", "F FAX:* host=f.com size=1KB", "reject 5.3.4", 5000,
     "IMCEAFAX-1@contoso.com"},
    {"a fax relayed", "", "F FAX:* host=f.com from=far", "relay to F", 1000,
     "IMCEAFAX-1@contoso.com"},
    {"X400 by its attributes", "", "X X400:c=us;a=adatum;3 host=x.com", "X -> x.com", 1000,
     "IMCEAX400-c=US+3Ba=ADatum+3Bp=MyOrg+3Bs=Lee@contoso.com"},
    {"X400 between slashes", "", "X X400:/c=us/a=adatum;3 host=x.com", "X -> x.com", 1000,
     "IMCEAX400-_s=Lee_a=adatum_c=us@contoso.com"},
    {"X400 with another value", "", "X X400:c=us;a=adatum;3 host=x.com", "reject 5.1.2", 1000,
     "IMCEAX400-c=us+3Ba=other@contoso.com"},
    {"more attributes are closer", "", "X X400:c=us;1 host=x.com|Y X400:c=us;a=adatum;9 host=y.com",
     "Y -> y.com", 1000, "IMCEAX400-c=us+3Ba=adatum+3Bs=Lee@contoso.com"},
    {"X400 any comes last", "", "X X400:*;1 host=x.com|Y X400:c=us;9 host=y.com", "Y -> y.com",
     1000, "IMCEAX400-c=us+3Bs=Lee@contoso.com"},
    {"X400 any", "", "X X400:*;1 host=x.com", "X -> x.com", 1000, "IMCEAX400-s=Lee@contoso.com"},
};

// proves: AddressSpaces, IsScopedConnector
TEST(SelectSitesTest, EachRowHolds) {
  static_assert(std::size(kSiteSelections) >= 80);
  std::cout << "rows: " << std::size(kSiteSelections) << std::endl;
  for (const SiteSelection& row : kSiteSelections) {
    RecipientQuery query;
    query.address = row.address;
    query.size = row.size;
    const auto snapshot = DirectoryOf(row.connectors, row.map);
    EXPECT_EQ(Shown(Select(*snapshot, "OURS", query)), row.decision) << row.fact;
  }
}

TEST(SelectSitesTest, AQueryMayNameItsType) {
  const RouteTable table(DirectoryOf("A *|F FAX:*;5 host=f.com|G FAX:123;9 host=g.com"), "ours");
  RecipientQuery query;
  query.type = "fax";
  query.address = "999";
  EXPECT_EQ(Shown(Select(table, query)), "F -> f.com");
  query.address = "123";
  EXPECT_EQ(Shown(Select(table, query)), "G -> g.com");
  query.type = "X400";
  EXPECT_EQ(Shown(Select(table, query)), "reject 5.1.2");
}

TEST(SelectSitesTest, ARelayIsAQueueOfItsConnectorOrOfItsHub) {
  const RouteTable table(
      DirectoryOf("A a.com from=far|B b.com from=x-1", "h!|x|here-there=1|here-h=1|h-x=1"), "ours");
  EXPECT_EQ(std::get<model::NextHop>(Select(table, To("a.com"))),
            (model::NextHop{model::DeliveryType::kSmtpRelayToConnectorSourceServers, "A", "A"}));
  EXPECT_EQ(std::get<model::NextHop>(Select(table, To("b.com"))),
            (model::NextHop{model::DeliveryType::kSmtpRelayToRemoteActiveDirectorySite, "h", ""}));
}

TEST(SelectSitesTest, ExchangeCostStandsBeforeCost) {
  directory::SnapshotParts parts;
  parts.sites = {{"here", {}, ""}, {"there", {}, ""}};
  parts.servers = {{"ours", "here", "o:1", ""}, {"far", "there", "f:1", ""}};
  parts.links = {{"l", {"here", "there"}, 50, 2}};
  parts.connectors = {testing::ConnectorOf("A *;1 from=far"), testing::ConnectorOf("B *;4")};
  const auto snapshot = directory::MakeSnapshot(std::move(parts));
  EXPECT_EQ(Shown(Select(*snapshot, "ours", To("a.com"))), "relay to A");
}

}  // namespace
}  // namespace postern::route
