// cli/shell.h
//
// Shell: where a verb writes and how; what all verbs share.

#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace postern::cli {

enum class Output { kTable, kJson, kYaml };

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

// `message` as JSON, every field named.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);
absl::Status PrintJson(const google::protobuf::Message& message, Shell& shell);

// Prints what went wrong on standard error, each of several mistakes in its line.
void PrintFailure(const absl::Status& status, std::string_view prefix, Shell& shell);

// What a verb that has an answer prints of it when no table is asked for: JSON or YAML.
absl::Status PrintData(const google::protobuf::Message& message, Shell& shell);

}  // namespace postern::cli
