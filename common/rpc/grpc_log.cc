#include "common/rpc/grpc_log.h"

#include <cstdlib>

#include "absl/time/clock.h"
#include <grpc/support/log.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/observe/log_writer.h"

namespace postern::rpc {

namespace {

std::string PlaceOf(const gpr_log_func_args& line) {
  const std::string_view file = line.file;
  return base::Cat(file.substr(file.rfind('/') + 1), ":", line.line);
}

void Take(gpr_log_func_args* line) {
  const std::string_view text = line->message;
  const observe::Level level = LevelOf(line->severity == GPR_LOG_SEVERITY_ERROR, text);
  if (level == observe::Level::kError) {
    // The process ends next: this line cannot wait for the others.
    observe::WriteLine(STDERR_FILENO, observe::LogLine(absl::Now(), level, "rpc", "grpc fails",
                                                       {{"error", text}, {"at", PlaceOf(*line)}}));
  } else if (observe::Enabled(level)) {
    observe::Log(level, "rpc", "grpc says", {{"text", text}, {"at", PlaceOf(*line)}});
  }
}

void Drop(gpr_log_func_args*) {}

}  // namespace

observe::Level LevelOf(bool error, std::string_view text) {
  if (!error) return observe::Level::kDebug;
  if (text.starts_with("assertion failed")) return observe::Level::kError;
  // Whoever calls us by an address has no name to say; the certificate is shown all the same.
  if (text.starts_with("No match found for server name")) return observe::Level::kDebug;
  return observe::Level::kWarning;
}

void LogGrpc() {
  gpr_set_log_function(Take);
  if (observe::Enabled(observe::Level::kDebug) && std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  }
}

void QuietGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(Drop);
}

}  // namespace postern::rpc
