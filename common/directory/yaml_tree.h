// common/directory/yaml_tree.h
//
// YamlTree: a YAML text as plain values with line numbers; the one place that knows yaml-cpp.
//
// Failure   kInvalidArgument with the rule; `line` of the tree says where. Aliases, anchors and
//           tags are refused, so that no text is larger than it looks.
// Limits    Bytes, nodes and nesting as given by YamlLimits.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace postern::directory {

struct YamlLimits {
  std::size_t bytes_max = 1024 * 1024;
  std::size_t nodes_max = 128 * 1024;
  std::size_t depth_max = 32;
};

struct YamlNode {
  enum class Kind { kNull, kText, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 0;        // 1-based
  bool plain = false;  // text without quotes
  std::string text;
  std::vector<YamlNode> children;  // of a map: key, value, key, value
};

struct YamlTree {
  std::vector<YamlNode> documents;  // without the empty ones
  absl::Status status;  // of the first thing that is wrong; what precedes it is in `documents`
  int line = 0;         // of that
};

YamlTree ParseYaml(std::string_view text, const YamlLimits& limits);

}  // namespace postern::directory
