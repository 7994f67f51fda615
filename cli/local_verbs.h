// cli/local_verbs.h
//
// The verbs that ask no service: Salvage-Store, Rescue-Queue, New-UserHash, New-Token.
//
// Failure   kInvalidArgument naming the argument and the rule.

#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "cli/connection.h"
#include "cli/shell.h"
#include "common/base/random.h"

namespace postern::cli {

absl::Status SalvageStore(const std::string& store, const std::string& out, Shell& shell);

struct RescueQueueOptions {
  std::string store;
  std::string to;  // "host:7172" of the server that takes the messages
};

// With the certificate of `connection`, which is a mailbox-transport's.
absl::Status RescueQueue(const RescueQueueOptions& options,
                         const ConnectionOptions& connection,
                         Shell& shell);

// A line of a users file for `name`; the password is the first line of the shell's input.
absl::Status NewUserHash(const std::string& name, Shell& shell);

struct NewTokenOptions {
  std::string identity;
  std::string roles;  // "submit,read"
};

// A token that nobody can guess, and its line of a tokens file.
absl::Status NewToken(const NewTokenOptions& options, base::Random& random, Shell& shell);

}  // namespace postern::cli
