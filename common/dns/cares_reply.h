// common/dns/cares_reply.h
//
// What c-ares gives for a question, and what it means; internal to the resolver.
//
// Failure   As dns::Resolver; messages name question, name, cause and servers.

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <ares.h>

#include "common/dns/message.h"

namespace postern::dns {

// The code of c-ares, and the bytes of the last answer, if any.
struct Reply {
  int status = ARES_ECANCELLED;
  std::string bytes;
  absl::Time came = absl::Now();
};

// What was asked of whom.
struct Asked {
  RecordType type;
  std::string_view name;
  std::string_view servers;
};

absl::Status Failure(absl::StatusCode code, const Asked& asked, std::string_view cause);

// NXDOMAIN is a kNotFound here, with its negative TTL.
absl::StatusOr<Answer> Judge(const Asked& asked, const Reply& reply);

}  // namespace postern::dns
