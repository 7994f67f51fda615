#include "cli/shell.h"

#include <iostream>

#include "google/protobuf/util/json_util.h"
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/table.h"
#include "cli/yaml.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

std::size_t WidthOf(int descriptor) {
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Shell ProcessShell() {
  Shell shell{.in = std::cin, .out = std::cout, .err = std::cerr};
  shell.width = WidthOf(STDOUT_FILENO);
  shell.in_is_terminal = isatty(STDIN_FILENO) != 0;
  shell.err_is_terminal = isatty(STDERR_FILENO) != 0;
  return shell;
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return base::Error(absl::StatusCode::kInternal, "the answer cannot be written as JSON");
  }
  return text;
}

absl::Status PrintJson(const google::protobuf::Message& message, Shell& shell) {
  const auto text = ToJson(message);
  if (!text.ok()) return text.status();
  shell.out << *text;
  return absl::OkStatus();
}

void PrintFailure(const absl::Status& status, std::string_view prefix, Shell& shell) {
  const std::string_view message = base::MessageOf(status);
  // Only lists of mistakes have lines of their own: of a line, or of the directory.
  const bool listed = status.code() == absl::StatusCode::kInvalidArgument ||
                      status.code() == absl::StatusCode::kFailedPrecondition;
  std::vector<std::string_view> lines = {message};
  if (listed) lines = base::Split(message, '\n');
  for (const std::string_view line : lines)
    shell.err << prefix << ForTerminal(line) << '\n';
}

absl::Status PrintData(const google::protobuf::Message& message, Shell& shell) {
  if (shell.output == Output::kJson) return PrintJson(message, shell);
  shell.out << ToYaml(message);
  return absl::OkStatus();
}

}  // namespace postern::cli
