// tests/support/settings_faults.h
//
// SettingsFaults: what a service says of its settings alone.
//
// Flow      SettingsFaults<App>(settings): a line for each mistake, empty without any.

#pragma once

#include <string>

#include "common/settings/errors.h"

namespace postern::testing {

template <typename App, typename Settings>
std::string SettingsFaults(const Settings& settings) {
  settings::Errors errors;
  App::Check(settings, errors);
  return std::string(errors.Together().message());
}

}  // namespace postern::testing
