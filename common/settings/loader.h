// common/settings/loader.h
//
// Loader: fills settings from a YAML file, the environment and flags, in that order of strength.
//
// Flow      Loader loader; loader.Add(deliver_settings); ...; loader.AddFlags(argc, argv) ; Load.
// Failure   kInvalidArgument with every error, one a line: "deliver.connect_timeout: "5x" is not a time
//           span ... (file.yaml:12)". Unknown keys are errors, with the nearest known key named.
// Limits    A file of at most 1 MiB.
// See       docs/generated/settings.md. POSTERN_DELIVER_CONNECT_TIMEOUT=5s overrides
//           deliver.connect_timeout; --set deliver.connect_timeout=5s overrides both.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/settings/setting.h"

namespace postern::settings {

// One setting, without its type.
struct Entry {
  std::string key;
  std::string type;      // "time span", "size", "number", "text", "list", "yes or no"
  std::string fallback;  // as text
  std::string bounds;    // as text, or empty
  std::string about;
  bool reloads = false;
  bool secret = false;
  std::function<absl::Status(std::string_view)> set;                    // from text
  std::function<absl::Status(const std::vector<std::string>&)> set_list;  // lists only
  std::function<std::string()> print;                                   // current value as text
};

Entry MakeEntry(Setting<bool>& setting);
Entry MakeEntry(Setting<int>& setting);
Entry MakeEntry(Setting<std::int64_t>& setting);
Entry MakeEntry(Setting<std::string>& setting);
Entry MakeEntry(Setting<absl::Duration>& setting);
Entry MakeEntry(Setting<Size>& setting);
Entry MakeEntry(Setting<std::vector<std::string>>& setting);

class Loader {
 public:
  // `Settings` has a template Visit(visitor). The settings must outlive the loader.
  template <typename Settings>
  void Add(Settings& settings) {
    settings.Visit([this](auto& setting) { entries_.push_back(MakeEntry(setting)); });
  }

  // `file` may be empty. `overrides` are "key=value" texts from flags.
  absl::Status Load(const std::string& file, const std::vector<std::string>& overrides);

  // As YAML with prose, for --print-settings; secrets as "(secret)".
  std::string Print() const;
  // As a Markdown table, for docs/generated/settings.md.
  std::string Markdown() const;

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace postern::settings
