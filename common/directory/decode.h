// common/directory/decode.h
//
// Decoding of YAML values into a protobuf message by its description: one decoder for every kind.
//
// Flow      DecodeInto(node, message, "", decoded). Field names are the lowerCamelCase JSON names.
// Failure   Every finding goes to decoded.findings, with its line; the good fields are set.
// Limits    Fields of type string, bool, int32 and message, and lists of them.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"

#include "common/directory/yaml_tree.h"

namespace postern::directory {

struct Finding {
  int line = 0;
  std::string text;  // "spec.port: "x": a whole number is expected"
};

struct Decoded {
  std::map<std::string, int> lines;  // of every field that was given, by its path
  std::vector<Finding> findings;
};

void DecodeInto(const YamlNode& node,
                google::protobuf::Message& message,
                const std::string& path,
                Decoded& decoded);

}  // namespace postern::directory
