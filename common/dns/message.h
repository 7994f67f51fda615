// common/dns/message.h
//
// A DNS answer read from its bytes: the records that were asked for, and how long they hold.
//
// Flow      ParseAnswer with what came off the wire and the type that was asked.
// Failure   kInvalidArgument "dns answer: ..." with the rule that was broken. NXDOMAIN and the
//           other codes are data: see `code`.
// Limits    65,535 bytes; 4,096 records in a section, 256 of them kept; 255 bytes a name; a
//           compression pointer leads backwards only; 16 links of a CNAME chain.
// See       RFC 1035 §3.3.14, §4; RFC 2181 §8 (TTL); RFC 2308 §5 (negative TTL); RFC 3596 (AAAA);
//           RFC 4035 §3.2.3 (AD); RFC 6698 §2.1 (TLSA)

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/dns/resolver.h"
#include "common/io/endpoint.h"

namespace postern::dns {

enum class RecordType : std::uint16_t {
  kA = 1,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kTlsa = 52,
};

enum class ResponseCode : std::uint8_t { kNoError = 0, kNoSuchName = 3 };

struct Answer {
  ResponseCode code = ResponseCode::kNoError;  // other values than the named ones occur
  bool truncated = false;
  bool referral = false;                 // the server knows nothing itself and does not ask others
  bool authentic = false;                // the AD bit: the server says that it has validated this
  std::string name;                      // the owner of the records, at the end of the CNAME chain
  std::vector<MxRecord> mx;              // when MX was asked
  std::vector<io::IpAddress> addresses;  // when A or AAAA was asked
  std::vector<TlsaRecord> tlsa;          // when TLSA was asked
  std::vector<std::string> txt;          // when TXT was asked
  std::vector<std::string> ptr;          // when PTR was asked
  absl::Duration ttl;  // the smallest of the records and their CNAME chain; zero without records
  absl::Duration negative_ttl;  // from the SOA in the authority section; zero without one

  bool empty() const {
    return mx.empty() && addresses.empty() && tlsa.empty() && txt.empty() && ptr.empty();
  }
};

// Names are lower case without trailing dot; bytes that are no letter, digit, hyphen or underscore
// are written as \ddd, so that they never pass for a host name.
absl::StatusOr<Answer> ParseAnswer(std::string_view bytes, RecordType asked);

// What is known of `host` from its A question, its AAAA question or both. Addresses of one family
// are used when the other failed, for a minute; without any, a failure goes before NXDOMAIN, and
// only NXDOMAIN to every question makes one.
absl::StatusOr<AddressAnswer> JoinFamilies(std::string_view host,
                                           std::span<const absl::StatusOr<Answer>> answers);

}  // namespace postern::dns
