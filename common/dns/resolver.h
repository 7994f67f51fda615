// common/dns/resolver.h
//
// The resolver seam: MX, A and AAAA answers, with the difference between "no", "not there" and
// "not now".
//
// Failure   kNotFound: the name does not exist (NXDOMAIN). kUnavailable, kDeadlineExceeded:
//           SERVFAIL, timeout, no server: transient. An empty answer is NODATA: the name exists
//           without such records. kInvalidArgument: not a host name.
// Limits    5 s a server, 60 s a query (Exchange); each is a setting.
// See       RFC 5321 §5.1; RFC 7505; exchange-2013 facts 3.5

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

struct MxAnswer {
  std::vector<MxRecord> records;  // empty: NODATA
  absl::Duration ttl;
};

struct AddressAnswer {
  std::vector<io::IpAddress> addresses;  // A and AAAA; empty: NODATA for both
  absl::Duration ttl;
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  virtual io::Task<absl::StatusOr<MxAnswer>> Mx(std::string domain) = 0;
  virtual io::Task<absl::StatusOr<AddressAnswer>> Addresses(std::string host) = 0;
};

// A kNotFound carries how long it may be remembered (RFC 2308 §5); zero when it says nothing of it.
absl::Status WithNegativeTtl(absl::Status status, absl::Duration ttl);
absl::Duration NegativeTtlOf(const absl::Status& status);

}  // namespace postern::dns
