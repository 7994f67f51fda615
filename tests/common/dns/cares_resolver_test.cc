#include "common/dns/cares_resolver.h"

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/dns/hosts.h"
#include "common/io/scope.h"
#include "common/mail/domain.h"
#include "tests/common/dns/dns_bytes.h"
#include "tests/support/await.h"
#include "tests/support/dns_servers.h"

namespace postern::dns {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Zone() {
  std::vector<std::string> options = {
      "--local-ttl=77",
      "--mx-host=a.test,mx1.a.test,10",
      "--mx-host=a.test,MX2.a.test,20",
      "--host-record=mx1.a.test,192.0.2.1,2001:db8::1",
      "--host-record=v4.test,192.0.2.4",
      "--cname=alias.test,v4.test",
      "--mx-host=aliased.test,alias.test,10",
      "--mx-host=xn--bcher-kva.test,v4.test,10",
      "--dns-rr=null.test,15,000000",
      "--dns-rr=_25._tcp.mx1.a.test,52,030101abcd",
      "--txt-record=_mta-sts.a.test,v=STSv1; id=7;",
  };
  for (int i = 0; i < 100; ++i) {
    options.push_back(base::Cat("--mx-host=big.test,a-mail-exchanger-", i, ".big.test,10"));
  }
  return options;
}

class CaresResolverTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { dnsmasq_ = new testing::Dnsmasq(Zone()); }

  static void TearDownTestSuite() {
    delete dnsmasq_;
    dnsmasq_ = nullptr;
  }

  CaresResolverTest() {
    executor_.Start();
    options_.servers = {dnsmasq_->server()};
    options_.per_server_timeout = absl::Milliseconds(2000);
    options_.query_timeout = absl::Seconds(10);
  }

  ~CaresResolverTest() override {
    executor_.Run([this] { resolver_.reset(); });
    executor_.Stop();
  }

  CaresResolver& Resolver() {
    if (resolver_ == nullptr) {
      executor_.Run([this] {
        auto made = CaresResolver::Make(executor_, options_);
        ASSERT_TRUE(made.ok()) << made.status();
        resolver_ = std::move(*made);
      });
    }
    return *resolver_;
  }

  // Only `servers`, which answer badly: a short life for each question.
  void Ask(std::vector<std::string> servers) {
    options_.servers = std::move(servers);
    options_.per_server_timeout = absl::Milliseconds(100);
    options_.tries = 1;
  }

  absl::StatusOr<MxAnswer> Mx(std::string domain) {
    return testing::Await(executor_, Resolver().Mx(std::move(domain)));
  }

  absl::StatusOr<AddressAnswer> Addresses(std::string host) {
    return testing::Await(executor_, Resolver().Addresses(std::move(host)));
  }

  HostsAnswer HostsOf(std::string domain) {
    base::SeededRandom random(1);
    const LookupRules rules;
    return testing::Await(executor_, HostsFor(Resolver(), random, rules, std::move(domain)));
  }

  std::vector<std::string> MxText(std::string domain) {
    const auto answer = Mx(std::move(domain));
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> out;
    if (!answer.ok()) return out;
    for (const auto& mx : answer->records)
      out.push_back(base::Cat(mx.preference, " ", mx.host));
    return out;
  }

  std::vector<std::string> AddressText(std::string host) {
    const auto answer = Addresses(std::move(host));
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> out;
    if (!answer.ok()) return out;
    for (const auto& address : answer->addresses)
      out.push_back(address.ToString());
    return out;
  }

  static testing::Dnsmasq* dnsmasq_;
  io::Executor executor_{"cares"};
  CaresResolver::Options options_;
  std::unique_ptr<CaresResolver> resolver_;
};

testing::Dnsmasq* CaresResolverTest::dnsmasq_ = nullptr;

TEST_F(CaresResolverTest, MxRecordsComeWithTheirTtl) {
  EXPECT_THAT(MxText("A.Test."), UnorderedElementsAre("10 mx1.a.test", "20 mx2.a.test"));
  EXPECT_EQ(Mx("a.test")->ttl, absl::Seconds(77));
}

