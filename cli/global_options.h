// cli/global_options.h
//
// The options that every verb has: how to connect, and how to print. They stand anywhere on the
// line, or in the environment.
//
// Flow      TakeGlobalOptions(words, options) leaves the words of the verb; ConnectionFor(options).
// Failure   kInvalidArgument naming the option, its value and the rule.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/connection.h"
#include "cli/shell.h"

namespace postern::cli {

struct GlobalOptions {
  std::string server = "127.0.0.1:7172";
  std::string submission = "127.0.0.1:7171";
  std::string ca;
  std::string certificate;
  std::string key;
  std::string token_file;
  std::string trust_domain = "postern.local";
  std::string insecure_plaintext = "false";
  std::string timeout;
  std::string output = "table";
};

struct GlobalOption {
  std::string_view flag;    // "--server"
  const char* environment;  // "POSTERN_SERVER"
  std::string_view about;
  std::string GlobalOptions::*text;
  bool alone = false;  // no value follows
};

std::span<const GlobalOption> AllGlobalOptions();

// Fills `options` from the environment and then from `words`; what is left is the verb's.
absl::StatusOr<std::vector<std::string>> TakeGlobalOptions(const std::vector<std::string>& words,
                                                           GlobalOptions& options);

absl::StatusOr<Output> OutputOf(const GlobalOptions& options);

// To the submission port when `submits`, and with more time then: a message may be large.
absl::StatusOr<ConnectionOptions> ConnectionFor(const GlobalOptions& options, bool submits);

}  // namespace postern::cli
