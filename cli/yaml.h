// cli/yaml.h
//
// A protobuf message as YAML, with its JSON names: of a resource, a manifest.
//
// Flow      ToYaml(connector) can be read by common/directory/manifest.h and by kubectl.
// Limits    Fields that are left out or empty are not written; a part that is there and empty is,
//           because no permissions and those of the usage are two things.

#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace postern::cli {

std::string ToYaml(const google::protobuf::Message& message);

}  // namespace postern::cli
