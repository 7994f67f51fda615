#include "common/dns/resolvers.h"

#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::dns {

absl::StatusOr<std::unique_ptr<Resolvers>> Resolvers::Make(io::Executor& executor,
                                                           const DnsSettings& settings,
                                                           const ServersSetting& servers,
                                                           const ServersSetting& external_servers,
                                                           observe::Registry& registry) {
  std::unique_ptr<Resolvers> made(new Resolvers());
  POSTERN_ASSIGN_OR_RETURN(CachedResolver::Options internal, InternalResolver(settings, servers));
  POSTERN_ASSIGN_OR_RETURN(made->internal_,
                           CachedResolver::Make(executor, std::move(internal), &registry));
  POSTERN_ASSIGN_OR_RETURN(auto other, ExternalResolver(settings, servers, external_servers));
  if (!other.has_value()) return made;
  POSTERN_ASSIGN_OR_RETURN(made->external_,
                           CachedResolver::Make(executor, *std::move(other), &registry));
  return made;
}

void Resolvers::WarnOfDistrust(std::string_view step) const {
  std::string why = internal_->distrust();
  if (external_ != nullptr && !external_->distrust().empty()) {
    why += base::Cat(why.empty() ? "" : "; ", external_->distrust());
  }
  if (why.empty()) return;
  POSTERN_LOG(kWarning, step, "DANE is off: DNSSEC is not believed", {{"why", why}});
}

}  // namespace postern::dns
