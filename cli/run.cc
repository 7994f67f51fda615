#include "cli/run.h"

#include "cli/command_line.h"
#include "cli/directory_client.h"
#include "cli/run_verb.h"
#include "common/rpc/grpc_log.h"

namespace postern::cli {

namespace {

int Fail(const absl::Status& status, int code, Shell& shell) {
  PrintFailure(status, "postern: ", shell);
  return code;
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, Shell shell) {
  rpc::QuietGrpc();
  const auto line = ParseCommandLine(argc, argv);
  if (!line.ok()) return Fail(line.status(), kUsage, shell);
  if (!line->help.empty()) {
    shell.out << line->help;
    return 0;
  }
  shell.output = line->output;
  DirectoryClient client(line->connection, shell);
  Session session{client, line->options, shell};
  const absl::Status done = RunVerb(line->verb, session);
  if (!done.ok()) return Fail(done, kFailed, shell);
  shell.out.flush();
  return shell.out.good()
             ? 0
             : Fail(absl::DataLossError("the output cannot be written"), kFailed, shell);
}

}  // namespace postern::cli
