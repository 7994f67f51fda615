#include "cli/run_cmdlet.h"

#include "cli/query_verbs.h"
#include "cli/resource_verbs.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

absl::Status TestRoute(const CmdletCall& call, Session& session) {
  const auto connection = session.client.Asked();
  if (!connection.ok()) return connection.status();
  return Run(call.route, **connection, session.shell);
}

absl::Status RunAction(const CmdletCall& call, Session& session) {
  switch (call.line.cmdlet->action) {
    case Action::kTestRoute:
      return TestRoute(call, session);
    default:
      return RunResourceVerb(call, session.client, session.shell);
  }
}

std::string_view RoleFor(Action action) {
  const bool reads =
      action == Action::kGet || action == Action::kGetPermission || action == Action::kTestRoute;
  return reads ? "read" : "administer";
}

}  // namespace

absl::Status RunCmdlet(const CmdletCall& call, Session& session) {
  return Advise(RunAction(call, session), session.client.options(),
                RoleFor(call.line.cmdlet->action));
}

}  // namespace postern::cli
