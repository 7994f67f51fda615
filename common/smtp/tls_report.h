// common/smtp/tls_report.h
//
// What became of the TLS sessions with each policy domain, day by day, as SMTP TLS reporting wants
// it.
//
// Flow      NoteSuccess or NoteFailure once a session; Days, Domains, PoliciesOf and ToJson.
// Failure   What does not fit is counted as left out, and never refused to the caller.
// Lifetime  Borrows the clock. Thread-safe.
// Limits    Options; texts are cut to 255 bytes. Today (UTC) and Options::days_max days before it
//           are kept.
// See       RFC 8460 §4

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"

#include "common/base/clock.h"

namespace postern::smtp {

enum class TlsPolicyType : std::uint8_t { kNoPolicyFound, kTlsa, kSts };

// §4.3: negotiation, DANE, MTA-STS.
enum class TlsResult : std::uint8_t {
  kStarttlsNotSupported,
  kCertificateHostMismatch,
  kCertificateExpired,
  kCertificateNotTrusted,
  kValidationFailure,
  kTlsaInvalid,
  kDnssecInvalid,
  kDaneRequired,
  kStsPolicyFetchError,
  kStsPolicyInvalid,
  kStsWebpkiInvalid,
};

// "no-policy-found", "tlsa", "sts".
std::string_view TlsPolicyTypeName(TlsPolicyType type);
// "starttls-not-supported" and so on.
std::string_view TlsResultName(TlsResult result);
std::optional<TlsResult> TlsResultNamed(std::string_view name);
inline constexpr std::size_t kTlsResults = 11;
// What StsAnswer::error is called in a report.
TlsResult TlsResultOfSts(const absl::Status& error);

// The policy that a session was held to.
struct TlsPolicyUsed {
  std::string domain;  // A-labels: the recipients' domain, or that of the TLSA records
  TlsPolicyType type = TlsPolicyType::kNoPolicyFound;
  std::vector<std::string> strings;  // the lines of the policy, or the TLSA records as text
  std::vector<std::string> mx;       // with kSts: its patterns
};

struct TlsFailure {
  TlsResult result = TlsResult::kValidationFailure;
  std::string receiving_mx;  // these may be empty: a policy that could not be fetched has no host
  std::string receiving_ip;
  std::string sending_ip;

  auto operator<=>(const TlsFailure&) const = default;
};

// What was counted of one policy on one day.
struct TlsPolicySums {
  TlsPolicyUsed policy;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::map<TlsFailure, std::uint64_t> details;
};

// Who reports.
struct TlsReporter {
  std::string organization;
  std::string contact;    // a mail address
  std::string report_id;  // unique
};

class TlsReports {
 public:
  struct Options {
    int days_max = 7;                              // that are over
    std::size_t domains_max = 10'000;              // a day
    std::size_t policies_max = 8;                  // a domain and day
    std::size_t details_max = 100;                 // a policy
    std::size_t strings_max = 100;                 // a policy, and as many patterns
    std::size_t bytes_max = std::size_t{8} << 20;  // about, a day
  };

  struct LeftOut {
    std::uint64_t sessions = 0;  // in no sum: no room for the domain or policy, or no domain
    std::uint64_t details = 0;   // failures that are in the sums only
  };

  TlsReports(base::Clock& clock, Options options) : clock_(clock), options_(options) {}

  void NoteSuccess(const TlsPolicyUsed& policy);
  void NoteFailure(const TlsPolicyUsed& policy, const TlsFailure& failure);

  // Those of which there may be something, in order; today comes last.
  std::vector<absl::CivilDay> Days() const;
  // The domains of that day (UTC), in order.
  std::vector<std::string> Domains(absl::CivilDay day) const;
  // In the order in which they were met; empty when there is nothing.
  std::vector<TlsPolicySums> PoliciesOf(absl::CivilDay day, const std::string& domain) const;
  // The report about one domain; nullopt when there is nothing to report.
  std::optional<std::string> ToJson(absl::CivilDay day,
                                    const std::string& domain,
                                    const TlsReporter& reporter) const;
  LeftOut left_out(absl::CivilDay day) const;

  // The day that is being counted.
  absl::CivilDay today() const;

 private:
  struct Day {
    std::map<std::string, std::vector<TlsPolicySums>> domains;
    std::size_t bytes = 0;
    LeftOut left_out;
  };

  // The sums that a session with `policy` belongs to; null when there is none, and no room.
  TlsPolicySums* FindOrAdd(Day& day, const TlsPolicyUsed& policy);
  // The same, for one session; what has no place is left out, and this alone counts it.
  TlsPolicySums* SumsFor(Day& day, const TlsPolicyUsed& policy);
  Day& Today();
  bool Kept(absl::CivilDay day) const;

  base::Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  std::map<absl::CivilDay, Day> days_;
};

}  // namespace postern::smtp
