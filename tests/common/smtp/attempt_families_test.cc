// Hosts with addresses of both families: the order of the dials, the race, what is remembered.

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/smtp/attempt.h"
#include "tests/support/await.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/state_table.h"
#include "tests/support/string_body.h"

namespace postern::smtp {
namespace {

using testing::ScriptedPeer;

// An address is "6+" or "4x": its family, and what becomes of a connection to it.
//   +  comes about     x  is refused     ~  is never answered     !  greets with 421
//   #  refuses MAIL with 550 5.7.25
// A family that is remembered as failed is "6"; "6 old" was so until now.
struct FamilyRow {
  const char* addresses;
  const char* remembered;
  const char* dialled;  // "6, 4": the second at once, as the first failed; "6 | 4": after the delay
  const char* taken_by;    // "-": the mail waits
  const char* afterwards;  // what is remembered then
};

constexpr FamilyRow kFamilyRows[] = {
    {"6+", "-", "6", "6", "-"},
    {"4+", "-", "4", "4", "-"},
    {"6x", "-", "6", "-", "-"},
    {"6~", "-", "6", "-", "-"},
    {"6+ 4+", "-", "6", "6", "-"},
    {"6x 4+", "-", "6, 4", "4", "6"},
    {"6~ 4+", "-", "6 | 4", "4", "6"},
    {"6! 4+", "-", "6, 4", "4", "-"},
    {"6#", "-", "6", "-", "-"},
    {"6# 4+", "-", "6, 4", "4", "6"},
    {"6# 4x", "-", "6, 4", "-", "6 4"},
    {"6# 4#", "-", "6, 4", "-", "6"},
    {"6+ 4x", "-", "6", "6", "-"},
    {"6+ 4~", "-", "6", "6", "-"},
    {"6x 4x", "-", "6, 4", "-", "6 4"},
    {"6x 4~", "-", "6, 4", "-", "6 4"},
    {"6~ 4x", "-", "6 | 4", "-", "6 4"},
    {"6~ 4~", "-", "6 | 4", "-", "6 4"},
    {"6+ 4+", "6", "4", "4", "6"},
    {"6+ 4x", "6", "4, 6", "6", "4"},
    {"6+ 4~", "6", "4 | 6", "6", "4"},
    {"6x 4x", "6", "4, 6", "-", "6 4"},
    {"6# 4x", "6", "4, 6", "-", "6 4"},
    {"6# 4#", "6", "4", "-", "6"},
    {"6+ 4+", "6 old", "6", "6", "-"},
    {"6+ 4+", "4", "6", "6", "4"},
    {"6x 4+", "4", "6, 4", "4", "6"},
    {"6+ 4+", "6 4", "6", "6", "4"},
    {"6x 4+", "6 4", "6, 4", "4", "6"},
    {"6+ 6+ 4+ 4+", "-", "6", "6", "-"},
    {"6x 6+ 4x 4+", "-", "6, 4, 6", "6", "4"},
    {"6x 6x 4x 4x", "-", "6, 4, 6, 4", "-", "6 4"},
    {"6+ 6+ 4x 4x", "6", "4, 4, 6", "6", "4"},
    {"6~ 6~ 4~ 4+", "-", "6 | 4 | 6 | 4", "4", "6"},
};

constexpr char kFamilyStatesWords[] =
    "The addresses of a host come in turns, IPv6 first; a family that could not be connected to\n"
    "within the last ten minutes goes behind the other one (RFC 8305). \"At once\" is when the\n"
    "address before has failed. \"After the delay\" is when it has not answered within\n"
    "`attempt_delay`: then the next one is dialled beside it, and whichever connects first is\n"
    "taken. Only hosts with both families are remembered. One that refuses our IPv6 address by a\n"
    "policy, as one without reverse DNS (550 or 554 with 5.7.1, 5.7.25, 5.7.26 or 5.7.27, before\n"
    "the content), is asked over IPv4, and only what it says there is final. Where no host could\n"
    "be reached, the next one is asked.";

class AttemptFamiliesTest : public testing::EngineFixture {
 protected:
  // Longer than a row takes: a dial that waits for a minute of delay is noticed.
  static constexpr absl::Duration kNoticed = absl::Seconds(10);

