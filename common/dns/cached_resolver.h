// common/dns/cached_resolver.h
//
// CachedResolver: a resolver over the network with its cache; a service has one on each executor.
//
// Flow      Make on the executor; resolver().
// Failure   Make: kInvalidArgument naming the server that is none; kFailedPrecondition naming the
//           server that may not be trusted, and what to do.
// Lifetime  Made, used and destroyed on its executor.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/dns/cache.h"
#include "common/dns/cares_resolver.h"
#include "common/dns/probe.h"
#include "common/io/executor.h"

namespace postern::dns {

// Whether a server is believed when it says that it has validated an answer.
enum class TrustAd : std::uint8_t {
  kAuto,  // when all servers are on this machine
  kYes,   // they are, or are allowed to be elsewhere
  kNo,
};

class CachedResolver {
 public:
  struct Options {
    CaresResolver::Options network;  // its trust_ad is decided by Make
    TrustAd trust_ad = TrustAd::kAuto;
    bool trust_ad_remote = false;        // kYes holds for servers elsewhere, too
    std::string_view name = "internal";  // in the metrics
    // For the errors: the settings that these came from.
    std::string_view servers_key = "servers";
    std::string_view trust_ad_key = "trust_ad";
  };

  // `registry` outlives it; null: without metrics.
  static absl::StatusOr<std::unique_ptr<CachedResolver>> Make(
      io::Executor& executor, Options options, observe::Registry* registry = nullptr);

  Resolver& resolver() { return *cache_; }

  bool trusts_ad() const { return trusts_ad_; }

  // Why TrustAd::kAuto came to no, and what to set; empty otherwise.
  const std::string& distrust() const { return distrust_; }

 private:
  CachedResolver() = default;

  std::optional<Probe> probe_;
  std::unique_ptr<CaresResolver> network_;
  std::unique_ptr<CachingResolver> cache_;  // asks network_, so it goes first
  bool trusts_ad_ = false;
  std::string distrust_;
};

}  // namespace postern::dns
