// common/settings/errors.h
//
// Errors: what is wrong with settings, gathered, so that all of it is told at once.
//
// Flow      Note each check's status; Together at the end.
// Failure   Together: kInvalidArgument, a line each, in the order of the notes; OK without any.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/base/text.h"
#include "common/settings/setting.h"

namespace postern::settings {

// 'dns.protocol: "x" is not ...': key, value, and `why` as it goes on.
inline absl::Status WrongValue(const Setting<std::string>& setting, std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, setting.key, ": \"",
                     base::Printable(*setting), "\"", why);
}

class Errors {
 public:
  // Nothing when it is OK, or known already: a list may be checked by its parts and as a whole.
  void Note(const absl::Status& status) {
    if (status.ok()) return;
    std::string message(base::MessageOf(status));
    if (std::find(messages_.begin(), messages_.end(), message) != messages_.end()) return;
    messages_.push_back(std::move(message));
  }

  absl::Status Together() const {
    if (messages_.empty()) return absl::OkStatus();
    return base::Error(absl::StatusCode::kInvalidArgument, base::Join(messages_, "\n"));
  }

 private:
  std::vector<std::string> messages_;
};

}  // namespace postern::settings
