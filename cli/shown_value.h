// cli/shown_value.h
//
// ShownValue: a field of a resource as Exchange's shell shows it: {a, b}, True, 25 MB (26,214,400
// bytes).
//
// Flow      ShownValue(parameter, spec); PropertiesOf(resource) for all of it; DifferencesBetween
//           two.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/cmdlets.h"
#include "cli/resource_fields.h"

namespace postern::cli {

std::string ShownValue(const Parameter& parameter, const Message& spec);

using Properties = std::vector<std::pair<std::string, std::string>>;

// Everything that a resource has under Exchange's names, by name.
Properties PropertiesOf(const v1::Resource& resource);

struct Difference {
  std::string parameter;
  std::string before;
  std::string after;

  bool operator==(const Difference&) const = default;
};

// Of two resources of one kind.
std::vector<Difference> DifferencesBetween(const v1::Resource& before, const v1::Resource& after);

}  // namespace postern::cli
