// What is known, what is announced and what is fetched: which MTA-STS policy is in force, and what
// it makes of a host.

#include <functional>

#include <gtest/gtest.h>

#include "common/smtp/host_policy.h"
#include "common/smtp/sts.h"
#include "tests/common/smtp/sts_fixture.h"
#include "tests/support/state_table.h"

namespace postern::smtp {
namespace {

// Policy "1" of the fixture is the one that may be known, "2" is what the web server has.
enum class StsKnownBefore : std::uint8_t { kNothing, kHolds, kExpired };

constexpr char kStsNotAsked[] = "not asked";

struct StsRow {
  StsKnownBefore known;
  const char* record;
  const char* policy_host;  // kStsNotAsked: nothing may be fetched
  const char* in_force;
  const char* error;
  const char* host;
};

constexpr StsKnownBefore kNew = StsKnownBefore::kNothing;
constexpr StsKnownBefore kHolds = StsKnownBefore::kHolds;
constexpr StsKnownBefore kExpired = StsKnownBefore::kExpired;

constexpr char kStsStatesWords[] =
    "Of the domain `a.test` (RFC 8461). \"Known before\" is policy 1, `enforce` with `*.a.test`\n"
    "for a day, from the store or an earlier question; it holds until it expires. The TXT\n"
    "record is at `_mta-sts.a.test`; its id tells whether a policy is fetched, from\n"
    "`mta-sts.a.test`. What is new goes to the store. An error is told in the log; a fetch that\n"
    "failed is made again after five minutes. The last column is what a connector without\n"
    "demands wants of the exchanger `mx.a.test`; `policy-states.md` has the other connectors.";

constexpr char kStsFree[] = "TLS if offered";
constexpr char kStsProof[] = "TLS, chain, mx.a.test";
constexpr char kStsNotUsed[] = "not used, 4.7.5";
constexpr char kStsReported[] = "TLS if offered; reported";

constexpr StsRow kStsRows[] = {
    // Nothing is announced.
    {kNew, "no such name", kStsNotAsked, "none", "-", kStsFree},
    {kNew, "no TXT record", kStsNotAsked, "none", "-", kStsFree},
    {kNew, "server failure", kStsNotAsked, "none", "-", kStsFree},
    {kNew, "no answer", kStsNotAsked, "none", "-", kStsFree},
    {kNew, "not well formed", kStsNotAsked, "none", "-", kStsFree},
    {kNew, "two policy records", kStsNotAsked, "none", "-", kStsFree},
    {kHolds, "no such name", kStsNotAsked, "1", "-", kStsProof},
    {kHolds, "no TXT record", kStsNotAsked, "1", "-", kStsProof},
    {kHolds, "server failure", kStsNotAsked, "1", "-", kStsProof},
    {kHolds, "no answer", kStsNotAsked, "1", "-", kStsProof},
    {kHolds, "not well formed", kStsNotAsked, "1", "-", kStsProof},
    {kHolds, "two policy records", kStsNotAsked, "1", "-", kStsProof},
    {kExpired, "no such name", kStsNotAsked, "none", "-", kStsFree},
    {kExpired, "server failure", kStsNotAsked, "none", "-", kStsFree},
    // The id that is known.
    {kHolds, "id 1", kStsNotAsked, "1", "-", kStsProof},
    {kExpired, "id 1", "enforce, *.a.test", "1, new", "-", kStsProof},
    {kExpired, "id 1", "404", "none", "cannot be fetched", kStsFree},
    // Another id, or the first one.
    {kNew, "id 2", "enforce, mx.a.test", "2, new", "-", kStsProof},
    {kNew, "id 2", "enforce, *.a.test", "2, new", "-", kStsProof},
    {kNew, "id 2", "enforce, *.test", "2, new", "-", kStsNotUsed},
    {kNew, "id 2", "enforce, mx.other.test", "2, new", "-", kStsNotUsed},
    {kNew, "id 2", "testing, *.a.test", "2, new", "-", kStsReported},
    {kNew, "id 2", "testing, mx.other.test", "2, new", "-", kStsReported},
    {kNew, "id 2", "none", "2, new", "-", kStsFree},
    {kHolds, "id 2", "enforce, mx.other.test", "2, new", "-", kStsNotUsed},
    {kHolds, "id 2", "testing, mx.other.test", "2, new", "-", kStsReported},
    {kHolds, "id 2", "none", "2, new", "-", kStsFree},
    {kExpired, "id 2", "enforce, *.a.test", "2, new", "-", kStsProof},
    // How long it holds.
    {kNew, "id 2", "enforce, max_age 0", "2, new, for 60s", "-", kStsProof},
    {kNew, "id 2", "enforce, max_age 31557600", "2, new, for 8766h", "-", kStsProof},
    {kNew, "id 2", "enforce, max_age 31557601", "none", "not well formed", kStsFree},
    {kNew, "id 2", "enforce, max_age -1", "none", "not well formed", kStsFree},
    // What cannot be had.
    {kNew, "id 2", "404", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "redirect", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "text/html", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "more than 64 KiB", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "closes the connection", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "a byte now and then", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "no address", "none", "cannot be fetched", kStsFree},
    {kNew, "id 2", "certificate of another name", "none", "certificate", kStsFree},
    {kNew, "id 2", "certificate expired", "none", "certificate", kStsFree},
    {kNew, "id 2", "certificate self-signed", "none", "certificate", kStsFree},
    {kNew, "id 2", "enforce without mx", "none", "not well formed", kStsFree},
    {kNew, "id 2", "no version", "none", "not well formed", kStsFree},
    {kHolds, "id 2", "404", "1", "cannot be fetched", kStsProof},
    {kHolds, "id 2", "a byte now and then", "1", "cannot be fetched", kStsProof},
    {kHolds, "id 2", "no address", "1", "cannot be fetched", kStsProof},
    {kHolds, "id 2", "certificate of another name", "1", "certificate", kStsProof},
    {kHolds, "id 2", "no version", "1", "not well formed", kStsProof},
    {kExpired, "id 2", "404", "none", "cannot be fetched", kStsFree},
    {kExpired, "id 2", "certificate of another name", "none", "certificate", kStsFree},
};

class StsStatesTest : public StsPoliciesTest {
 protected:
  StsStatesTest() { options_.fetch_time_max = absl::Milliseconds(300); }

