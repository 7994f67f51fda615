// tests/support/settings_faults.h
//
// SettingsFaults: what a service says of its settings alone.
//
// Flow      SettingsFaults<App>(settings): a line for each mistake, empty without any;
//           GoodSettings has none.

#pragma once

#include <string>

#include "common/settings/errors.h"

namespace postern::testing {

// The defaults, and files for mTLS, which have none.
template <typename Settings>
Settings GoodSettings() {
  Settings settings;
  settings.rpc.certificate_file.value = "tls.crt";
  settings.rpc.key_file.value = "tls.key";
  settings.rpc.ca_file.value = "ca.crt";
  return settings;
}

template <typename App, typename Settings>
std::string SettingsFaults(const Settings& settings) {
  settings::Errors errors;
  App::Check(settings, errors);
  return std::string(errors.Together().message());
}

}  // namespace postern::testing
