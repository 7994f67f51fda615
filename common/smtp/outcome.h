// common/smtp/outcome.h
//
// Outcome: what one attempt brought, as data: every host tried, one result for each recipient.
//
// Flow      The engine fills it; deliver and egress carry it; settle alone turns it into verdicts.
// Failure   Nothing here fails: a remote's answer and a broken connection are both results.
// See       docs/architecture.md "deliver" and "settle"

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/mail/reply.h"
#include "common/smtp/known_sts.h"

namespace postern::smtp {

// As an Outcome and the frames of the proxy count it: a clock that was set back gives 0.
inline std::uint32_t Milliseconds(absl::Duration span) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(span), 0, UINT32_MAX));
}

// Who is responsible for a result; numbers as in proto/postern/v1/mail.proto.
enum class Origin : std::uint8_t {
  kNone = 0,
  kRemote = 1,
  kDns = 2,
  kConnect = 3,
  kTlsPolicy = 4,
  kFrontEnd = 5,
  kLocal = 6,
};

// How far a conversation came, in order.
enum class Stage : std::uint8_t {
  kLookup,
  kConnect,
  kGreeting,
  kHello,
  kTls,
  kAuth,
  kMail,
  kRecipient,
  kData,
  kBody
};

// Who asked for the security of a session; numbers as in proto/postern/v1/mail.proto.
enum class PolicySource : std::uint8_t { kConnector = 0, kSts = 1, kDane = 2 };

std::string_view NameOf(Origin origin);
std::string_view NameOf(Stage stage);
std::string_view NameOf(PolicySource source);  // "connector", "MTA-STS", "DANE"

struct HostTried {
  std::string host;     // name as looked up
  std::string address;  // "192.0.2.1:25", empty before the lookup
  Stage stage = Stage::kLookup;
  std::optional<mail::Reply> reply;
  absl::Status error;
  PolicySource policy = PolicySource::kConnector;
  // Of a session that was opened: "successful", or a result type of RFC 8460 §4.3. Empty too when
  // nobody was asked for a policy.
  std::string tls_result;
  bool sts_testing = false;       // it is of an MTA-STS policy in mode testing
  std::string sending_ip;         // of the session's own end
  std::string tlsa_base;          // with kDane: the name whose TLSA records they are
  std::vector<std::string> tlsa;  // ... and the usable ones: "3 1 1 0123..."
};

// What a recipient's result is counted as.
enum class ResultClass : std::uint8_t { kDelivered, kDeferred, kRefused, kFailed };
inline constexpr std::size_t kResultClasses = 4;

// As in metrics: "delivered", "deferred", "refused" or "failed".
std::string_view NameOf(ResultClass result);

struct RecipientResult {
  Origin origin = Origin::kNone;     // kNone: not tried in this attempt
  std::optional<mail::Reply> reply;  // verbatim, with kRemote
  absl::Status error;                // otherwise
  mail::EnhancedStatus enhanced;     // with an error: the code that fits it; class 5 is permanent
  std::string host;                  // who answered

  // kFailed: nobody answered for it.
  ResultClass Class() const;

  bool delivered() const { return reply.has_value() && reply->positive(); }

  // The reply, or the words of the error; empty when nothing was tried.
  std::string Said() const;
};

struct TlsFacts {
  std::string version;
  std::string cipher;
  bool verified = false;
  std::string peer_subject;
  std::string tried = {};  // what an MTA-STS policy in mode testing makes of it; not in an Outcome
};

struct Outcome {
  std::vector<RecipientResult> recipients;  // in the order of the envelope
  std::vector<HostTried> hosts;
  bool body_ended = false;  // the final dot or BDAT LAST went out
  bool ambiguous = false;   // ... and its answer did not arrive
  std::optional<TlsFacts> tls;
  std::vector<std::string> keywords;
  std::uint64_t bytes_sent = 0;
  std::uint32_t connect_ms = 0;
  std::uint32_t total_ms = 0;
  bool session_reused = false;
  bool put_off = false;         // Delivery::admits said no: nothing was tried, nobody has a result
  std::optional<KnownSts> sts;  // fetched in this attempt
  std::string sts_result;       // of RFC 8460 §4.3, when a policy is announced and not to be had
  std::string tls_policy_domain;  // whose policy the hosts had; empty without DNS routing
  std::string mx_set;  // of the route (dns/mx_set.h); empty: none that is shared. Not on the wire
  bool hosts_left = false;  // addresses were not tried because there are too many. Not on the wire

  // Every recipient the same local result.
  static Outcome Failed(std::size_t recipients,
                        Origin origin,
                        absl::Status error,
                        mail::EnhancedStatus enhanced);
};

}  // namespace postern::smtp