  // A world for this row alone.
  void Tell(const StsRow& row) {
    policies_.reset();
    dns_.SetTxt(kStsRecord, {});
    dns_.AddressesFail(kStsHost, absl::OkStatus());
    web_.Shows(certificate_);
    web_.Drips(absl::ZeroDuration());
    TellRecord(row.record);
    TellPolicyHost(row.policy_host);
  }

  void TellRecord(std::string_view record) {
    static const std::map<std::string_view, int> kSilent = {
        {"server failure", 0}, {"no answer", 1},       {"no such name", 2},
        {"no TXT record", 3},  {"not well formed", 4}, {"two policy records", 5}};
    const auto silent = kSilent.find(record);
    if (silent != kSilent.end()) return SayNothing(silent->second);
    Announce(record.substr(3));  // "id 2"
  }

  // "enforce, *.a.test", "testing, mx.other.test", "enforce, max_age 0", "none"; else a trouble.
  void TellPolicyHost(const std::string& text) {
    const std::string_view mode = base::Split(text, ',').front();
    if (mode == "enforce" || mode == "testing") {
      const std::string_view rest = std::string_view(text).substr(mode.size() + 2);
      const bool age = rest.starts_with("max_age ");
      return web_.Serves(base::Cat("version: STSv1\nmode: ", mode,
                                   "\nmx: ", age ? "*.a.test" : rest,
                                   "\nmax_age: ", age ? rest.substr(8) : "86400", "\n"));
    }
    web_.Serves(PolicyText("enforce", "*.a.test", 86400));
    const auto troubles = Troubles();
    const auto trouble = troubles.find(text);
    if (trouble != troubles.end()) return trouble->second();
    ASSERT_EQ(text, kStsNotAsked);
  }

