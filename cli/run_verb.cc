#include "cli/run_verb.h"

#include "cli/drain_verb.h"
#include "cli/findings.h"
#include "cli/import_verb.h"
#include "cli/mail_parameters.h"
#include "cli/mail_verbs.h"
#include "cli/query_verbs.h"
#include "cli/resource_verbs.h"
#include "cli/script_run.h"
#include "cli/table.h"
#include "cli/tls_report_verb.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

template <typename Request>
absl::Status Query(const Request& request, Session& session) {
  const auto connection = session.client.Asked();
  if (!connection.ok()) return connection.status();
  return Run(request, **connection, session.shell);
}

absl::Status Track(const CmdletCall& call, Session& session) {
  const auto connection = session.client.Asked();
  if (!connection.ok()) return connection.status();
  return Run(call.tracking, call.view, **connection, session.shell);
}

absl::StatusOr<Connection*> ConnectionTo(const std::string& server, Session& session) {
  return server.empty() ? session.client.Asked() : session.client.ServerNamed(server);
}

absl::Status AskAboutMail(const CmdletCall& call, Session& session) {
  const auto connection = ConnectionTo(call.mail.server, session);
  if (!connection.ok()) return connection.status();
  return RunMail(call, **connection, session.shell);
}

absl::Status RunCmdlet(const CmdletCall& call, Session& session) {
  session.client.set_verbose(call.line.Has("Verbose"));
  for (const std::string& warning : call.line.warnings)
    session.shell.err << "WARNING: " << ForTerminal(warning) << '\n';
  switch (call.line.cmdlet->action) {
    case Action::kTestRoute:
      return Query(call.route, session);
    case Action::kTrack:
      return Track(call, session);
    case Action::kTlsReport:
      return Query(call.tls_report, session);
    case Action::kImport:
      return ImportSendConnectors(call, session.client, session.shell);
    case Action::kInvokeScript:
      return InvokeScript(call, session);
    case Action::kShell:
      return RunShell(session);
    case Action::kCompletion:
      session.shell.out << BashCompletion();
      return absl::OkStatus();
    default:
      if (!MailParameters(call.line.cmdlet->action).empty()) return AskAboutMail(call, session);
      return RunResourceVerb(call, session.client, session.shell);
  }
}

std::string_view RoleFor(Action action) {
  const bool reads = action == Action::kGet || action == Action::kGetPermission ||
                     action == Action::kTestRoute || action == Action::kTrack ||
                     action == Action::kTlsReport || ReadsMail(action);
  if (ActsOnMail(action)) return "operate";
  return reads ? "read" : "administer";
}

struct Dispatch {
  Session& session;

  absl::Status operator()(const std::monostate&) const { return absl::OkStatus(); }

  absl::Status operator()(const CmdletCall& call) const {
    const absl::Status done = RunCmdlet(call, session);
    return Advise(InParameterTerms(*call.line.cmdlet, done), session.client.options(),
                  RoleFor(call.line.cmdlet->action));
  }

  absl::Status operator()(const CompleteNames& names) const {
    PrintNames(names, session.client.options(), session.shell);
    return absl::OkStatus();
  }

  absl::Status operator()(const SalvageStoreOptions& options) const {
    return SalvageStore(options.store, options.out, session.shell);
  }

  absl::Status operator()(const RescueQueueOptions& options) const {
    return RescueQueue(options, session.client.options(), session.shell);
  }

  absl::Status operator()(const NewUserHashOptions& options) const {
    return NewUserHash(options.name, session.shell);
  }

  absl::Status operator()(const NewTokenOptions& options) const {
    return NewToken(options, base::Random::System(), session.shell);
  }

  absl::Status operator()(const SendMessageOptions& options) const {
    const auto to = ConnectionFor(session.options, /*submits=*/true);
    if (!to.ok()) return to.status();
    auto connection = Connection::Open(*to);
    if (!connection.ok()) return connection.status();
    return Advise(SendMessage(options, *connection, session.shell), *to, "submit");
  }

  absl::Status operator()(const DrainOptions& options) const {
    const auto connection = ConnectionTo(options.server, session);
    if (!connection.ok()) return connection.status();
    return Advise(Run(options, **connection, session.shell), session.client.options(), "operate");
  }
};

}  // namespace

absl::Status RunVerb(const Verb& verb, Session& session) {
  return std::visit(Dispatch{session}, verb);
}

}  // namespace postern::cli
