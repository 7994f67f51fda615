#include "services/mailbox-transport/admin/readiness.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace postern::admin {

namespace {

v1::Condition Ready(bool ready, std::string_view reason, std::string_view message) {
  v1::Condition condition;
  condition.set_type("Ready");
  condition.set_status(ready ? "True" : "False");
  condition.set_reason(std::string(reason));
  condition.set_message(std::string(message));
  return condition;
}

v1::Condition FromCheck(const absl::Status& status) {
  const std::string_view message = base::MessageOf(status);
  const auto colon = message.find(": ");
  const std::string_view word = message.substr(0, colon);
  const bool named =
      colon != std::string_view::npos && !word.empty() && word[0] >= 'A' && word[0] <= 'Z' &&
      std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!named) return Ready(false, "NotReady", message);
  return Ready(false, word, message.substr(colon + 2));
}

}  // namespace

Readiness::Readiness(std::string server, CheckReady check)
    : server_(std::move(server)), check_(std::move(check)) {}

v1::Condition Readiness::ConditionOf(const connector::SendConnector& connector,
                                     const directory::Snapshot& snapshot) const {
  const auto sources = snapshot.SourcesOf(connector);
  if (sources.empty()) {
    return Ready(
        false, "SourceServerNotFound",
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
    return Ready(false, "NoFrontEnd",
                 base::Cat("FrontendProxyEnabled is true, and there is no front end in ",
                           base::Join(sites, ", "), ": mail that is sent from there waits"));
  }
  if (ours && check_) {
    if (const absl::Status checked = check_(connector); !checked.ok()) return FromCheck(checked);
  }
  if (!connector.enabled) {
    return Ready(true, "Disabled", "it is not enabled: no mail is routed to it");
  }
  return Ready(true, "Ready", "");
}

}  // namespace postern::admin
