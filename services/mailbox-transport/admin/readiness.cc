#include "services/mailbox-transport/admin/readiness.h"

#include <set>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace postern::admin {

using connector::ReadyIs;

Readiness::Readiness(std::string server, CheckReady check)
    : server_(std::move(server)), check_(std::move(check)) {}

v1::Condition Readiness::ConditionOf(const connector::SendConnector& connector,
                                     const directory::Snapshot& snapshot) const {
  const auto sources = snapshot.SourcesOf(connector);
  if (sources.empty()) {
    return ReadyIs(
        "False", "SourceServerNotFound",
        base::Cat("none of its source servers is in the directory (",
                  base::Join(connector.source_transport_servers, ", "), "): its mail waits"));
  }
  bool ours = false;
  std::set<std::string> without_front_end;
  for (const directory::TransportServer* source : sources) {
    ours = ours || base::EqualsIgnoreCase(source->name, server_);
    if (snapshot.FrontEndsOf(source->site).empty()) without_front_end.insert(source->site);
  }
  if (connector.frontend_proxy_enabled && !without_front_end.empty()) {
    const std::vector<std::string> sites(without_front_end.begin(), without_front_end.end());
    return ReadyIs("False", "NoFrontEnd",
                   base::Cat("FrontendProxyEnabled is true, and there is no front end in ",
                             base::Join(sites, ", "), ": mail that is sent from there waits"));
  }
  if (ours && check_) {
    if (const auto missing = check_(connector)) {
      return ReadyIs("False", missing->reason, missing->message);
    }
  }
  if (!connector.enabled) {
    return ReadyIs("True", "Disabled", "it is not enabled: no mail is routed to it");
  }
  return ReadyIs("True", "Ready", "");
}

}  // namespace postern::admin
