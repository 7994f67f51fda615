#include "common/kubernetes/status.h"

#include <utility>

#include "google/protobuf/util/message_differencer.h"

#include "common/base/text.h"
#include "common/connector/condition.h"
#include "common/mail/utf8.h"

namespace postern::kubernetes {

namespace {

using connector::ReadyIs;
using directory::Kind;

constexpr std::string_view kReady = "Ready";

// Those of `servers` that are live, in the order of their names.
class LiveServers {
 public:
  explicit LiveServers(const StatusInputs& inputs) : inputs_(inputs) {}

  void AddSite(std::string_view site) {
    for (const directory::TransportServer* server : inputs_.snapshot.ServersOf(site))
      Add(server->name);
  }

  void AddAll() {
    for (const directory::TransportServer& server : inputs_.snapshot.servers())
      Add(server.name);
  }

  void Add(std::string_view server) {
    if (inputs_.live.count(base::LowerAscii(server)) != 0) names_.insert(std::string(server));
  }

  std::vector<std::string> Take() const {
    std::vector<std::string> names;
    for (const std::string& name : names_) {
      if (names.size() == kServersMax) break;
      names.push_back(name);
    }
    return names;
  }

 private:
  const StatusInputs& inputs_;
  std::set<std::string> names_;
};

const v1::SendConnector* ConnectorIn(const Object& object) {
  if (object.checked == nullptr) return nullptr;
  return std::get_if<v1::SendConnector>(&object.checked->manifest.object);
}

std::vector<std::string> ServersOf(Kind kind, const Object& object, const StatusInputs& inputs) {
  LiveServers servers(inputs);
  const v1::SendConnector* const connector = ConnectorIn(object);
  if (connector != nullptr) {
    for (const std::string& source : connector->spec().source_transport_servers()) {
      if (const auto site = connector::SiteIn(source)) {
        servers.AddSite(*site);
      } else {
        servers.Add(source);
      }
    }
  } else if (kind == Kind::kSite) {
    servers.AddSite(object.name);
  } else if (kind == Kind::kTransportServer) {
    servers.Add(object.name);
  } else {
    servers.AddAll();
  }
  return servers.Take();
}

std::optional<v1::Condition> OfConnector(const Object& object,
                                         const v1::SendConnector& held,
                                         const StatusInputs& inputs) {
  const connector::SendConnector* const found = inputs.snapshot.FindConnector(held.spec().name());
  if (found == nullptr) return std::nullopt;
  v1::Condition ready = inputs.ready_of(*found, inputs.snapshot);
  const auto told = inputs.not_ready.find(object.name);
  if (ready.status() != "True" || told == inputs.not_ready.end()) return ready;
  return ReadyIs("False", "ServerNotReady", told->second);
}

v1::Condition OfServer(const Object& object, const StatusInputs& inputs) {
  if (inputs.live.count(object.name) != 0) return ReadyIs("True", kReady, "");
  const auto orphaned = inputs.orphaned.find(object.name);
  if (orphaned != inputs.orphaned.end()) {
    return ReadyIs("False", "MailWithoutServer",
                   base::Cat("its volume holds ", orphaned->second,
                             " messages and no server has it: start the server again, or hand them "
                             "over by postern Rescue-Queue"));
  }
  return ReadyIs("False", "NoLease",
                 "no Lease of this server was renewed in time: it does not run, or does not reach "
                 "the API server");
}

std::optional<v1::Condition> ConditionFor(Kind kind,
                                          const Object& object,
                                          const StatusInputs& inputs) {
  const auto finding = inputs.view.findings.find(object.place);
  if (finding != inputs.view.findings.end()) return ReadyIs("False", "Invalid", finding->second);
  const auto in_force = inputs.view.in_force.find(object.place);
  const bool now = in_force != inputs.view.in_force.end() && in_force->second == object.generation;
  if (!now && inputs.view.findings.empty()) return std::nullopt;
  if (!now) {
    const auto& [place, words] = *inputs.view.findings.begin();
    return ReadyIs(
        "Unknown", "Waits",
        base::Cat("the directory stays as it was until this is mended: ", place, ": ", words));
  }
  if (const v1::SendConnector* connector = ConnectorIn(object)) {
    return OfConnector(object, *connector, inputs);
  }
  if (kind == Kind::kTransportServer) return OfServer(object, inputs);
  return ReadyIs("True", "InForce", "");
}

Json ConditionJson(const v1::Condition& ready, std::int64_t generation) {
  Json condition;
  SetText(condition, {"type"}, ready.type());
  SetText(condition, {"status"}, ready.status());
  SetText(condition, {"reason"}, ready.reason());
  SetText(condition, {"message"}, mail::CleanText(ready.message(), kMessageBytesMax));
  SetNumber(condition, {"observedGeneration"}, generation);
  return condition;
}

}  // namespace

std::optional<ResourceStatus> StatusFor(Kind kind,
                                        const Object& object,
                                        const StatusInputs& inputs) {
  const auto ready = ConditionFor(kind, object, inputs);
  if (!ready) return std::nullopt;
  return ResourceStatus{*ready, ServersOf(kind, object, inputs)};
}

std::optional<Json> PatchFor(const Object& object, const ResourceStatus& status, absl::Time now) {
  using google::protobuf::util::MessageDifferencer;
  Json wanted;
  auto& conditions = *At(wanted, {"conditions"}).mutable_list_value();
  Json ready = ConditionJson(status.ready, object.generation);
  std::string since = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", now, absl::UTCTimeZone());
  if (const Json* held = Find(object.status, {"conditions"})) {
    for (const Json& condition : held->list_value().values()) {
      if (TextAt(condition, {"type"}) != kReady) {
        *conditions.add_values() = condition;
      } else if (TextAt(condition, {"status"}) == status.ready.status()) {
        since = TextAt(condition, {"lastTransitionTime"});
      }
    }
  }
  SetText(ready, {"lastTransitionTime"}, since);
  *conditions.add_values() = std::move(ready);
  auto& servers = *At(wanted, {"servers"}).mutable_list_value();
  for (const std::string& server : status.servers)
    servers.add_values()->set_string_value(server);
  // The order of what others have written may differ, and then ours is written once more.
  if (MessageDifferencer::Equals(wanted, object.status)) return std::nullopt;
  Json patch;
  At(patch, {"status"}) = std::move(wanted);
  return patch;
}

}  // namespace postern::kubernetes
