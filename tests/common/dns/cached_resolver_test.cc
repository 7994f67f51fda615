#include "common/dns/cached_resolver.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/await.h"
#include "tests/support/dns_servers.h"

namespace postern::dns {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CachedResolverTest, TheSecondQuestionAsksNobody) {
  // a.test MX 10 mx.test, for five minutes.
  const std::string record(
      "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x0b\x00\x0a\x02mx\x04test\x00", 23);
  testing::ScriptedDns server(testing::ScriptedDns::Bytes(record));
  io::Executor executor("cached");
  executor.Start();
  observe::Registry registry;
  std::unique_ptr<CachedResolver> made;
  CachedResolver::Options options;
  options.network.servers = {server.server()};
  executor.Run([&] { made = *CachedResolver::Make(executor, options, &registry); });
  for (int again = 0; again < 2; ++again) {
    const auto answer = testing::Await(executor, made->resolver().Mx("a.test"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->records.at(0).host, "mx.test");
    EXPECT_EQ(server.questions(), 1);
  }
  const std::string counted = registry.Text();
  EXPECT_THAT(counted, HasSubstr("{resolver=\"internal\",result=\"answer\"} 1"));
  EXPECT_THAT(counted, HasSubstr("cached_answers_total{resolver=\"internal\"} 1"));
  executor.Run([&] { made.reset(); });
  executor.Stop();
}

TEST(CachedResolverTest, EachQuestionIsCountedByItsResult) {
  const testing::ScriptedDns empty(testing::ScriptedDns::Code(0));
  const testing::ScriptedDns missing(testing::ScriptedDns::Code(3));
  const testing::ScriptedDns broken(testing::ScriptedDns::Code(2));
  const testing::ScriptedDns silent(testing::ScriptedDns::Silence());
  observe::Registry registry;
  io::Executor executor("cached");
  executor.Start();
  CachedResolver::Options options;
  options.name = "external";
  options.network.per_server_timeout = absl::Milliseconds(100);
  options.network.tries = 1;
  for (const auto* server : {&empty, &missing, &broken, &silent}) {
    options.network.servers = {server->server()};
    std::unique_ptr<CachedResolver> made;
    executor.Run([&] { made = *CachedResolver::Make(executor, options, &registry); });
    // An address is two questions.
    testing::Await(executor, made->resolver().Addresses("a.test")).status().IgnoreError();
    executor.Run([&] { made.reset(); });
  }
  executor.Stop();
  const std::string counted = registry.Text();
  for (const std::string result : {"no_data", "no_name", "server_failure", "timeout"}) {
    EXPECT_THAT(counted, HasSubstr("{resolver=\"external\",result=\"" + result + "\"} 2"));
  }
  EXPECT_THAT(counted, HasSubstr("{resolver=\"external\",result=\"answer\"} 0"));
  EXPECT_THAT(counted, HasSubstr("question_seconds_count{resolver=\"external\"} 8"));
}

TEST(CachedResolverTest, AServerThatIsNoneIsNamed) {
  io::Executor executor("cached");
  executor.Start();
  CachedResolver::Options options;
  options.network.servers = {"not a server"};
  options.servers_key = "deliver.dns_servers";
  executor.Run([&] {
    const auto made = CachedResolver::Make(executor, options);
    EXPECT_TRUE(absl::IsInvalidArgument(made.status())) << made.status();
    EXPECT_EQ(made.status().message().find("deliver.dns_servers: "), 0u) << made.status();
  });
  executor.Stop();
}

TEST(CachedResolverTest, AutoSaysWhyItDoesNotTrust) {
  struct Row {
    std::vector<std::string> servers;
    TrustAd trust;
    bool says;
  };

  const Row rows[] = {
      {{"192.0.2.53"}, TrustAd::kAuto, true},
      {{"127.0.0.1", "192.0.2.53"}, TrustAd::kAuto, true},
      {{"127.0.0.1"}, TrustAd::kAuto, false},
      {{"192.0.2.53"}, TrustAd::kNo, false},
  };
  io::Executor executor("cached");
  executor.Start();
  for (const Row& row : rows) {
    CachedResolver::Options options;
    options.network.servers = row.servers;
    options.trust_ad = row.trust;
    options.servers_key = "egress.dns_servers";
    options.trust_ad_key = "dns.trust_ad";
    executor.Run([&] {
      const auto made = *CachedResolver::Make(executor, options);
      EXPECT_EQ(!made->distrust().empty(), row.says) << row.servers.back();
      if (!row.says) return;
      EXPECT_THAT(made->distrust(),
                  AllOf(HasSubstr("dns.trust_ad: auto does not believe the name server 192.0.2.53"),
                        HasSubstr(" of egress.dns_servers, which is not on this machine"),
                        HasSubstr("set yes and dns.trust_ad_remote to true")));
    });
  }
  executor.Stop();
}

TEST(CachedResolverTest, TheAuthenticDataBitIsTrustedFromThisMachineOrByAWord) {
  struct Row {
    std::vector<std::string> servers;
    TrustAd trust;
    bool remote;
    std::string_view result;  // "yes", "no", or "refused"
  };

  const Row rows[] = {
      {{"127.0.0.1"}, TrustAd::kAuto, false, "yes"},
      {{"127.0.0.53:5353", "[::1]:53"}, TrustAd::kAuto, false, "yes"},
      {{"192.0.2.53"}, TrustAd::kAuto, false, "no"},
      {{"192.0.2.53"}, TrustAd::kAuto, true, "no"},
      {{"127.0.0.1", "192.0.2.53"}, TrustAd::kAuto, false, "no"},
      {{"127.0.0.1"}, TrustAd::kYes, false, "yes"},
      {{"127.0.0.1", "[2001:db8::53]:53"}, TrustAd::kYes, false, "refused"},
      {{"192.0.2.53"}, TrustAd::kYes, true, "yes"},
      {{"127.0.0.1"}, TrustAd::kNo, true, "no"},
  };
  io::Executor executor("cached");
  executor.Start();
  for (const Row& row : rows) {
    CachedResolver::Options options;
    options.network.servers = row.servers;
    options.trust_ad = row.trust;
    options.trust_ad_remote = row.remote;
    options.servers_key = "egress.dns_servers";
    options.trust_ad_key = "dns.trust_ad";
    executor.Run([&] {
      const auto made = CachedResolver::Make(executor, options);
      const std::string_view result = !made.ok() ? "refused" : (*made)->trusts_ad() ? "yes" : "no";
      EXPECT_EQ(result, row.result) << row.servers.back();
      if (made.ok()) return;
      EXPECT_TRUE(absl::IsFailedPrecondition(made.status()));
      EXPECT_THAT(std::string(made.status().message()),
                  AllOf(HasSubstr("dns.trust_ad: yes, but the name server [2001:db8::53]:53 of "
                                  "egress.dns_servers is not on this machine"),
                        HasSubstr("set dns.trust_ad_remote to true")));
    });
  }
  executor.Stop();
}

}  // namespace
}  // namespace postern::dns
