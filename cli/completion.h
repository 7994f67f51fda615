// cli/completion.h
//
// Completion of verbs, parameters, words of fixed sets and names of the directory, for bash.
//
// Flow      source <(postern Completion bash). The script asks postern --complete <kind> for names.
// Failure   None is shown: a completion that cannot ask a server offers what it knows.
// Limits    A question to a server takes kCompletionTimeout at most.

#pragma once

#include <string>

#include "absl/time/time.h"

#include "cli/directory_client.h"
#include "cli/shell.h"

namespace postern::cli {

inline constexpr absl::Duration kCompletionTimeout = absl::Seconds(2);

// What names are asked for: a kind, or "SourceServer": a TransportServer or site/<name>.
struct CompleteNames {
  std::string kind;
};

std::string BashCompletion();

// One name a line; nothing when the server does not answer.
void PrintNames(const CompleteNames& names, ConnectionOptions options, Shell& shell);

}  // namespace postern::cli