  std::map<std::string, std::function<void()>> Troubles() {
    return {
        {"none", [this] { web_.Serves("version: STSv1\nmode: none\nmax_age: 86400\n"); }},
        {"404", [this] { web_.Answers("404 Not Found"); }},
        {"redirect",
         [this] {
           web_.Answers("301 Moved",
                        base::Cat("Location: https://", kStsHost, ":", web_.port(), "/\r\n"));
         }},
        {"text/html",
         [this] { web_.Serves(PolicyText("enforce", "*.a.test", 86400), "text/html"); }},
        {"more than 64 KiB",
         [this] {
           web_.Serves(PolicyText("enforce", "*.a.test", 86400) + std::string(70'000, 'x'));
         }},
        {"closes the connection", [this] { web_.Says(""); }},
        {"a byte now and then", [this] { web_.Drips(absl::Milliseconds(10)); }},
        {"no address", [this] { dns_.AddressesFail(kStsHost, absl::NotFoundError("none")); }},
        {"certificate of another name",
         [this] { web_.Shows(ca_.Issue(testing::ForHost("a.test"))); }},
        {"certificate expired", [this] { web_.Shows(ca_.Issue(testing::Expired(kStsHost))); }},
        {"certificate self-signed",
         [this] { web_.Shows(ca_.SelfSign(testing::ForHost(kStsHost))); }},
        {"enforce without mx",
         [this] { web_.Serves("version: STSv1\nmode: enforce\nmax_age: 86400\n"); }},
        {"no version", [this] { web_.Serves("mode: enforce\nmx: *.a.test\nmax_age: 86400\n"); }},
    };
  }

  std::optional<KnownSts> Before(StsKnownBefore known) {
    if (known == kNew) return std::nullopt;
    return Known("1", known == kHolds ? absl::Hours(1) : absl::Hours(24), "*.a.test");
  }

  // "2, new", "1", "none"; with how long it holds where the row is about that.
  std::string InForce(const StsAnswer& answer, bool with_age) {
    if (!answer.known) return "none";
    std::string shown = answer.known->policy.id;
    if (answer.fresh) shown += ", new";
    if (!with_age) return shown;
    const absl::Duration holds = answer.known->expires - clock_.Now();
    return holds < absl::Hours(1) ? base::Cat(shown, ", for ", absl::ToInt64Seconds(holds), "s")
                                  : base::Cat(shown, ", for ", absl::ToInt64Hours(holds), "h");
  }

  static std::string ErrorOf(const StsAnswer& answer) {
    if (answer.error.ok()) return "-";
    if (absl::IsUnauthenticated(answer.error)) return "certificate";
    return absl::IsInvalidArgument(answer.error) ? "not well formed" : "cannot be fetched";
  }

  // What is demanded of mx.a.test, by a connector that demands nothing.
  static std::string HostOf(const StsAnswer& answer) {
    dns::Host host;
    host.name = "mx.a.test";
    HostFindings findings{host, kStsDomain, DaneAnswer(), answer.known};
    const HostPolicy policy = DecideHost(ConnectorPolicy(), Security(), std::move(findings));
    if (!policy.usable()) return base::Cat("not used, ", policy.enhanced.ToString());
    std::string shown = policy.security.tls == TlsUse::kRequired ? "TLS" : "TLS if offered";
    if (policy.security.demand.chain) shown += ", chain";
    for (const std::string& name : policy.security.demand.names)
      shown += ", " + name;
    return policy.sts_testing ? shown + "; reported" : shown;
  }
};

TEST_F(StsStatesTest, StateTableOfRecordFetchAndPolicy) {
  testing::StateTable page(
      "sts-states", "Which MTA-STS policy is in force", kStsStatesWords,
      {"Known before", "TXT record", "Policy host", "In force", "Error", "Demanded of mx.a.test"});
  for (const StsRow& row : kStsRows) {
    SCOPED_TRACE(base::Cat(row.record, ", ", row.policy_host));
    Tell(row);
    const int connections = web_.connections();
    const StsAnswer answer = Ask(kStsDomain, Before(row.known));
    const std::string asked(row.policy_host);
    const bool fetches = asked != kStsNotAsked && asked != "no address";
    EXPECT_EQ(web_.connections() - connections, fetches ? 1 : 0);
    const std::string in_force = InForce(answer, asked.find("max_age") != std::string::npos);
    EXPECT_EQ(in_force, row.in_force) << answer.error;
    EXPECT_EQ(ErrorOf(answer), row.error) << answer.error;
    EXPECT_EQ(HostOf(answer), row.host);
    const std::string known = row.known == kNew ? "-" : row.known == kHolds ? "1" : "1, expired";
    page.Row({known, row.record, row.policy_host, in_force, ErrorOf(answer), HostOf(answer)});
  }
}

}  // namespace
}  // namespace postern::smtp
