#include "common/smtp/dane.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/executor.h"
#include "tests/support/await.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/state_table.h"

namespace postern::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kMxTlsa = "_25._tcp.mx.a.test";
const std::string kEndTlsa = "_25._tcp.end.b.test";

dns::TlsaRecord Record(std::uint8_t usage, char fill = 'a', std::uint8_t matching = 1) {
  return {usage, 1, matching, std::string(matching == 2 ? 64 : 32, fill)};
}

class DaneTest : public ::testing::Test {
 protected:
  DaneTest() { executor_.Start(); }

  ~DaneTest() override { executor_.Stop(); }

  static dns::Host SecureHost(std::string canonical = "") {
    dns::Host host;
    host.name = "mx.a.test";
    host.secure = true;
    host.canonical = std::move(canonical);
    return host;
  }

  void Publish(const std::string& name, dns::TlsaRecord record) {
    dns_.Tlsa(name, std::move(record));
    dns_.Secure(name);
  }

  DaneAnswer Ask(const dns::Host& host, std::uint16_t port = 25) {
    return testing::Await(executor_, DaneFor(dns_, host, port));
  }

  io::Executor executor_{"dane"};
  testing::FakeResolver dns_;
};

TEST_F(DaneTest, StateTableOfTheAnswer) {
  testing::StateTable page(
      "dane-states", "What an answer about TLSA records means",
      "Of a host that DNSSEC vouches for (RFC 7672 §2.1). An error is never \"no record\".",
      {"Answer", "State"});

  struct Row {
    const char* fact;
    std::function<void(testing::FakeResolver&)> say;
    DaneState state;
  };

  using Dns = testing::FakeResolver;
  const auto fails = [](absl::Status status) {
    return [status](Dns& dns) { dns.TlsaFails(kMxTlsa, status); };
  };
  const Row rows[] = {
      {"no such name", [](Dns&) {}, DaneState::kNone},
      {"no data",
       [](Dns& dns) {
         dns.NoData(kMxTlsa);
         dns.Secure(kMxTlsa);
       },
       DaneState::kNone},
      {"not secure", [](Dns& dns) { dns.Tlsa(kMxTlsa, Record(3)); }, DaneState::kNone},
      {"server failure or bogus", fails(absl::UnavailableError("x")), DaneState::kError},
      {"no answer", fails(absl::DeadlineExceededError("x")), DaneState::kError},
      {"stopped", fails(absl::CancelledError("x")), DaneState::kError},
      {"not askable", fails(absl::InvalidArgumentError("x")), DaneState::kError},
      {"anything else", fails(absl::InternalError("x")), DaneState::kError},
  };
  for (const Row& row : rows) {
    Dns dns;
    row.say(dns);
    const dns::Host host = SecureHost();
    const DaneAnswer answer = testing::Await(executor_, DaneFor(dns, host, 25));
    EXPECT_EQ(NameOf(answer.state), NameOf(row.state)) << row.fact;
    EXPECT_EQ(answer.error.ok(), row.state != DaneState::kError) << row.fact;
    EXPECT_TRUE(answer.records.empty()) << row.fact;
    page.Row({row.fact, std::string(NameOf(row.state))});
  }
}

TEST_F(DaneTest, UsableRecordsDecide) {
  Publish(kMxTlsa, Record(1));
  Publish(kMxTlsa, Record(3, 'k'));
  Publish(kMxTlsa, Record(2, 't'));
  const DaneAnswer answer = Ask(SecureHost());
  EXPECT_EQ(answer.state, DaneState::kUsable);
  EXPECT_EQ(answer.base, "mx.a.test");
  EXPECT_THAT(answer.records, ElementsAre(Record(3, 'k'), Record(2, 't')));
  EXPECT_EQ(AnchorsOf(answer.records)[0], (tls::DaneAnchor{3, 1, 1, std::string(32, 'k')}));
}

TEST_F(DaneTest, OnlyTheStrongestDigestDecides) {
  Publish(kMxTlsa, Record(3, 'a', 1));
  Publish(kMxTlsa, Record(3, 'b', 2));
  EXPECT_THAT(Ask(SecureHost()).records, ElementsAre(Record(3, 'b', 2)));
}