  AttemptFamiliesTest() {
    limits_.connect = absl::Milliseconds(150);
    delivery_.policy.messages_per_connection_max = 1;
    To("bob@example.test");
  }

  // A host of its own for each row, with addresses of its own.
  void Make(std::string_view addresses) {
    host_ = base::Cat("mx", ++hosts_, ".test");
    resolver_.Mx("example.test", {{10, host_}});
    fates_.clear();
    for (const std::string_view text : base::Split(addresses, ' ')) {
      const bool v6 = text[0] == '6';
      const std::string address =
          base::Cat(v6 ? "2001:db8:" : "198.51.", hosts_, v6 ? "::" : ".", fates_.size() + 1);
      const std::string endpoint = base::Cat(v6 ? "[" : "", address, v6 ? "]" : "", ":25");
      resolver_.A(host_, address);
      fates_[endpoint] = text[1];
      ScriptedPeer& peer = PeerAt(endpoint);
      peer.Refuses(text[1] == 'x');
      if (text[1] == '~') peer.StallsConnect();
      if (text[1] == '!') peer.Greets("421 4.3.2 busy");
      if (text[1] == '#') peer.Says("MAIL", "550 5.7.25 no reverse DNS");
    }
  }

  HostFamilies Remembering(std::string_view failed) const {
    HostFamilies families;
    const bool old = failed.ends_with(" old");
    const absl::Time then = absl::Now() - (old ? HostFamilies::kRemembered : absl::Seconds(1));
    if (failed.find('6') != std::string_view::npos) families.Failed(host_, v6_, then);
    if (failed.find('4') != std::string_view::npos) families.Failed(host_, v4_, then);
    return families;
  }

  // "6", "4", "6 4" or "-", by the order that it makes.
  std::string Remembered(const HostFamilies& families) const {
    const auto first = [&](std::vector<io::IpAddress> addresses) {
      families.Order(host_, addresses, absl::Now());
      return addresses.front().is_v4() ? "4" : "6";
    };
    const std::string of_six_four = first({v6_, v4_}), of_four_six = first({v4_, v6_});
    if (of_six_four == of_four_six) return of_six_four == "4" ? "6" : "4";
    // They keep their turns when both failed, and when none did.
    HostFamilies with_six_well = families;
    with_six_well.Worked(host_, v6_);
    std::vector<io::IpAddress> addresses = {v4_, v6_};
    with_six_well.Order(host_, addresses, absl::Now());
    return addresses.front().is_v4() ? "-" : "6 4";
  }

  // One attempt with what is remembered in `families`.
  void Try(HostFamilies& families) {
    const Engine::Parts parts{executor_, dialer_, resolver_, *tls_, host_name_, limits_};
    Pool pool(limits_);
    Lately<io::Endpoint> clear_hosts{kForgoneFor, kForgoneHostsMax};
    Lately<io::Endpoint> data_hosts{kForgoneFor, kForgoneHostsMax};
    Unreached unreached;
    StsPolicies sts(nullptr, base::Clock::System(), {});
    EngineCounters counters;
    const bool stopping = false;
    testing::StringBody body(content_);
    smtp::Attempt attempt(
        {parts, pool, clear_hosts, data_hosts, families, unreached, sts, counters, stopping},
        delivery_, body);
    outcome_ = testing::Await(executor_, attempt.Run());
  }

  // "6 | 4" of the dials since `from`.
  std::string Dialled(std::size_t from) const {
    std::string shown;
    const std::vector<std::string>& dialed = dialer_.dialed();
    for (std::size_t i = from; i < dialed.size(); ++i) {
      if (i > from) shown += fates_.at(dialed[i - 1]) == '~' ? " | " : ", ";
      shown += dialed[i][0] == '[' ? "6" : "4";
    }
    return shown;
  }