TEST_F(CaresResolverTest, TlsaAndTextRecordsCome) {
  const auto tlsa = testing::Await(executor_, Resolver().Tlsa("_25._tcp.mx1.a.test"));
  ASSERT_TRUE(tlsa.ok()) << tlsa.status();
  const TlsaRecord expected{3, 1, 1, "\xab\xcd"};
  EXPECT_THAT(tlsa->records, ElementsAre(expected));
  const auto txt = testing::Await(executor_, Resolver().Txt("_mta-sts.a.test"));
  ASSERT_TRUE(txt.ok()) << txt.status();
  EXPECT_THAT(txt->records, ElementsAre("v=STSv1; id=7;"));
  const auto none = testing::Await(executor_, Resolver().Tlsa("_25._tcp.v4.test"));
  EXPECT_TRUE(absl::IsNotFound(none.status())) << none.status();
}

TEST_F(CaresResolverTest, NameOfAnAddressComes) {
  const io::IpAddress known = *io::IpAddress::Parse("192.0.2.4");
  const auto names = testing::Await(executor_, Resolver().Ptr(ReverseName(known)));
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(names->names, ElementsAre("v4.test"));
  EXPECT_EQ(names->ttl, absl::Seconds(77));
}

TEST_F(CaresResolverTest, AnAliasTellsItsCanonicalName) {
  EXPECT_EQ(Addresses("alias.test")->canonical, "v4.test");
  EXPECT_EQ(Addresses("v4.test")->canonical, "");
}

TEST_F(CaresResolverTest, TheQuestionAsksForValidationAndTheAnswerCountsOnlyWhenTrusted) {
  for (const bool trusted : {false, true}) {
    std::atomic<int> asked_for_it{0};
    testing::ScriptedDns dns([&](const std::string& question) {
      asked_for_it += (static_cast<unsigned char>(question[3]) & 0x20) != 0 ? 1 : 0;
      std::string answer = question;
      answer[2] = static_cast<char>(0x81);
      answer[3] = static_cast<char>(0xA0);
      return answer;
    });
    executor_.Run([this] { resolver_.reset(); });
    Ask({dns.server()});
    options_.trust_ad = trusted;
    const auto answer = Mx("a.test");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->secure, trusted);
    EXPECT_GE(asked_for_it, 1);
  }
}

