// common/smtp/dane.h
//
// Which TLSA records bind a host, by what DNSSEC says of the way to it.
//
// Flow      DaneFor each host before it is dialled; kUsable: tls::Demand::dane and dane_names.
// Failure   Data: kError with what the resolver said. An error is never "no record": whoever can
//           keep the answer from us would lift the protection. kCancelled in `error` when the
//           fiber was stopped.
// Limits    Two questions: the end of the aliases, then the host's own name.
// See       RFC 7672 §2.1, §2.2, §3.1; RFC 7671 §9; RFC 6698; the table stands on top of dane.cc

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/dns/hosts.h"
#include "common/dns/resolver.h"
#include "common/io/task.h"
#include "common/tls/dane_anchor.h"

namespace postern::smtp {

enum class DaneState : std::uint8_t {
  kNone,      // the host has no TLSA records that DNSSEC vouches for
  kUsable,    // the records decide
  kUnusable,  // secure records, none of them usable: TLS is mandatory, nothing is proved
  kError,     // this host must not be used now
};

struct DaneAnswer {
  DaneState state = DaneState::kNone;
  std::string base;                      // the name below which the records are; kNone: empty
  std::vector<dns::TlsaRecord> records;  // kUsable: those that count
  absl::Status error;                    // kError
};

io::Task<DaneAnswer> DaneFor(dns::Resolver& resolver, const dns::Host& host, std::uint16_t port);

// The records as tls::Demand takes them.
std::vector<tls::DaneAnchor> AnchorsOf(const std::vector<dns::TlsaRecord>& records);

// "none", "usable", "unusable", "error".
std::string_view NameOf(DaneState state);

}  // namespace postern::smtp