  std::string TakenBy() const {
    std::string taken = "-";
    for (const auto& [endpoint, peer] : peers_) {
      if (peer->mails().empty() || !fates_.contains(endpoint)) continue;
      EXPECT_EQ(taken, "-");
      taken = endpoint[0] == '[' ? "6" : "4";
    }
    EXPECT_EQ(ResultOf(0) == "250", taken != "-") << ErrorOf();
    return taken;
  }

  const io::IpAddress v6_ = *io::IpAddress::Parse("2001:db8::1");
  const io::IpAddress v4_ = *io::IpAddress::Parse("192.0.2.1");
  std::string host_;
  std::map<std::string, char> fates_;  // by endpoint
  int hosts_ = 0;
};

// "IPv6 refused, IPv4 good"; "IPv6, after the delay IPv4"; "both".
std::string FamiliesInWords(std::string_view text) {
  static const std::pair<const char*, const char*> kWords[] = {
      {"6 old", "IPv6, ten minutes ago"},
      {"6 4", "both"},
      {" | ", ", after the delay "},
      {", ", ", at once "},
      {"6+", "IPv6 good"},
      {"6x", "IPv6 refused"},
      {"6~", "IPv6 silent"},
      {"6!", "IPv6 says 421"},
      {"6#", "IPv6 says 550 5.7.25"},
      {"4+", "IPv4 good"},
      {"4x", "IPv4 refused"},
      {"4~", "IPv4 silent"},
      {"4!", "IPv4 says 421"},
      {"4#", "IPv4 says 550 5.7.25"},
      {"6", "IPv6"},
      {"4", "IPv4"},
      {" ", ", "},
  };
  std::string words;
  while (!text.empty()) {
    std::size_t taken = 0;
    for (const auto& [sign, word] : kWords) {
      if (!text.starts_with(sign)) continue;
      words += word;
      taken = std::string_view(sign).size();
      break;
    }
    if (taken == 0) words += text[0];
    text.remove_prefix(std::max<std::size_t>(taken, 1));
  }
  return words;
}

TEST_F(AttemptFamiliesTest, StateTableOfOrderRaceAndMemory) {
  testing::StateTable page(
      "family-states", "Which address of a host is dialled", kFamilyStatesWords,
      {"Addresses", "Failed before", "Dialled", "Taken by", "Failed, afterwards"});
  for (const FamilyRow& row : kFamilyRows) {
    SCOPED_TRACE(base::Cat(row.addresses, " after ", row.remembered));
    Make(row.addresses);
    HostFamilies families = Remembering(row.remembered);
    const std::string_view expected = row.dialled;
    const auto delays = std::count(expected.begin(), expected.end(), '|');
    limits_.attempt_delay = delays > 0 ? absl::Milliseconds(20) : absl::Minutes(1);
    const std::size_t from = dialer_.dialed().size();
    const absl::Time began = absl::Now();
    Try(families);
    EXPECT_GE(absl::Now() - began, delays * limits_.attempt_delay);
    EXPECT_LT(absl::Now() - began, kNoticed);
    EXPECT_EQ(Dialled(from), row.dialled);
    EXPECT_EQ(TakenBy(), row.taken_by);
    EXPECT_EQ(Remembered(families), row.afterwards);
    page.Row({FamiliesInWords(row.addresses), FamiliesInWords(row.remembered),
              FamiliesInWords(row.dialled), FamiliesInWords(row.taken_by),
              FamiliesInWords(row.afterwards)});
  }
}

// One dual-stack host, and what it says over IPv6.
class AttemptIpv6PolicyTest : public testing::EngineFixture {
 protected:
  void MakeHost() {
    const int number = ++hosts_;
    const std::string host = base::Cat("mx", number, ".test");
    resolver_.Mx("example.test", {{10, host}});
    resolver_.A(host, base::Cat("2001:db8::", number));
    resolver_.A(host, base::Cat("192.0.2.", number));
    six_ = &PeerAt(base::Cat("[2001:db8::", number, "]:25"));
    four_ = &PeerAt(base::Cat("192.0.2.", number, ":25"));
  }

