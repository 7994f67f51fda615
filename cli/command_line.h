// cli/command_line.h
//
// CommandLine: what was asked for. Verbs with options of POSIX's kind are read by CLI11, which only
// this place knows; cmdlets by cli/cmdlet_line.h.
//
// Flow      ParseCommandLine(argc, argv); ParseVerb for a line of a script.
// Failure   kInvalidArgument: the words are wrong, each mistake in one line. Help is no failure:
//           `help` is set.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/cmdlet_call.h"
#include "cli/completion.h"
#include "cli/connection.h"
#include "cli/drain_verb.h"
#include "cli/global_options.h"
#include "cli/local_verbs.h"
#include "cli/send_message.h"
#include "cli/shell.h"

namespace postern::cli {

struct SalvageStoreOptions {
  std::string store;
  std::string out;
};

struct NewUserHashOptions {
  std::string name;
};

using Verb = std::variant<std::monostate,
                          CmdletCall,
                          SendMessageOptions,
                          DrainOptions,
                          SalvageStoreOptions,
                          RescueQueueOptions,
                          NewUserHashOptions,
                          NewTokenOptions,
                          CompleteNames>;

struct CommandLine {
  std::string help;  // or the version: print it and do nothing else
  Verb verb;
  GlobalOptions options;
  ConnectionOptions connection;  // with the address that the verb needs
  Output output = Output::kTable;
};

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// The words of one verb, with options that are known already.
absl::StatusOr<CommandLine> ParseVerb(const std::vector<std::string>& words,
                                      const GlobalOptions& options);

// The verbs of CLI11.
struct PlainVerb {
  std::string_view name;
  std::string_view group;
  std::string_view about;
};

std::span<const PlainVerb> PlainVerbs();
const PlainVerb* FindPlainVerb(std::string_view name);
// "--from", "--to", ... of one of them.
std::vector<std::string> FlagsOf(const PlainVerb& verb);

}  // namespace postern::cli
