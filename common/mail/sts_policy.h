// common/mail/sts_policy.h
//
// An MTA-STS policy: which hosts may take a domain's mail, and how strictly that is meant.
//
// Flow      StsRecordId of the TXT records; the policy file by HTTPS; ParseStsPolicy; StsMatches.
// Failure   kInvalidArgument naming the line and the rule. A record that is not well formed is no
//           record.
// Limits    64 KiB a file, 100 patterns, 31557600 s of max_age; a longer file is no policy.
// See       RFC 8461 §3.1, §3.2, §4.1

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace postern::mail {

inline constexpr std::size_t kStsPolicyBytesMax = 64 * 1024;
// Patterns; the largest known policies have a dozen.
inline constexpr std::size_t kStsMxMax = 100;
inline constexpr absl::Duration kStsMaxAgeMax = absl::Seconds(31'557'600);

enum class StsMode : std::uint8_t { kNone = 0, kTesting = 1, kEnforce = 2 };

// "none", "testing", "enforce".
std::string_view StsModeName(StsMode mode);

struct StsPolicy {
  std::string id;  // of the TXT record that announced it
  StsMode mode = StsMode::kNone;
  std::vector<std::string> mx;  // "mx.example.test" or "*.example.test": lower-case A-labels
  absl::Duration max_age;

  bool operator==(const StsPolicy&) const = default;
};

// The id in the TXT records of _mta-sts.<domain>; nullopt when there is no policy record: none,
// several that begin with "v=STSv1;", or one that is not well formed.
std::optional<std::string> StsRecordId(const std::vector<std::string>& txt);

// Lines end with LF or CRLF. Unknown keys are ignored; of a key that comes again the first counts,
// but for mx.
absl::StatusOr<StsPolicy> ParseStsPolicy(std::string_view text, std::string id);

// Whether a pattern names `host`; "*" stands for exactly one label.
bool StsMatches(const StsPolicy& policy, std::string_view host);

// The lines of the policy, as a report about it quotes them (RFC 8460 §4.4, policy-string).
std::vector<std::string> StsPolicyLines(const StsPolicy& policy);

}  // namespace postern::mail
