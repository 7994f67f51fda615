#include "services/mailbox-transport/route/select.h"

#include <iostream>

#include "gtest/gtest.h"

#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::route {
namespace {

using testing::DirectoryOf;
using testing::Shown;
using testing::To;

struct Selection {
  const char* fact;
  const char* connectors;
  const char* domain;
  const char* decision;
  std::uint64_t size = 1000;
};

constexpr char kNone[] =
    "unreachable: A matching connector cannot be found to route the external recipient";
constexpr char kRelayA[] = "relay to A";

constexpr Selection kSelections[] = {
    // Address spaces.
    {"no connectors", "", "a.com", kNone},
    {"any", "A *", "a.com", "A -> a.com"},
    {"exact", "A a.com", "a.com", "A -> a.com"},
    {"exact is no subdomain", "A a.com", "b.a.com", kNone},
    {"exact is no parent", "A b.a.com", "a.com", kNone},
    {"exact is no ending", "A a.com", "ba.com", kNone},
    {"wildcard takes the domain", "A *.a.com", "a.com", "A -> a.com"},
    {"wildcard takes a subdomain", "A *.a.com", "b.a.com", "A -> b.a.com"},
    {"wildcard takes deep subdomains", "A *.a.com", "d.c.b.a.com", "A -> d.c.b.a.com"},
    {"wildcard is no ending", "A *.a.com", "ba.com", kNone},
    {"top-level wildcard", "A *.com", "x.com", "A -> x.com"},
    {"other top level", "A *.com", "x.org", kNone},
    {"second space", "A b.com,a.com", "a.com", "A -> a.com"},
    {"case of the recipient", "A a.com", "A.CoM", "A -> a.com"},
    {"case of the space", "A A.COM", "a.com", "A -> a.com"},
    {"trailing dot", "A a.com", "a.com.", "A -> a.com"},
    {"U-label recipient", "A xn--bcher-kva.example", "bücher.example",
     "A -> xn--bcher-kva.example"},
    {"U-label space", "A *.bücher.example", "x.xn--bcher-kva.example",
     "A -> x.xn--bcher-kva.example"},
    {"literal takes any", "A *", "[10.1.1.1]", "A -> [10.1.1.1]"},
    {"IPv6 literal", "A *", "[ipv6:2001:DB8::1]", "A -> [IPv6:2001:db8::1]"},
    {"literal takes no wildcard", "A *.com", "[a.b.com]", kNone},
    {"literal takes no domain", "A a.com", "[10.1.1.1]", kNone},
    {"one label", "A *.local|B *", "local", "A -> local"},
    {"underscore", "A *", "a_b.com", "A -> a_b.com"},
    // Specificity, which beats all that follows.
    {"exact before wildcard", "A *.a.com|B a.com", "a.com", "B -> a.com"},
    {"exact before any", "A *|B a.com", "a.com", "B -> a.com"},
    {"wildcard before any", "A *|B *.com", "a.com", "B -> a.com"},
    {"longer wildcard", "A *.com|B *.a.com", "b.a.com", "B -> b.a.com"},
    {"longest of four", "A *|B *.com|C *.a.com|D b.a.com", "b.a.com", "D -> b.a.com"},
    {"next when exact is another", "A *|B *.com|C *.a.com|D c.a.com", "b.a.com", "C -> b.a.com"},
    {"specificity beats cost", "A *;1|B a.com;100", "a.com", "B -> a.com"},
    {"specificity beats hops", "A a.com from=far|B *", "a.com", kRelayA},
    {"specificity beats name", "A *.com|B a.com", "a.com", "B -> a.com"},
    {"own closer space counts", "A *;50,a.com;50|B a.com;60", "a.com", "A -> a.com"},
    {"own cheaper any does not", "A *;1,a.com;9|B a.com;5", "a.com", "B -> a.com"},
    // Cost.
    {"lower cost", "A a.com;10|B a.com;5", "a.com", "B -> a.com"},
    {"default cost is 1", "A a.com;2|B a.com", "a.com", "B -> a.com"},
    {"cost of any", "A *;10|B *;9", "a.com", "B -> a.com"},
    {"cost beats hops", "A * from=near|B *;2", "a.com", kRelayA},
    {"cost beats name", "A *;2|B *;1", "a.com", "B -> a.com"},
    {"bounds of cost", "A *;100|B *;99", "a.com", "B -> a.com"},
    // Hops.
    {"local before same site", "A * from=near|B *", "a.com", "B -> a.com"},
    {"local before remote", "A * from=far|B *", "a.com", "B -> a.com"},
    {"same site before remote", "A * from=near|0 * from=far", "a.com", kRelayA},
    {"site/ours is local", "A * from=near|B * from=site/here", "a.com", "B -> a.com"},
    {"other site is remote", "A * from=near|0 * from=site/there", "a.com", kRelayA},
    {"only remote", "A * from=far", "a.com", kRelayA},
    {"only same site", "A * from=near", "a.com", kRelayA},
    {"one of several sources is this server", "A * from=far,near,ours", "a.com", "A -> a.com"},
    // Name.
    {"lowest name", "B *|A *", "a.com", "A -> a.com"},
    {"names without case", "b *|A *|C *", "a.com", "A -> a.com"},
    {"lower case before upper", "B *|a *", "a.com", "a -> a.com"},
    {"digits before letters", "A *|9 *", "a.com", "9 -> a.com"},
    {"numbers as text", "A2 *|A10 *", "a.com", "A10 -> a.com"},
    {"shorter name", "AB *|A *", "a.com", "A -> a.com"},
    // Enabled.
    {"disabled is ignored", "A * off|B *;9", "a.com", "B -> a.com"},
    {"disabled exact is ignored", "A a.com off|B *", "a.com", "B -> a.com"},
    {"all disabled", "A * off", "a.com", kNone},
    // Size.
    {"size fits exactly", "A * size=2KB", "a.com", "A -> a.com", 2048},
    {"one byte too large", "A * size=2KB", "a.com", "reject 5.3.4", 2049},
    {"too small falls to any", "A a.com size=1KB|B *", "a.com", "B -> a.com", 5000},
    {"too small falls to higher cost", "A * size=1KB|B *;9", "a.com", "B -> a.com", 5000},
    {"all too small", "A a.com size=1KB|B * size=2KB", "a.com", "reject 5.3.4", 5000},
    {"too small elsewhere", "A b.com size=1KB", "a.com", kNone, 5000},
    {"too small and disabled", "A * size=1KB off", "a.com", kNone, 5000},
    {"too small and remote", "A * size=1KB from=far", "a.com", "reject 5.3.4", 5000},
    {"small local, large remote", "0 * size=1KB|A *;9 from=far", "a.com", kRelayA, 5000},
    {"too small and out of scope", "A * size=1KB from=far scoped", "a.com", kNone, 5000},
    {"default is 25 MB", "A *", "a.com", "A -> a.com", 25 << 20},
    {"above the default", "A *", "a.com", "reject 5.3.4", (25 << 20) + 1},
    {"unlimited", "A * size=unlimited", "a.com", "A -> a.com", UINT64_MAX},
    {"zero takes only nothing", "A * size=0", "a.com", "reject 5.3.4", 1},
    // Next hops.
    {"smart host", "A * host=Mail.B.com", "a.com", "A -> mail.b.com"},
    {"smart hosts", "A * host=b.com,10.1.1.1,[10.1.1.2]", "a.com",
     "A -> b.com,[10.1.1.1],[10.1.1.2]"},
    {"proxied", "A * proxy", "a.com", "A -> a.com"},
    {"no domain", "A *", "", "reject 5.1.3"},
};

// proves: AddressSpaces
TEST(SelectTest, FollowsExchangesOrder) {
  static_assert(std::size(kSelections) >= 60);
  std::cout << "rows: " << std::size(kSelections) << std::endl;
  for (const Selection& row : kSelections) {
    const auto snapshot = DirectoryOf(row.connectors);
    EXPECT_EQ(Shown(Select(*snapshot, "OURS", To(row.domain, row.size))), row.decision) << row.fact;
  }
}

TEST(SelectTest, TheDeliveryTypeIsOfTheConnector) {
  const RouteTable table(DirectoryOf("A a.com|B b.com host=c.com"), "ours");
  EXPECT_EQ(std::get<model::NextHop>(Select(table, To("a.com"))).type,
            model::DeliveryType::kDnsConnectorDelivery);
  EXPECT_EQ(std::get<model::NextHop>(Select(table, To("b.com"))).type,
            model::DeliveryType::kSmartHostConnectorDelivery);
}

TEST(SelectTest, AServerThatTheDirectoryDoesNotKnowIsNoSource) {
  const RouteTable table(DirectoryOf("A * from=site/here"), "stranger");
  EXPECT_TRUE(std::holds_alternative<Unreachable>(Select(table, To("a.com"))));
}

TEST(SelectTest, AGivenDomainStandsBeforeThatOfTheAddress) {
  const RouteTable table(DirectoryOf("A a.com|B b.com"), "ours");
  RecipientQuery query = To("a.com");
  query.domain = "b.com";
  EXPECT_EQ(Shown(Select(table, query)), "B -> b.com");
}

TEST(SelectTest, EveryRuleHasItsName) {
  EXPECT_EQ(NameOf(LostAt::kNone), "");
  EXPECT_EQ(NameOf(LostAt::kSize), "size");
  EXPECT_EQ(NameOf(LostAt::kScope), "scope");
  EXPECT_EQ(NameOf(LostAt::kAddressSpace), "address space");
  EXPECT_EQ(NameOf(LostAt::kName), "name");
}

}  // namespace
}  // namespace postern::route
