// services/mailbox-transport/deliver/front_end_names.h
//
// FrontEndNames: the addresses behind the names of a site's front ends, followed as they come and
// go.
//
// Flow      Set from the directory; `changed` gets every address, "192.0.2.7:7170", at once and
//           whenever they are others; AskSoon when one of them is lost; Stop, Join.
// Failure   A name that does not exist has no addresses. While its name servers do not answer it
//           keeps those that it had; error() says why.
// Lifetime  One executor. Destroy after Join.
// Limits    Asked every deliver.front_end_refresh, at most once a second in between; kFrontEndsMax
//           addresses in all.
// See       docs/architecture.md "Egress"; docs/kubernetes/scaling.md

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/dns/cares_resolver.h"
#include "common/dns/search_list.h"
#include "common/io/event.h"
#include "common/io/scope.h"
#include "services/mailbox-transport/deliver/settings.h"

namespace postern::deliver {

inline constexpr std::size_t kFrontEndsMax = 64;

class FrontEndNames {
 public:
  using Changed = std::function<void(const std::vector<std::string>&)>;

  // Without a resolver it asks the servers of deliver.front_end_dns_servers.
  FrontEndNames(io::Executor& executor,
                const DeliverSettings& settings,
                dns::Resolver* resolver,
                Changed changed);
  ~FrontEndNames();

  // Each "host:7170" or "dns:///name:7170"; the host may be an address.
  void Set(const std::vector<std::string>& names);
  void AskSoon();

  // Why a name has no address; OK when each has one.
  absl::Status error() const;
  // All addresses, and one for each name that has none.
  std::size_t size() const;
  // A name has never been answered.
  bool asking() const;

  void Stop();
  io::Task<void> Join();

 private:
  struct Name;

  io::Task<void> Follow();
  io::Task<void> AskAll();
  io::Task<void> Ask(std::shared_ptr<Name> name, dns::Resolver* resolver);
  dns::Resolver* Resolver();
  void Publish();

  io::Executor& executor_;
  const DeliverSettings& settings_;
  dns::Resolver* resolver_;
  std::unique_ptr<dns::CaresResolver> own_resolver_;
  absl::Status resolver_error_;
  const dns::SearchList search_;
  Changed changed_;
  std::vector<std::shared_ptr<Name>> names_;
  std::vector<std::string> published_;
  bool following_ = false;
  bool wanted_ = false;
  io::Event wake_;
  io::Scope scope_;
};

}  // namespace postern::deliver
