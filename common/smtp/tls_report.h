// common/smtp/tls_report.h
//
// What became of the TLS sessions with each policy domain, day by day, as SMTP TLS reporting wants
// it.
//
// Flow      NoteSuccess or NoteFailure once a session; the next day Domains and ToJson.
// Failure   What does not fit is counted as left out, and never refused to the caller.
// Lifetime  Borrows the clock. Thread-safe.
// Limits    Options; texts are cut to 255 bytes. Today and yesterday (UTC) are kept.
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

// Who reports.
struct TlsReporter {
  std::string organization;
  std::string contact;    // a mail address
  std::string report_id;  // unique
};

class TlsReports {
 public:
  struct Options {
    std::size_t domains_max = 10'000;               // a day
    std::size_t policies_max = 8;                   // a domain and day
    std::size_t details_max = 100;                  // a policy
    std::size_t strings_max = 100;                  // a policy, and as many patterns
    std::size_t bytes_max = std::size_t{32} << 20;  // about, a day
  };

  struct LeftOut {
    std::uint64_t sessions = 0;  // of domains and policies for which there was no room
    std::uint64_t details = 0;   // failures that are in the sums only
  };

  TlsReports(base::Clock& clock, Options options) : clock_(clock), options_(options) {}

  void NoteSuccess(const TlsPolicyUsed& policy);
  void NoteFailure(const TlsPolicyUsed& policy, const TlsFailure& failure);

  // The domains of that day (UTC), in order.
  std::vector<std::string> Domains(absl::CivilDay day) const;
  // The report about one domain; nullopt when there is nothing to report.
  std::optional<std::string> ToJson(absl::CivilDay day,
                                    const std::string& domain,
                                    const TlsReporter& reporter) const;
  LeftOut left_out(absl::CivilDay day) const;

  // The day that is being counted.
  absl::CivilDay today() const;

 private:
  struct Sums {
    TlsPolicyUsed policy;
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::map<TlsFailure, std::uint64_t> details;
  };

  struct Day {
    std::map<std::string, std::vector<Sums>> domains;
    std::size_t bytes = 0;
    LeftOut left_out;
  };

  // The sums that a session with `policy` belongs to; null when there is no room.
  Sums* Find(Day& day, const TlsPolicyUsed& policy);
  Day& Today();

  base::Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  std::map<absl::CivilDay, Day> days_;
};

}  // namespace postern::smtp
