#include "services/mailbox-transport/admin/redirect.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::admin {

namespace {

// A message that a target sent here may go back to it: that is what a drain is for.
model::RelayServer RelayServerOf(const directory::TransportServer& server,
                                 const directory::Snapshot& snapshot) {
  return {server.name, std::string(snapshot.SiteOf(server.name)), server.relay_address, true};
}

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

}  // namespace

absl::StatusOr<model::RelayPlan> PlanOf(const v1::RedirectMessageRequest& request,
                                        const directory::Snapshot& snapshot,
                                        std::string_view server) {
  std::vector<model::RelayServer> group;
  for (const std::string& name : request.targets()) {
    const directory::TransportServer* const target = snapshot.FindServer(name);
    if (target == nullptr) {
      return Invalid("target: \"", base::Printable(name), "\" is no server of the directory");
    }
    if (base::EqualsIgnoreCase(target->name, server)) {
      return Invalid("target: \"", target->name, "\" is the server itself");
    }
    if (target->relay_address.empty()) {
      return Invalid("target: \"", target->name, "\" has no relayAddress");
    }
    group.push_back(RelayServerOf(*target, snapshot));
  }
  if (request.targets().empty()) {
    const std::string_view site = snapshot.SiteOf(server);
    for (const directory::TransportServer& other : snapshot.servers()) {
      const bool ours = base::EqualsIgnoreCase(snapshot.SiteOf(other.name), site);
      if (!ours || other.relay_address.empty() || base::EqualsIgnoreCase(other.name, server)) {
        continue;
      }
      group.push_back(RelayServerOf(other, snapshot));
    }
    if (group.empty()) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "the site \"", site,
                         "\" has no other server with a relayAddress: name a target");
    }
  }
  return model::RelayPlan{{std::move(group)}};
}

io::Task<absl::Status> Redirect::Run(const v1::RedirectMessageRequest& request,
                                     v1::RedirectMessageResponse& response,
                                     absl::Time at_latest) {
  if (request.release()) {
    if (!request.dry_run()) pipeline_.RefuseUntil(absl::InfinitePast());
    co_return co_await Count(response);
  }
  const pipeline::RouteTablePtr table = pipeline_.router().table();
  if (table == nullptr) co_return absl::UnavailableError("the directory is not loaded yet");
  const auto plan = PlanOf(request, table->snapshot(), pipeline_.server());
  if (!plan.ok()) co_return plan.status();
  for (const model::RelayServer& server : plan->groups.front())
    response.add_targets(server.name);
  if (request.dry_run()) co_return co_await Count(response);
  const absl::Duration asked = absl::Seconds(request.within_seconds());
  const absl::Duration within =
      asked <= absl::ZeroDuration() ? kRoundDefault : std::min(asked, kRoundMax);

  const auto refuse = [&](absl::Duration more) {
    pipeline_.RefuseUntil(request.hold() ? absl::InfiniteFuture() : clock_.Now() + more);
  };
  refuse(within + kRefusesAfterRound);
  const pipeline::DrainRound round = co_await pipeline_.DrainOnce(*plan, within, at_latest);
  refuse(kRefusesAfterRound);
  response.set_moved(round.moved);
  response.set_kept(round.kept);
  response.set_last_error(round.error);
  co_return co_await Count(response);
}

io::Task<absl::Status> Redirect::Count(v1::RedirectMessageResponse& response) {
  response.set_server(pipeline_.server());
  const auto queued = co_await pipeline_.QueuedNow();
  if (queued.ok()) response.set_remaining(*queued);
  co_return queued.status();
}

}  // namespace postern::admin
