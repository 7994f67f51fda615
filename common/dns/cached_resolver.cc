#include "common/dns/cached_resolver.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/question.h"
#include "common/io/own_addresses.h"

namespace postern::dns {

namespace {

// The first server that is not on this machine, or "". `servers` as CaresResolver tells them.
std::string RemoteServer(const std::string& servers) {
  const std::vector<io::IpAddress> own = io::OwnAddresses();
  for (const std::string_view text : base::Split(servers, ' ')) {
    const absl::StatusOr<io::Endpoint> server = ParseServer(text);
    if (!server.ok()) return std::string(text);
    const io::IpAddress& address = server->address;
    const bool here =
        address.is_loopback() || std::find(own.begin(), own.end(), address) != own.end();
    if (!here) return std::string(text);
  }
  return "";
}

struct Trust {
  bool ad = false;
  std::string distrust;  // why kAuto came to no
};

absl::StatusOr<Trust> DecideTrust(const CachedResolver::Options& options,
                                  const std::string& servers) {
  if (options.trust_ad == TrustAd::kNo) return Trust();
  const std::string remote = RemoteServer(servers);
  const bool believed = options.trust_ad == TrustAd::kYes && options.trust_ad_remote;
  if (remote.empty() || believed) return Trust{true, ""};
  constexpr std::string_view kNear = "name a validating server on 127.0.0.1 or [::1], or set ";
  constexpr std::string_view kFar =
      "dns.trust_ad_remote to true if the network between is protected";
  if (options.trust_ad == TrustAd::kAuto) {
    return Trust{false,
                 base::Cat(options.trust_ad_key, ": auto does not believe the name server ", remote,
                           " of ", options.servers_key, ", which is not on this machine; ", kNear,
                           "yes and ", kFar, ", or set no")};
  }
  return base::Error(absl::StatusCode::kFailedPrecondition, options.trust_ad_key,
                     ": yes, but the name server ", remote, " of ", options.servers_key,
                     " is not on this machine, so the network could forge what it says; ", kNear,
                     kFar);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CachedResolver>> CachedResolver::Make(io::Executor& executor,
                                                                     Options options,
                                                                     observe::Registry* registry) {
  std::unique_ptr<CachedResolver> made(new CachedResolver());
  if (registry != nullptr) {
    options.network.probe = &made->probe_.emplace(*registry, options.name);
  }
  auto network = CaresResolver::Make(executor, options.network);
  if (!network.ok()) return base::Annotate(network.status(), options.servers_key);
  made->network_ = *std::move(network);
  POSTERN_ASSIGN_OR_RETURN(Trust trust, DecideTrust(options, made->network_->servers()));
  made->trusts_ad_ = trust.ad;
  made->distrust_ = std::move(trust.distrust);
  made->network_->SetTrustAd(made->trusts_ad_);
  made->cache_ = std::make_unique<CachingResolver>(
      *made->network_, base::Clock::System(), CachingResolver::Limits(), options.network.probe);
  return made;
}

}  // namespace postern::dns