TEST_F(DaneTest, SecureRecordsThatSayNothingUsableStillDemandTls) {
  Publish(kMxTlsa, Record(0));
  Publish(kMxTlsa, Record(1));
  Publish(kMxTlsa, {3, 1, 1, "short"});
  Publish(kMxTlsa, {3, 0, 0, "no certificate"});
  const DaneAnswer answer = Ask(SecureHost());
  EXPECT_EQ(answer.state, DaneState::kUnusable);
  EXPECT_EQ(answer.base, "mx.a.test");
  EXPECT_TRUE(answer.records.empty());
}

TEST_F(DaneTest, ThePortIsPartOfTheName) {
  Publish("_587._tcp.mx.a.test", Record(3));
  EXPECT_EQ(Ask(SecureHost()).state, DaneState::kNone);
  EXPECT_EQ(Ask(SecureHost(), 587).state, DaneState::kUsable);
}

TEST_F(DaneTest, WithoutASecureWayNobodyIsAsked) {
  Publish(kMxTlsa, Record(3));
  dns::Host host = SecureHost("end.b.test");
  host.secure = false;
  EXPECT_EQ(Ask(host).state, DaneState::kNone);
  for (const char* const address : {"192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]"}) {
    host = SecureHost();
    host.name = address;
    EXPECT_EQ(Ask(host).state, DaneState::kNone);
  }
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(DaneTest, ANameThatIsTooLongHasNoRecords) {
  dns::Host host = SecureHost();
  const std::string label(60, 'x');
  host.name = label + "." + label + "." + label + "." + label + ".test";
  EXPECT_EQ(Ask(host).state, DaneState::kNone);
  EXPECT_EQ(dns_.questions(), 0);
}

TEST_F(DaneTest, TheEndOfTheAliasesComesFirst) {
  Publish(kEndTlsa, Record(3, 'e'));
  Publish(kMxTlsa, Record(3, 'm'));
  const DaneAnswer answer = Ask(SecureHost("end.b.test"));
  EXPECT_EQ(answer.base, "end.b.test");
  EXPECT_THAT(answer.records, ElementsAre(Record(3, 'e')));
  EXPECT_EQ(dns_.questions(), 1);
}

TEST_F(DaneTest, TheHostsOwnNameComesNext) {
  Publish(kMxTlsa, Record(3, 'm'));
  EXPECT_EQ(Ask(SecureHost("end.b.test")).base, "mx.a.test");
  EXPECT_EQ(dns_.questions(), 2);
  // Insecure records at the end of the aliases are none.
  dns_.Tlsa(kEndTlsa, Record(3, 'e'));
  EXPECT_EQ(Ask(SecureHost("end.b.test")).base, "mx.a.test");
}

TEST_F(DaneTest, UnusableRecordsAtTheEndOfTheAliasesHideTheHostsOwn) {
  Publish(kEndTlsa, Record(1));
  Publish(kMxTlsa, Record(3));
  EXPECT_EQ(Ask(SecureHost("end.b.test")).state, DaneState::kUnusable);
}

TEST_F(DaneTest, AnErrorAtEitherNameIsAnError) {
  Publish(kMxTlsa, Record(3));
  dns_.TlsaFails(kEndTlsa, absl::UnavailableError("dns tlsa: server failure"));
  DaneAnswer answer = Ask(SecureHost("end.b.test"));
  EXPECT_EQ(answer.state, DaneState::kError);
  EXPECT_EQ(answer.base, "end.b.test");
  EXPECT_TRUE(absl::IsUnavailable(answer.error));
  EXPECT_THAT(std::string(answer.error.message()), HasSubstr("dane mx.a.test: dns tlsa"));

  dns_.NoData(kEndTlsa);
  dns_.TlsaFails(kMxTlsa, absl::CancelledError("stopping"));
  answer = Ask(SecureHost("end.b.test"));
  EXPECT_EQ(answer.state, DaneState::kError);
  EXPECT_TRUE(absl::IsCancelled(answer.error));
}

}  // namespace
}  // namespace postern::smtp