  ScriptedPeer* six_ = nullptr;
  ScriptedPeer* four_ = nullptr;
  int hosts_ = 0;
};

TEST_F(AttemptIpv6PolicyTest, ARefusalOfOurIpv6AddressIsAskedAgainOverIpv4) {
  const std::string replies[] = {"550 5.7.1 no", "554 5.7.25 no", "550 5.7.26 no", "554 5.7.27 no"};
  for (const std::vector<std::string>& offer :
       {std::vector<std::string>(), std::vector<std::string>{"PIPELINING"},
        std::vector<std::string>{"PIPELINING", "CHUNKING"}}) {
    for (const std::string moment : {"greeting", "MAIL", "RCPT", "DATA"}) {
      if (moment == "DATA" && offer.size() == 2) continue;  // it is not said
      for (const std::string& reply : replies) {
        SCOPED_TRACE(base::Cat(moment, " ", reply, " ", offer.size()));
        MakeHost();
        six_->Keywords(offer).Says(moment, reply);
        four_->Keywords(offer);
        if (moment == "greeting") six_->Greets(reply);
        if (moment == "RCPT") six_->Says("BDAT", "503 5.5.1 no recipients");
        if (moment == "MAIL") six_->Says("RCPT", "503 5.5.1 no").Says("BDAT", "503 5.5.1 no");
        Deliver();
        EXPECT_THAT(Results(), ::testing::ElementsAre("250")) << ErrorOf();
        EXPECT_FALSE(outcome_.ambiguous);
        EXPECT_EQ(six_->connections(), 1);
        EXPECT_EQ(four_->mails().size(), 1u);
        Deliver();
        EXPECT_EQ(six_->connections(), 1) << "it is remembered";
      }
    }
  }
}

TEST_F(AttemptIpv6PolicyTest, OtherRefusalsOverIpv6AreFinal) {
  for (const std::string reply : {"550 5.1.1 nobody", "550 no", "552 5.7.1 no", "550 5.7.0 no"}) {
    MakeHost();
    six_->Says("RCPT", reply);
    Deliver();
    EXPECT_EQ(outcome_.recipients[0].reply->ToString(), reply);
    EXPECT_EQ(four_->connections(), 0) << reply;
  }
}

TEST_F(AttemptIpv6PolicyTest, WhatItSaysOverIpv4IsFinal) {
  MakeHost();
  six_->Says("MAIL", "550 5.7.25 no reverse DNS");
  four_->Says("MAIL", "550 5.7.1 never");
  Deliver();
  EXPECT_EQ(outcome_.recipients[0].reply->ToString(), "550 5.7.1 never");
  EXPECT_EQ(outcome_.hosts.size(), 2u);
}

TEST_F(AttemptIpv6PolicyTest, MailWaitsForAnIpv4ThatIsAway) {
  MakeHost();
  six_->Says("MAIL", "550 5.7.25 no reverse DNS");
  four_->Refuses();
  for (int i = 0; i < 2; ++i) {
    Deliver();
    EXPECT_EQ(outcome_.recipients[0].origin, Origin::kConnect);
    EXPECT_FALSE(outcome_.recipients[0].reply.has_value());
  }
}

TEST_F(AttemptIpv6PolicyTest, WhatItSaysOfAMailboxStands) {
  To("bob@example.test");
  To("eve@example.test");
  MakeHost();
  six_->Says("RCPT TO:<bob", "550 5.7.1 no").Says("RCPT TO:<eve", "550 5.1.1 nobody");
  Deliver();
  EXPECT_THAT(Results(), ::testing::ElementsAre("250", "550"));
  EXPECT_EQ(four_->Heard("RCPT"), 1);
}

// It takes mail from this address, if not for everyone.
TEST_F(AttemptIpv6PolicyTest, ARefusalBesideOneThatIsTakenIsOfTheRecipient) {
  To("bob@example.test");
  To("eve@example.test");
  MakeHost();
  six_->Says("RCPT TO:<eve", "550 5.7.1 members only");
  Deliver();
  EXPECT_THAT(Results(), ::testing::ElementsAre("250", "550"));
  EXPECT_EQ(four_->connections(), 0);
}

}  // namespace
}  // namespace postern::smtp
