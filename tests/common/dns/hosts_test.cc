#include "common/dns/hosts.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"

namespace postern::dns {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostsTest : public ::testing::Test {
 protected:
  HostsTest() { executor_.Start(); }

  ~HostsTest() override { executor_.Stop(); }

  HostsAnswer Ask(std::string domain) {
    return testing::Await(executor_, HostsFor(dns_, random_, rules_, std::move(domain)));
  }

  HostsAnswer AskSmart(std::vector<std::string> smart_hosts) {
    return testing::Await(executor_,
                          HostsForSmartHosts(dns_, random_, rules_, std::move(smart_hosts)));
  }

  static std::vector<std::string> Names(const HostsAnswer& answer) {
    std::vector<std::string> names;
    for (const auto& host : answer.hosts)
      names.push_back(host.name);
    return names;
  }

  static std::vector<std::string> Addresses(const Host& host) {
    std::vector<std::string> out;
    for (const auto& address : host.addresses)
      out.push_back(address.ToString());
    return out;
  }

  // "5.4.4" of a failure, or the names of the hosts.
  static std::string Result(const HostsAnswer& answer) {
    if (answer.ok()) return base::Join(Names(answer), " ");
    const auto& code = answer.enhanced;
    return base::Cat(code.klass, ".", code.subject, ".", code.detail);
  }

