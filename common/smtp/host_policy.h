// common/smtp/host_policy.h
//
// HostPolicy: what one host must prove before it gets the mail, when the connector, DANE, MTA-STS
// and the message have had their say. Pure.
//
// Flow      DecideHost with what was looked up; usable(): dial with `security`; else the next host.
// Failure   Data: `why` is the sentence that an administrator reads in LastError, `enhanced` the
//           code that fits it. The mail waits: a policy that is not met is never a reason to return
//           mail at once.
// Limits    The connector is a floor: the others make it stricter only. Usable TLSA records decide;
//           MTA-STS never lets pass what they refuse.
// See       docs/generated/policy-states.md; RFC 7672 §2.1, §2.2; RFC 8461 §5; RFC 8689 §4, §5

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/hosts.h"
#include "common/smtp/dane.h"
#include "common/smtp/outcome.h"
#include "common/smtp/policy.h"
#include "common/smtp/security.h"
#include "common/smtp/sts.h"

namespace postern::smtp {

// What is known of a host and its domain.
struct HostFindings {
  const dns::Host& host;
  std::string_view domain;  // next-hop domain; empty for smart hosts: MTA-STS is about MX hosts
  DaneAnswer dane;
  std::optional<KnownSts> sts;  // in force for `domain`
};

struct HostPolicy {
  PolicySource source = PolicySource::kConnector;  // who asks for the most
  Security security;
  std::string server_name;  // for SNI, where a policy says it; else empty
  // MTA-STS is only tried out, and TLSA records have no say: its failures are reported, not obeyed.
  bool sts_testing = false;
  // Of RFC 8460 §4.3: what is known before the host is dialled, whether it is used or not.
  std::string_view result;
  std::string tlsa_base;          // with kDane: the name whose TLSA records they are
  std::vector<std::string> tlsa;  // ... and those that count, as RFC 6698 §2.2 writes them
  absl::Status why;
  Origin origin = Origin::kTlsPolicy;
  mail::EnhancedStatus enhanced;

  bool usable() const { return why.ok(); }
};

// `floor` is SecurityFor of the connector and this host.
HostPolicy DecideHost(const ConnectorPolicy& connector, Security floor, HostFindings findings);

}  // namespace postern::smtp
