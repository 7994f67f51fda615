#include "common/dns/cached_resolver.h"

#include <utility>

#include "common/base/clock.h"

namespace postern::dns {

absl::StatusOr<std::unique_ptr<CachedResolver>> CachedResolver::Make(
    io::Executor& executor, const std::vector<std::string>& servers) {
  CaresResolver::Options options;
  options.servers = servers;
  auto network = CaresResolver::Make(executor, std::move(options));
  if (!network.ok()) return network.status();
  std::unique_ptr<CachedResolver> made(new CachedResolver());
  made->network_ = *std::move(network);
  made->cache_ = std::make_unique<CachingResolver>(*made->network_, base::Clock::System());
  return made;
}

}  // namespace postern::dns
