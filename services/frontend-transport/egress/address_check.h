// services/frontend-transport/egress/address_check.h
//
// AddressCheck: whether the names of our source addresses agree: what is said in EHLO leads to the
// address (A, AAAA), and the address leads back to it (PTR).
//
// Flow      Start; Check is one round, which Start repeats; Stop, Join.
// Failure   A name that differs is 0 in the metric and a line in the log when that is news. While
//           name servers do not answer, what was known stays.
// Lifetime  One executor; borrows the resolver and the pool.
// Limits    Every egress.address_check_interval; one address after the other.
// See       docs/kubernetes/egress-addresses.md; RFC 5321 §4.1.1.1; RFC 1912 §2.1

#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "common/dns/resolver.h"
#include "common/io/scope.h"
#include "common/observe/metrics.h"
#include "common/smtp/source_pool.h"

namespace postern::egress {

class AddressCheck {
 public:
  // `site_name` is said from addresses without a name of their own.
  AddressCheck(io::Executor& executor,
               dns::Resolver& resolver,
               const smtp::SourcePool& pool,
               std::string site_name,
               absl::Duration interval,
               observe::Registry& registry);

  void Start();
  io::Task<void> Check();
  void Stop();
  io::Task<void> Join();

 private:
  io::Task<void> Repeat();
  // What is wrong, empty when all agrees; nothing when it cannot be known now.
  io::Task<std::optional<std::string>> WrongWith(smtp::SourceAddress source, std::string name);

  dns::Resolver& resolver_;
  const smtp::SourcePool& pool_;
  const std::string site_name_;
  const absl::Duration interval_;
  observe::Registry& registry_;
  std::map<io::IpAddress, std::string> said_;  // the last words about each
  io::Scope scope_;
};

// 1 when name, A and PTR agree.
observe::Gauge& NamesAgree(observe::Registry& registry,
                           const std::string& label,
                           const std::string& address);

}  // namespace postern::egress
