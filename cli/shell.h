// cli/shell.h
//
// Shell: where a verb writes and how; what all verbs share.

#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace postern::cli {

enum class Output { kTable, kJson };

struct Shell {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::size_t width = 0;  // of the terminal that `out` is; 0: it is none
  bool in_is_terminal = false;
  bool err_is_terminal = false;
  Output output = Output::kTable;
};

// Standard input, output and error of this process.
Shell ProcessShell();

// Prints `message` as JSON, every field named.
absl::Status PrintJson(const google::protobuf::Message& message, Shell& shell);

}  // namespace postern::cli
