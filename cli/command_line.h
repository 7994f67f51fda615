// cli/command_line.h
//
// CommandLine: what was asked for; the one place that knows CLI11.
//
// Flow      ParseCommandLine(argc, argv).
// Failure   kInvalidArgument: the words are wrong, in one line. Help is no failure: `help` is set.
// See       docs/cli.md

#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"

#include "cli/connection.h"
#include "cli/local_verbs.h"
#include "cli/send_message.h"
#include "cli/shell.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {

struct SalvageStoreOptions {
  std::string store;
  std::string out;
};

struct NewUserHashOptions {
  std::string name;
};

using Verb = std::variant<std::monostate,
                          v1::GetSendConnectorRequest,
                          v1::GetQueueRequest,
                          v1::GetMessageRequest,
                          v1::TestRouteRequest,
                          SendMessageOptions,
                          SalvageStoreOptions,
                          NewUserHashOptions,
                          NewTokenOptions>;

struct CommandLine {
  std::string help;  // print it and do nothing else
  Verb verb;
  ConnectionOptions connection;  // with the address that the verb needs
  Output output = Output::kTable;
};

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace postern::cli
