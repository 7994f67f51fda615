// common/settings/any_setting.h
//
// AnySetting: one setting without its type, as the loader, the printer and the manual see it.
//
// Flow      AnySettingOf(setting) once; then `set` or `set_list` with text, `print` for the value.
// Failure   set: kInvalidArgument with the value and the rule that it breaks; the caller adds where
//           the value stands. A fallback outside its own bounds is a bug and ends the process.
// Lifetime  Refers to the setting, which must outlive it.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/settings/setting.h"

namespace postern::settings {

struct AnySetting {
  std::string key;
  std::string type;      // "time span", "size", "number", "text", "list", "yes or no"
  std::string fallback;  // as text
  std::string bounds;    // as text, or empty
  std::string about;
  bool reloads = false;
  bool secret = false;
  std::function<absl::Status(std::string_view)> set;                      // from text
  std::function<absl::Status(const std::vector<std::string>&)> set_list;  // lists only
  std::function<std::string()> print;                                     // current value as text
  std::function<std::vector<std::string>()> print_list;                   // lists only
  std::function<void()> reset;                                            // back to the fallback
  std::function<std::function<void()>()> save;  // gives what puts the current value back

  bool is_list() const { return static_cast<bool>(set_list); }
};

AnySetting AnySettingOf(Setting<bool>& setting);
AnySetting AnySettingOf(Setting<int>& setting);
AnySetting AnySettingOf(Setting<std::int64_t>& setting);
AnySetting AnySettingOf(Setting<std::string>& setting);
AnySetting AnySettingOf(Setting<absl::Duration>& setting);
AnySetting AnySettingOf(Setting<Size>& setting);
// From text, the parts of a list stand between semicolons.
AnySetting AnySettingOf(Setting<std::vector<std::string>>& setting);

// The name of the environment variable that overrides a setting: POSTERN_DELIVER_CONNECT_TIMEOUT.
std::string VariableFor(std::string_view key);

}  // namespace postern::settings
