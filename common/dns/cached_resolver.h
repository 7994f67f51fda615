// common/dns/cached_resolver.h
//
// CachedResolver: a resolver over the network with its cache; a service has one on each executor.
//
// Flow      Make on the executor; resolver().
// Failure   Make: kInvalidArgument naming the server that is none.
// Lifetime  Made, used and destroyed on its executor.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/dns/cache.h"
#include "common/dns/cares_resolver.h"
#include "common/io/executor.h"

namespace postern::dns {

class CachedResolver {
 public:
  // `servers` as address:port, asked in this order; none: those of /etc/resolv.conf.
  static absl::StatusOr<std::unique_ptr<CachedResolver>> Make(
      io::Executor& executor, const std::vector<std::string>& servers);

  Resolver& resolver() { return *cache_; }

 private:
  CachedResolver() = default;

  std::unique_ptr<CaresResolver> network_;
  std::unique_ptr<CachingResolver> cache_;  // asks network_, so it goes first
};

}  // namespace postern::dns
