#include "bench/micro/work.h"
#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "services/mailbox-transport/route/select.h"
#include "tests/services/mailbox-transport/route/routing_fixture.h"

namespace postern::bench {
namespace {

// Each connector has a domain and its subdomains; one takes the rest. A third of the recipients has
// a connector of its own, a third a subdomain of one, a third none.
Run Routing(int connectors) {
  std::string lines = "rest *";
  for (int i = 1; i < connectors; ++i) {
    const std::string number = std::to_string(i);
    lines += "|c" + number + " d" + number + ".test,*.s" + number + ".test";
  }
  auto table =
      std::make_shared<const route::RouteTable>(route::testing::DirectoryOf(lines), "ours");
  std::vector<route::RecipientQuery> queries;
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i * connectors / 30);
    queries.push_back(route::testing::To("d" + number + ".test"));
    queries.push_back(route::testing::To("mail.s" + number + ".test"));
    queries.push_back(route::testing::To("other" + number + ".fabrikam.com"));
  }
  return [table, queries](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const route::Decision decision = route::Select(*table, queries[i % queries.size()]);
      POSTERN_CHECK(std::holds_alternative<model::NextHop>(decision));
    }
  };
}

}  // namespace

void AddRouteWorks(Works& works) {
  works.push_back({"route.select_1", 900, [] { return Routing(1); }});
  works.push_back({"route.select_100", 900, [] { return Routing(100); }});
  works.push_back({"route.select_10000", 900, [] { return Routing(10'000); }});
}

}  // namespace postern::bench
