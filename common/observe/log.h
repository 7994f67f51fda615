// common/observe/log.h
//
// Logs: JSON lines on standard output, off the hot path.
//
// Flow      OpenLog once; POSTERN_LOG(kInfo, "deliver", "delivered", {{"message_id", id}, ...});
//           CloseLog.
// Failure   A full queue drops the line and counts it (postern_observe_log_dropped_total): logging
//           never blocks mail.
// Limits    8192 lines wait; a line is at most 8 KiB. Secrets are never given to it.
// See       README.md "Operating": ts level step msg message_id connector next_hop ...

#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace postern::observe {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error".
bool ParseLevel(std::string_view text, Level* level);

// One field of a line. It points to the text it was given, and lives no longer than the call.
class Field {
 public:
  Field(std::string_view name, std::string_view text) : name_(name), value_(text) {}

  Field(std::string_view name, const std::string& text) : name_(name), value_(text) {}

  Field(std::string_view name, const char* text) : name_(name), value_(text) {}

  Field(std::string_view name, const absl::Status& status);

  Field(std::string_view name, bool value)
      : name_(name), value_(value ? "true" : "false"), number_(true) {}

  Field(std::string_view name, double value);

  template <std::integral Number>
  Field(std::string_view name, Number value)
      : name_(name),
        value_(digits_, std::to_chars(digits_, std::end(digits_), value).ptr),
        number_(true) {}

  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  // Without a character that JSON has an escape for.
  std::string_view name() const { return name_; }

  std::string_view value() const { return value_; }

  bool number() const { return number_; }

 private:
  std::string_view name_;
  std::string_view value_;  // of what was given, or of one of these
  std::string owned_;
  char digits_[24];
  bool number_ = false;
};

// Until OpenLog, and after CloseLog, lines go straight to standard error. `path` empty is standard
// output. Opening again changes the level and the place. kUnavailable when the file cannot be
// opened.
absl::Status OpenLog(Level level, const std::string& path = "");
// Writes what waits; the end of the process does so too.
void CloseLog();

bool Enabled(Level level);
void Log(Level level,
         std::string_view step,
         std::string_view msg,
         std::initializer_list<Field> fields = {});

// Lines lost to a full queue or a failed write, since the process began.
std::uint64_t LinesDropped();

// The line that Log writes, without its end: fields in the order ts level step msg, then as given.
// A line that would pass the limit ends in "cut":true.
std::string LogLine(absl::Time now,
                    Level level,
                    std::string_view step,
                    std::string_view msg,
                    std::initializer_list<Field> fields);

}  // namespace postern::observe

// Fields are evaluated only when the level is on. Not inside a co_await expression.
#define POSTERN_LOG(level, step, ...)                                               \
  do {                                                                              \
    if (::postern::observe::Enabled(::postern::observe::Level::level))              \
      ::postern::observe::Log(::postern::observe::Level::level, step, __VA_ARGS__); \
  } while (false)
