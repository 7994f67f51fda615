// common/dns/resolver.h
//
// The resolver seam: MX, address, TLSA, TXT and PTR answers, with the difference between "no", "not
// there" and "not now", and whether DNSSEC vouches for them.
//
// Failure   kNotFound: the name does not exist (NXDOMAIN). kUnavailable, kDeadlineExceeded:
//           SERVFAIL, timeout, no server: transient. An empty answer is NODATA: the name exists
//           without such records. kInvalidArgument: not a host name.
//           An answer that DNSSEC finds forged is a SERVFAIL of the validating server: never "not
//           there".
// Limits    5 s a server, 60 s a query (Exchange); each is a setting.
// See       RFC 5321 §5.1; RFC 7505; RFC 6698 (TLSA); RFC 4035 §3.2.3 (the AD bit);
//           RFC 1035 §3.5, RFC 3596 §2.5 (PTR)

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/endpoint.h"
#include "common/io/task.h"

namespace postern::dns {

struct MxRecord {
  std::uint16_t preference = 0;
  std::string host;  // lower case, no trailing dot; empty is the null MX
};

// `secure`: a server that we trust has validated the answer, the absence of records included, and
// every alias on the way to it.
struct MxAnswer {
  std::vector<MxRecord> records;  // empty: NODATA
  absl::Duration ttl;
  bool secure = false;
};

struct AddressAnswer {
  std::vector<io::IpAddress> addresses;  // A and AAAA; empty: NODATA for both
  absl::Duration ttl;
  bool secure = false;    // every family that answered
  std::string canonical;  // the name at the end of the aliases; empty when there are none
};

struct TlsaRecord {
  std::uint8_t usage = 0;     // 2 DANE-TA, 3 DANE-EE
  std::uint8_t selector = 0;  // 0 certificate, 1 public key
  std::uint8_t matching = 0;  // 0 as it is, 1 SHA-256, 2 SHA-512
  std::string data;           // bytes

  bool operator==(const TlsaRecord&) const = default;
};

struct TlsaAnswer {
  std::vector<TlsaRecord> records;  // empty: NODATA
  absl::Duration ttl;
  bool secure = false;
};

struct TxtAnswer {
  std::vector<std::string> records;  // each with its parts joined; empty: NODATA
  absl::Duration ttl;
};

struct PtrAnswer {
  std::vector<std::string> names;  // lower case, no trailing dot; empty: NODATA
  absl::Duration ttl;
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  virtual io::Task<absl::StatusOr<MxAnswer>> Mx(std::string domain) = 0;
  virtual io::Task<absl::StatusOr<AddressAnswer>> Addresses(std::string host) = 0;
  // `name` as "_25._tcp.mx.example.test".
  virtual io::Task<absl::StatusOr<TlsaAnswer>> Tlsa(std::string name) = 0;
  virtual io::Task<absl::StatusOr<TxtAnswer>> Txt(std::string name) = 0;
  // `name` as ReverseName gives it.
  virtual io::Task<absl::StatusOr<PtrAnswer>> Ptr(std::string name) = 0;
};

// "25.2.0.192.in-addr.arpa", or below ip6.arpa.
std::string ReverseName(const io::IpAddress& address);

// A kNotFound carries how long it may be remembered (RFC 2308 §5); zero when it says nothing of it.
absl::Status WithNegativeTtl(absl::Status status, absl::Duration ttl);
absl::Duration NegativeTtlOf(const absl::Status& status);

}  // namespace postern::dns
