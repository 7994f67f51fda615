// cli/send_message.h
//
// Send-Message: submits one file, with its lines ended as a message needs them.
//
// Failure   kInvalidArgument naming the option or the file; the status of the call.
// Limits    One piece of the file is in memory at a time.

#pragma once

#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/connection.h"
#include "cli/line_ends.h"
#include "cli/shell.h"

namespace postern::cli {

struct SendMessageOptions {
  std::string file;  // "-" is standard input
  std::string from;  // "<>" is the null sender
  std::vector<std::string> to;
  std::string idempotency_key;
  std::string notify;  // "never", or words of success, failure, delay
  std::string ret;     // "full" or "hdrs"
  std::string envid;
  std::string body;  // "7bit" or "8bitmime"
  bool require_tls = false;
};

absl::StatusOr<v1::SubmitEnvelope> EnvelopeFrom(const SendMessageOptions& options);

// The content of `in`, piece by piece, with CR LF at every line's end.
class Content {
 public:
  // `size` is how much there is, 0 when it is not known; `progress` says how far it is.
  Content(std::istream& in, std::uint64_t size, bool progress, Shell& shell)
      : in_(in), size_(size), progress_(progress), shell_(shell) {}

  absl::StatusOr<std::string> Next();
  // Ends the progress line, and says what was changed.
  void End();

 private:
  void ShowProgress();

  std::istream& in_;
  std::uint64_t size_;
  bool progress_;
  Shell& shell_;
  LineEnds line_ends_;
  std::uint64_t read_ = 0;
  std::uint64_t shown_ = 0;
};

absl::Status SendMessage(const SendMessageOptions& options, Connection& connection, Shell& shell);

}  // namespace postern::cli
