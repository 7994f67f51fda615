// common/settings/yaml_file.h
//
// A settings file, read into dotted keys with the line of each: the only place that knows yaml-cpp.
//
// Flow      ReadYamlFile(path, is_key) -> the values, in the order of the file.
// Failure   Every error is a line of `errors`, ending in its place: "(file.yaml:12)".
// Limits    1 MiB, 10,000 values, one document.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace postern::settings {

// One value of the file. A list whose parts are maps has each part as words: "name=relay
// port=2525".
struct YamlValue {
  std::string key;
  std::string place;  // "file.yaml:12"
  bool list = false;
  std::string text;
  std::vector<std::string> parts;
};

struct YamlValues {
  std::vector<YamlValue> values;
  std::vector<std::string> errors;  // each with its place
};

// Values of unknown keys are returned too, as they stand. `is_key` tells where nesting ends: below
// a known key a map is not a section.
YamlValues ParseYaml(std::string_view text,
                     const std::string& file,
                     const std::function<bool(std::string_view)>& is_key);

YamlValues ReadYamlFile(const std::string& file,
                        const std::function<bool(std::string_view)>& is_key);

}  // namespace postern::settings