TEST_F(CaresResolverTest, AddressesComeInBothFamilies) {
  EXPECT_THAT(AddressText("mx1.a.test"), ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_THAT(AddressText("v4.test"), ElementsAre("192.0.2.4"));
}

TEST_F(CaresResolverTest, Ipv6CanBeLeftOut) {
  options_.families = CaresResolver::Families::kIpv4;
  EXPECT_THAT(AddressText("mx1.a.test"), ElementsAre("192.0.2.1"));
  EXPECT_TRUE(absl::IsNotFound(Addresses("gone.test").status()));
}

TEST_F(CaresResolverTest, Ipv4CanBeLeftOut) {
  options_.families = CaresResolver::Families::kIpv6;
  EXPECT_THAT(AddressText("mx1.a.test"), ElementsAre("2001:db8::1"));
  EXPECT_THAT(AddressText("v4.test"), ElementsAre());
  EXPECT_TRUE(absl::IsNotFound(Addresses("gone.test").status()));
}

TEST_F(CaresResolverTest, AliasLeadsToItsTarget) {
  EXPECT_THAT(AddressText("alias.test"), ElementsAre("192.0.2.4"));
}

// RFC 5321 §5.1 forbids it; it is met, and followed.
TEST_F(CaresResolverTest, AnExchangerThatIsAnAliasIsFollowedUnderItsOwnName) {
  const HostsAnswer hosts = HostsOf("aliased.test");
  ASSERT_TRUE(hosts.ok()) << hosts.error;
  ASSERT_EQ(hosts.hosts.size(), 1u);
  EXPECT_EQ(hosts.hosts[0].name, "alias.test");
  EXPECT_EQ(hosts.hosts[0].canonical, "v4.test");
  EXPECT_EQ(hosts.hosts[0].addresses.at(0).ToString(), "192.0.2.4");
}

TEST_F(CaresResolverTest, AnInternationalDomainIsAskedInItsAsciiForm) {
  const HostsAnswer hosts = HostsOf(*mail::NormalizeDomain("B\u00fccher.test."));
  ASSERT_TRUE(hosts.ok()) << hosts.error;
  EXPECT_EQ(hosts.hosts.at(0).name, "v4.test");
  EXPECT_EQ(HostsOf("b\u00fccher.test").enhanced.ToString(), "5.1.2");
}

TEST_F(CaresResolverTest, NullMxHasAnEmptyHostName) {
  EXPECT_THAT(MxText("null.test"), ElementsAre("0 "));
}

TEST_F(CaresResolverTest, NameWithoutSuchRecordsIsNoData) {
  EXPECT_THAT(MxText("v4.test"), ElementsAre());
  EXPECT_THAT(AddressText("a.test"), ElementsAre());
}

TEST_F(CaresResolverTest, UnknownNameIsNotFound) {
  const auto mx = Mx("gone.test");
  EXPECT_TRUE(absl::IsNotFound(mx.status())) << mx.status();
  EXPECT_THAT(std::string(mx.status().message()), HasSubstr("dns mx gone.test: no such name"));
  EXPECT_TRUE(absl::IsNotFound(Addresses("gone.test").status()));
}

TEST_F(CaresResolverTest, LargeAnswerComesByTcp) {
  EXPECT_EQ(MxText("big.test").size(), 100u);
}

TEST_F(CaresResolverTest, TcpOnlyAsksByTcp) {
  options_.protocol = CaresResolver::Protocol::kTcpOnly;
  EXPECT_THAT(AddressText("v4.test"), ElementsAre("192.0.2.4"));
}

TEST_F(CaresResolverTest, UdpOnlyDoesNotTakeATruncatedAnswer) {
  options_.protocol = CaresResolver::Protocol::kUdpOnly;
  const auto answer = Mx("big.test");
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("truncated answer"));
  EXPECT_THAT(AddressText("v4.test"), ElementsAre("192.0.2.4"));
}

TEST_F(CaresResolverTest, RefusalIsTransient) {
  Ask({dnsmasq_->server()});
  const auto answer = Mx("elsewhere.invalid");
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
}

TEST_F(CaresResolverTest, ServerFailureNamesQuestionAndServer) {
  const testing::ScriptedDns broken(testing::ScriptedDns::Code(2));
  Ask({broken.server()});
  const auto answer = Mx("a.test");
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
  EXPECT_EQ(std::string(answer.status().message()),
            "dns mx a.test: server failure (asked " + broken.server() + ")");
}

TEST_F(CaresResolverTest, SilenceIsADeadline) {
  const testing::ScriptedDns silent(testing::ScriptedDns::Silence());
  Ask({silent.server()});
  const auto answer = Addresses("a.test");
  EXPECT_TRUE(absl::IsDeadlineExceeded(answer.status())) << answer.status();
  EXPECT_EQ(silent.questions(), 2);
}

