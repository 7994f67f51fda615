// common/dns/hosts.h
//
// The hosts of a next hop, best first: MX, implicit MX, smart hosts and address literals.
//
// Flow      HostsFor for a domain, HostsForSmartHosts for a connector's list; then dial each
//           address of each host in order.
// Failure   Data, in HostsAnswer: `error` says what the resolver said, `enhanced` is the code that
//           fits. 5.4.4 the name or all its hosts do not exist, or are where no mail may go; 5.1.10
//           null MX; 5.1.2 not a domain, or a literal where no mail may go; 5.3.5 we are its best
//           mail exchanger; 4.4.3 the DNS does not answer now; 4.4.4 no smart host has an address:
//           the list is ours, so mail waits. kCancelled, without a code, when the fiber was
//           stopped.
// Limits    100 hosts; no further host is looked up once 20 addresses are known, or after two
//           minutes.
// See       RFC 5321 §5.1; RFC 7505; RFC 3463 §3.5

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/random.h"
#include "common/dns/resolver.h"
#include "common/io/endpoint.h"
#include "common/io/task.h"
#include "common/mail/reply.h"

namespace postern::dns {

inline constexpr std::size_t kHostsMax = 100;
inline constexpr std::size_t kAddressesEnough = 20;
inline constexpr absl::Duration kHostLookupsMax = absl::Minutes(2);

struct Host {
  std::string name;                      // as in the MX record; an address literal as text
  std::vector<io::IpAddress> addresses;  // never empty; IPv6 and IPv4 take turns
  std::uint16_t preference = 0;
  std::string smart_host;  // as the list of smart hosts names it; empty for a domain's exchanger
  bool secure = false;     // DNSSEC vouches for the way from the domain to the addresses
  std::string canonical;   // at the end of its aliases; empty when there are none
};

struct LookupRules {
  // Exchange's DnsFaultTolerance. Lenient: an exchanger that leads nowhere is passed over. Normal
  // (false): it takes all of equal or worse preference with it.
  bool lenient = true;
  // Smart hosts share the load; false: the first of the list is asked first.
  bool balanced = true;
  // Our own names, lower case: exchangers from ours on would send the mail back to us.
  std::vector<std::string> own_names;
  // Where neither the DNS nor an address literal may send mail: this machine, nobody.
  std::vector<io::Network> refused;
};

// The addresses of a host without those of rules.refused; kFailedPrecondition when it has no other.
// `rules` outlive the awaited call.
io::Task<absl::StatusOr<AddressAnswer>> AllowedAddresses(Resolver& resolver,
                                                         const LookupRules& rules,
                                                         std::string host);

struct HostsAnswer {
  std::vector<Host> hosts;  // not empty when ok()
  absl::Status error;
  mail::EnhancedStatus enhanced;  // class 5 is permanent, class 4 is not
  absl::Duration ttl;             // how long the answer holds
  std::string mx_set;             // MxSetName of the domain; empty: it has no MX records
  bool partial = false;           // with hosts: others could not be looked up for now

  bool ok() const { return error.ok(); }
};

// The hosts of `domain`: a normalized domain name, or an address literal "[192.0.2.1]".
// Hosts of equal preference come in random order.
io::Task<HostsAnswer> HostsFor(Resolver& resolver,
                               base::Random& random,
                               const LookupRules& rules,
                               std::string domain);

// The hosts of a list of smart hosts. Each is an address, with or without brackets, or a name: its
// own addresses first, and where it has none, its MX.
io::Task<HostsAnswer> HostsForSmartHosts(Resolver& resolver,
                                         base::Random& random,
                                         const LookupRules& rules,
                                         std::vector<std::string> smart_hosts);

}  // namespace postern::dns
