// common/dns/resolvers.h
//
// Resolvers: the two of one executor, for connectors without and with useExternalDnsServersEnabled.
//
// Flow      Make; internal and external, for all that the executor runs.
// Failure   Make: kInvalidArgument and kFailedPrecondition name the setting that is wrong.
// Lifetime  Made, used and destroyed on the executor, which outlives it, as the registry does.
// See       common/dns/settings.h

#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/dns/cached_resolver.h"
#include "common/dns/settings.h"

namespace postern::dns {

class Resolvers {
 public:
  static absl::StatusOr<std::unique_ptr<Resolvers>> Make(io::Executor& executor,
                                                         const DnsSettings& settings,
                                                         const ServersSetting& servers,
                                                         const ServersSetting& external_servers,
                                                         observe::Registry& registry);

  Resolver& internal() { return internal_->resolver(); }

  // Null when it is the same one.
  Resolver* external() { return external_ == nullptr ? nullptr : &external_->resolver(); }

  // One line in the log when kAuto came to no for either of them.
  void WarnOfDistrust(std::string_view step) const;

 private:
  Resolvers() = default;

  std::unique_ptr<CachedResolver> internal_;
  std::unique_ptr<CachedResolver> external_;
};

}  // namespace postern::dns
