#include "cli/run.h"

#include <type_traits>
#include <variant>

#include "cli/command_line.h"
#include "cli/query_verbs.h"
#include "cli/run_cmdlet.h"
#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

struct Dispatch {
  const CommandLine& line;
  Shell& shell;

  absl::Status operator()(const std::monostate&) const { return absl::OkStatus(); }

  absl::Status operator()(const CmdletCall& call) const {
    DirectoryClient client(line.connection, shell);
    Session session{client, line.options, shell};
    return RunCmdlet(call, session);
  }

  absl::Status operator()(const SalvageStoreOptions& options) const {
    return SalvageStore(options.store, options.out, shell);
  }

  absl::Status operator()(const NewUserHashOptions& options) const {
    return NewUserHash(options.name, shell);
  }

  absl::Status operator()(const NewTokenOptions& options) const {
    return NewToken(options, base::Random::System(), shell);
  }

  // The rest asks a service.
  template <typename Verb>
  absl::Status operator()(const Verb& verb) const {
    auto connection = Connection::Open(line.connection);
    if (!connection.ok()) return connection.status();
    if constexpr (std::is_same_v<Verb, SendMessageOptions>) {
      return Advise(SendMessage(verb, *connection, shell), line.connection, "submit");
    } else {
      return Advise(Run(verb, *connection, shell), line.connection, "read");
    }
  }
};

int Fail(const absl::Status& status, int code, Shell& shell) {
  PrintFailure(status, "postern: ", shell);
  return code;
}

}  // namespace

void PrintFailure(const absl::Status& status, std::string_view prefix, Shell& shell) {
  const std::string_view message = base::MessageOf(status);
  // Only lists of mistakes have lines of their own.
  const bool listed = status.code() == absl::StatusCode::kInvalidArgument;
  for (const std::string_view line :
       listed ? base::Split(message, '\n') : std::vector<std::string_view>{message})
    shell.err << prefix << ForTerminal(line) << '\n';
}

int RunCommandLine(int argc, const char* const* argv, Shell shell) {
  const auto line = ParseCommandLine(argc, argv);
  if (!line.ok()) return Fail(line.status(), kUsage, shell);
  if (!line->help.empty()) {
    shell.out << line->help;
    return 0;
  }
  shell.output = line->output;
  const absl::Status done = std::visit(Dispatch{*line, shell}, line->verb);
  if (!done.ok()) return Fail(done, kFailed, shell);
  shell.out.flush();
  return shell.out.good()
             ? 0
             : Fail(absl::DataLossError("the output cannot be written"), kFailed, shell);
}

}  // namespace postern::cli