  io::Executor executor_{"hosts"};
  testing::FakeResolver dns_;
  base::SeededRandom random_{1};
  LookupRules rules_;
};

TEST_F(HostsTest, HostsComeByPreference) {
  dns_.Mx("a.test", {{30, "c.test"}, {10, "a1.test"}, {20, "b.test"}});
  for (const char* host : {"a1.test", "b.test", "c.test"})
    dns_.A(host, "192.0.2.1");
  const auto answer = Ask("a.test");
  EXPECT_THAT(Names(answer), ElementsAre("a1.test", "b.test", "c.test"));
  EXPECT_EQ(answer.hosts[2].preference, 30);
  EXPECT_EQ(answer.ttl, absl::Minutes(5));
  EXPECT_EQ(answer.mx_set, "10 a1.test, 20 b.test, 30 c.test");
}

TEST_F(HostsTest, HostsWithoutMxRecordsAreOfNoSet) {
  dns_.A("a.test", "192.0.2.1");
  EXPECT_EQ(Ask("a.test").mx_set, "");
  EXPECT_EQ(AskSmart({"a.test"}).mx_set, "");
}

TEST_F(HostsTest, EqualPreferencesAreShuffled) {
  dns_.Mx("a.test", {{10, "x.test"}, {10, "y.test"}, {10, "z.test"}, {20, "last.test"}});
  for (const char* host : {"x.test", "y.test", "z.test", "last.test"})
    dns_.A(host, "192.0.2.1");
  std::set<std::string> orders;
  for (int i = 0; i < 200; ++i) {
    const auto answer = Ask("a.test");
    EXPECT_EQ(Names(answer).at(3), "last.test");
    orders.insert(Result(answer));
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST_F(HostsTest, FamiliesTakeTurnsInsideAHost) {
  dns_.Mx("a.test", {{10, "mx.test"}});
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"})
    dns_.A("mx.test", address);
  EXPECT_THAT(Addresses(Ask("a.test").hosts.at(0)),
              ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"));
}

TEST_F(HostsTest, DomainWithoutMxIsItsOwnHost) {
  dns_.A("a.test", "192.0.2.7");
  const auto answer = Ask("a.test");
  EXPECT_EQ(Result(answer), "a.test");
  EXPECT_THAT(Addresses(answer.hosts.at(0)), ElementsAre("192.0.2.7"));
}

TEST_F(HostsTest, MxThatDoesNotResolveNeverFallsBackToTheDomain) {
  dns_.Mx("a.test", {{10, "gone.test"}});
  dns_.A("a.test", "192.0.2.7");
  EXPECT_EQ(Result(Ask("a.test")), "5.4.4");
  dns_.NoData("gone.test");
  EXPECT_EQ(Result(Ask("a.test")), "5.4.4");
}

TEST_F(HostsTest, FailedMxLookupNeverFallsBackToTheDomain) {
  dns_.A("a.test", "192.0.2.7");
  dns_.MxFails("a.test", absl::UnavailableError("dns mx a.test: server failure"));
  const auto answer = Ask("a.test");
  EXPECT_EQ(Result(answer), "4.4.3");
  EXPECT_THAT(std::string(answer.error.message()), HasSubstr("dns mx a.test: server failure"));
  EXPECT_EQ(dns_.address_questions("a.test"), 0);
}

TEST_F(HostsTest, EachKindOfFailureHasItsCode) {
  dns_.ServFail("servfail.test");
  dns_.Timeout("slow.test");
  dns_.NoData("empty.test");
  dns_.NoData("slow-address.test");
  dns_.AddressesFail("slow-address.test", absl::DeadlineExceededError("no answer"));
  dns_.MxFails("bad name", absl::InvalidArgumentError("not a domain name"));
  dns_.MxFails("stopped.test", absl::CancelledError("stopping"));
  dns_.Mx("null.test", {{0, "."}});

  const struct {
    const char *domain, *code;
  } kCases[] = {
      {"nxdomain.test", "5.4.4"},     {"servfail.test", "4.4.3"}, {"slow.test", "4.4.3"},
      {"empty.test", "5.4.4"},        {"bad name", "5.1.2"},      {"null.test", "5.1.10"},
      {"slow-address.test", "4.4.3"}, {"stopped.test", "0.0.0"},  {"[nonsense]", "5.1.2"}};

  for (const auto& row : kCases)
    EXPECT_EQ(Result(Ask(row.domain)), row.code) << row.domain;
}

TEST_F(HostsTest, OneTransientHostMakesTheWholeTransient) {
  dns_.Mx("a.test", {{10, "gone.test"}, {20, "slow.test"}});
  dns_.Timeout("slow.test");
  EXPECT_EQ(Result(Ask("a.test")), "4.4.3");
}

TEST_F(HostsTest, UsableHostOutweighsBrokenOnes) {
  dns_.Mx("a.test", {{10, "gone.test"}, {20, "slow.test"}, {30, "good.test"}});
  dns_.Timeout("slow.test");
  dns_.A("good.test", "192.0.2.1");
  EXPECT_EQ(Result(Ask("a.test")), "good.test");
}

TEST_F(HostsTest, WhatCouldNotBeLookedUpIsToldBesideTheOthers) {
  dns_.Mx("a.test", {{10, "slow.test"}, {20, "gone.test"}, {30, "good.test"}});
  dns_.A("good.test", "192.0.2.1");
  EXPECT_FALSE(Ask("a.test").partial);
  dns_.Timeout("slow.test");
  EXPECT_TRUE(Ask("a.test").partial);
}

TEST_F(HostsTest, NullMxBesideRealOnesMeansNothing) {
  dns_.Mx("a.test", {{0, "."}, {10, "mx.test"}});
  dns_.A("mx.test", "192.0.2.1");
  EXPECT_EQ(Result(Ask("a.test")), "mx.test");
}

TEST_F(HostsTest, AddressAsMxTargetIsPassedOver) {
  dns_.Mx("a.test", {{10, "192.0.2.9"}, {20, "mx.test"}});
  dns_.A("mx.test", "192.0.2.1");
  EXPECT_EQ(Result(Ask("a.test")), "mx.test");
  dns_.Mx("b.test", {{10, "192.0.2.9"}});
  EXPECT_EQ(Result(Ask("b.test")), "5.4.4");
}

TEST_F(HostsTest, HostNamedTwiceIsTriedOnceAtItsBestPreference) {
  dns_.Mx("a.test", {{20, "mx.test"}, {10, "mx.test"}});
  dns_.A("mx.test", "192.0.2.1");
  const auto answer = Ask("a.test");
  EXPECT_EQ(Result(answer), "mx.test");
  EXPECT_EQ(answer.hosts[0].preference, 10);
}

TEST_F(HostsTest, AnExchangerThatLeadsNowhereTakesWorseOnesWithItUnlessLenient) {
  dns_.Mx("a.test", {{10, "good.test"}, {20, "gone.test"}, {20, "beside.test"}, {30, "last.test"}});
  for (const char* host : {"good.test", "beside.test", "last.test"})
    dns_.A(host, "192.0.2.1");
  EXPECT_EQ(Ask("a.test").hosts.size(), 3u);
  rules_.lenient = false;
  EXPECT_EQ(Result(Ask("a.test")), "good.test");
  dns_.Mx("b.test", {{10, "gone.test"}, {20, "good.test"}});
  EXPECT_EQ(Result(Ask("b.test")), "5.4.4");
}

TEST_F(HostsTest, ExchangersFromOursOnWouldBringTheMailBack) {
  rules_.own_names = {"ours.test"};
  for (const char* host : {"first.test", "ours.test", "equal.test", "worse.test"})
    dns_.A(host, "192.0.2.1");
  dns_.Mx("a.test",
          {{10, "first.test"}, {20, "ours.test"}, {20, "equal.test"}, {30, "worse.test"}});
  EXPECT_EQ(Result(Ask("a.test")), "first.test");
  dns_.Mx("b.test", {{20, "ours.test"}, {30, "worse.test"}});
  const auto loops = Ask("b.test");
  EXPECT_EQ(Result(loops), "5.3.5");
  EXPECT_THAT(std::string(loops.error.message()), HasSubstr("best mail exchanger"));
}

TEST_F(HostsTest, AHostIsSecureWhenTheWholeWayToItIs) {
  dns_.Mx("a.test", {{10, "signed.test"}, {20, "unsigned.test"}});
  dns_.Secure("a.test");
  dns_.A("signed.test", "192.0.2.1");
  dns_.Secure("signed.test");
  dns_.Alias("signed.test", "canonical.test");
  dns_.A("unsigned.test", "192.0.2.2");
  const auto answer = Ask("a.test");
  EXPECT_TRUE(answer.hosts.at(0).secure);
  EXPECT_EQ(answer.hosts.at(0).canonical, "canonical.test");
  EXPECT_FALSE(answer.hosts.at(1).secure);
  dns_.Mx("b.test", {{10, "signed.test"}});
  EXPECT_FALSE(Ask("b.test").hosts.at(0).secure);
  dns_.A("c.test", "192.0.2.1");
  EXPECT_FALSE(Ask("c.test").hosts.at(0).secure);
  dns_.Secure("c.test");
  EXPECT_TRUE(Ask("c.test").hosts.at(0).secure);
}

TEST_F(HostsTest, AHundredHostsAndTwentyAddressesAreEnough) {
  std::vector<MxRecord> records;
  for (int i = 0; i < 150; ++i)
    records.push_back({10, base::Cat("gone", i, ".test")});
  dns_.Mx("a.test", records);
  EXPECT_EQ(Result(Ask("a.test")), "5.4.4");
  EXPECT_EQ(dns_.questions(), 101);
  for (int i = 0; i < 150; ++i)
    dns_.A(base::Cat("gone", i, ".test"), "192.0.2.1");
  EXPECT_EQ(Ask("a.test").hosts.size(), 20u);
}

TEST_F(HostsTest, DomainLiteralGoesStraightToItsAddress) {
  EXPECT_THAT(Addresses(Ask("[192.0.2.1]").hosts.at(0)), ElementsAre("192.0.2.1"));
  EXPECT_THAT(Addresses(Ask("[IPv6:2001:db8::1]").hosts.at(0)), ElementsAre("2001:db8::1"));
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(HostsTest, NeitherARecordNorALiteralLeadsWhereNoMailGoes) {
  rules_.refused = {*io::Network::Parse("127.0.0.0/8"), *io::Network::Parse("::1")};
  dns_.Mx("evil.test", {{10, "here.test"}});
  dns_.A("here.test", "127.0.0.1");
  HostsAnswer answer = Ask("evil.test");
  EXPECT_EQ(Result(answer), "5.4.4");
  EXPECT_THAT(std::string(answer.error.message()),
              HasSubstr("dns mx evil.test: here.test leads to 127.0.0.1, where no mail goes "
                        "(dns.refused_networks)"));
  dns_.Mx("alone.test", {});
  dns_.A("alone.test", "127.0.0.2");
  EXPECT_EQ(Result(Ask("alone.test")), "5.4.4");
  EXPECT_EQ(Result(Ask("[127.0.0.1]")), "5.1.2");
  EXPECT_EQ(Result(Ask("[IPv6:::1]")), "5.1.2");
  EXPECT_EQ(Result(AskSmart({"[127.0.0.1]"})), "[127.0.0.1]");
  EXPECT_EQ(Result(AskSmart({"here.test"})), "here.test");
}

TEST_F(HostsTest, OtherAddressesAndHostsAreUsedBesideThoseWhereNoMailGoes) {
  rules_.refused = {*io::Network::Parse("127.0.0.0/8"), *io::Network::Parse("::1")};
  dns_.Mx("a.test", {{10, "here.test"}, {20, "both.test"}});
  dns_.A("here.test", "127.0.0.1");
  dns_.A("both.test", "::1");
  dns_.A("both.test", "192.0.2.1");
  const HostsAnswer answer = Ask("a.test");
  EXPECT_EQ(Result(answer), "both.test");
  EXPECT_THAT(Addresses(answer.hosts.at(0)), ElementsAre("192.0.2.1"));
  rules_.lenient = false;
  EXPECT_EQ(Result(Ask("a.test")), "5.4.4");
}

TEST_F(HostsTest, SmartHostsShareTheLoad) {
  std::map<std::string, int> first;
  for (int i = 0; i < 300; ++i)
    ++first[Names(AskSmart({"192.0.2.1", "192.0.2.2", "192.0.2.3"})).at(0)];
  EXPECT_EQ(first.size(), 3u);
  for (const auto& [host, times] : first)
    EXPECT_GT(times, 60) << host;
}

TEST_F(HostsTest, SmartHostsKeepTheOrderOfTheirListWhenTheyAreNotBalanced) {
  rules_.balanced = false;
  dns_.A("relay.test", "192.0.2.1");
  const auto answer = AskSmart({"relay.test", "[192.0.2.2]", "192.0.2.3", "[2001:db8::4]"});
  EXPECT_THAT(Names(answer),
              ElementsAre("relay.test", "[192.0.2.2]", "192.0.2.3", "[2001:db8::4]"));
  EXPECT_THAT(Addresses(answer.hosts[3]), ElementsAre("2001:db8::4"));
  EXPECT_EQ(dns_.questions(), 1);
}

TEST_F(HostsTest, SmartHostWithoutAddressIsFoundByMx) {
  dns_.Mx("relay.test", {{20, "second.test"}, {10, "first.test"}});
  dns_.A("first.test", "192.0.2.1");
  dns_.A("second.test", "192.0.2.2");
  const auto answer = AskSmart({"relay.test"});
  EXPECT_EQ(Result(answer), "first.test second.test");
  // The name that its certificate is checked against.
  for (const Host& host : answer.hosts)
    EXPECT_EQ(host.smart_host, "relay.test");
}

TEST_F(HostsTest, WrongSmartHostsMakeMailWait) {
  const auto answer = AskSmart({"typo.test"});
  EXPECT_EQ(Result(answer), "4.4.4");
  EXPECT_THAT(std::string(answer.error.message()), HasSubstr("typo.test"));
  dns_.ServFail("down.test");
  EXPECT_EQ(Result(AskSmart({"typo.test", "down.test"})), "4.4.3");
  EXPECT_EQ(Result(AskSmart({})), "4.4.4");
}

}  // namespace
}  // namespace postern::dns
