// common/settings/loader.h
//
// Loader: fills settings from a YAML file, the environment and flags, in that order of strength.
//
// Flow      Loader loader; loader.Add(deliver_settings); ...; loader.Load(file, overrides);
//           Warnings.
// Failure   kInvalidArgument with every error, one a line: "deliver.connect_timeout: "5x" is not a
//           time span ... (file.yaml:12)". Unknown keys are errors, with a known key named that is
//           near. After a failure every setting has the value that it had before.
// Limits    A file of at most 1 MiB.
// See       docs/generated/settings.md. POSTERN_DELIVER_CONNECT_TIMEOUT=5s overrides
//           deliver.connect_timeout; --set deliver.connect_timeout=5s overrides both. Other
//           variables that begin with POSTERN_ are warnings only: Kubernetes makes its own for a
//           Service of that name.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/settings/any_setting.h"
#include "common/settings/setting.h"

namespace postern::settings {

class Loader {
 public:
  // `Settings` has a template Visit(visitor). The settings must outlive the loader.
  template <typename Settings>
  void Add(Settings& settings) {
    settings.Visit([this](auto& setting) { AddOne(AnySettingOf(setting)); });
  }

  // `file` may be empty. `overrides` are "key=value" texts from flags; a later one wins. What is
  // given nowhere gets its fallback.
  absl::Status Load(const std::string& file, const std::vector<std::string>& overrides);

  // What is no error and most likely a mistake, a sentence each: variables of the environment that
  // look like settings.
  std::vector<std::string> Warnings() const;

  // As YAML with prose, for --print-settings; secrets as "(secret)". Load reads it back.
  std::string Print() const;
  // As a Markdown table, for docs/generated/settings.md.
  std::string Markdown() const;

  const std::vector<AnySetting>& settings() const { return settings_; }

 private:
  void AddOne(AnySetting setting);
  const AnySetting* Find(std::string_view key) const;
  std::string Unknown(std::string_view key) const;
  void ApplyFile(const std::string& file, std::vector<std::string>* errors) const;
  void ApplyEnvironment(std::vector<std::string>* errors) const;
  void ApplyOverrides(const std::vector<std::string>& overrides,
                      std::vector<std::string>* errors) const;

  std::vector<AnySetting> settings_;
};

}  // namespace postern::settings