TEST_F(CaresResolverTest, QueryTimeoutEndsAQuestionWhateverTheServersDo) {
  const testing::ScriptedDns silent(testing::ScriptedDns::Silence());
  Ask({silent.server()});
  options_.per_server_timeout = absl::Seconds(30);
  options_.query_timeout = absl::Milliseconds(50);
  const absl::Time begin = absl::Now();
  const auto answer = Mx("a.test");
  EXPECT_TRUE(absl::IsDeadlineExceeded(answer.status())) << answer.status();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

TEST_F(CaresResolverTest, NextServerAnswersForASilentAndForABrokenOne) {
  const testing::ScriptedDns silent(testing::ScriptedDns::Silence());
  const testing::ScriptedDns broken(testing::ScriptedDns::Code(2));
  Ask({silent.server(), broken.server(), dnsmasq_->server()});
  EXPECT_THAT(AddressText("v4.test"), ElementsAre("192.0.2.4"));
  EXPECT_GT(silent.questions(), 0);
  EXPECT_GT(broken.questions(), 0);
}

TEST_F(CaresResolverTest, ServerThatIsNotThereIsUnavailable) {
  std::string gone;
  { gone = testing::ScriptedDns(testing::ScriptedDns::Silence()).server(); }
  Ask({gone});
  const auto answer = Mx("a.test");
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
}

TEST_F(CaresResolverTest, MalformedAnswerIsTransient) {
  const testing::ScriptedDns mad(testing::ScriptedDns::Bytes("\xC0\xFF nonsense"));
  Ask({mad.server()});
  const auto answer = Mx("a.test");
  EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("compression pointer"));
}

TEST_F(CaresResolverTest, WhatIsNoDomainNameIsNotAsked) {
  for (const char* name : {"", ".", "a..test", "a b.test", "a\\.test", "[192.0.2.1]"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Mx(name).status())) << name;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Addresses(std::string(64, 'a') + ".test").status()));
}

TEST_F(CaresResolverTest, WrongServerIsRefusedAndRightOnesAreNamed) {
  executor_.Run([this] {
    for (const char* text : {"", "dns.test", "53", ":53", "127.0.0.1:0", "127.0.0.1:99999"}) {
      CaresResolver::Options options;
      options.servers = {text};
      const auto made = CaresResolver::Make(executor_, options);
      EXPECT_TRUE(absl::IsInvalidArgument(made.status())) << text;
    }
    CaresResolver::Options options;
    options.servers = {"127.0.0.1:5353", "192.0.2.53", "[::1]:5353", "2001:db8::53"};
    const auto made = CaresResolver::Make(executor_, options);
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ((*made)->servers(), "127.0.0.1:5353 192.0.2.53:53 [::1]:5353 [2001:db8::53]:53");
  });
}

TEST_F(CaresResolverTest, WithoutAListTheSystemsServersAreAsked) {
  options_.servers.clear();
  EXPECT_NE(Resolver().servers(), "");
}

io::Task<void> AskV4(CaresResolver* resolver, std::vector<absl::Status>* results) {
  const auto answer = co_await resolver->Addresses("v4.test");
  results->push_back(answer.status());
}

io::Task<void> AskTimes(io::Executor* executor,
                        CaresResolver* resolver,
                        int times,
                        std::vector<absl::Status>* results) {
  io::Scope scope(*executor);
  for (int i = 0; i < times; ++i)
    scope.Spawn(AskV4(resolver, results));
  co_await scope.Join();
}

TEST_F(CaresResolverTest, ManyQuestionsWaitForRoomAndAllAreAnswered) {
  options_.questions_max = 3;
  std::vector<absl::Status> results;
  io::RunTask(executor_, AskTimes(&executor_, &Resolver(), 200, &results));
  EXPECT_EQ(results, std::vector<absl::Status>(200));
}

io::Task<void> AskAndStop(io::Executor* executor,
                          CaresResolver* resolver,
                          std::vector<absl::Status>* results) {
  io::Scope scope(*executor);
  for (int i = 0; i < 5; ++i)
    scope.Spawn(AskV4(resolver, results));
  scope.Stop();
  co_await scope.Join();
}

TEST_F(CaresResolverTest, StoppedQuestionsEndAtOnce) {
  const testing::ScriptedDns silent(testing::ScriptedDns::Silence());
  Ask({silent.server()});
  options_.per_server_timeout = absl::Seconds(30);
  options_.questions_max = 2;
  std::vector<absl::Status> results;
  const absl::Time begin = absl::Now();
  io::RunTask(executor_, AskAndStop(&executor_, &Resolver(), &results));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  ASSERT_EQ(results.size(), 5u);
  for (const auto& status : results)
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

}  // namespace
}  // namespace postern::dns
