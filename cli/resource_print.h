// cli/resource_print.h
//
// Resources as Exchange's shell prints them: a table, or a list with everything; or as JSON, or as
// manifests.
//
// Flow      PrintResources(resources, view, shell) by shell.output.

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "cli/resource_fields.h"
#include "cli/shell.h"
#include "cli/shown_value.h"

namespace postern::cli {

// How a line asks to see what Get- found: by itself, or with | Format-List or | Format-Table.
struct View {
  enum class Form : std::uint8_t { kTable, kList };

  Form form = Form::kTable;
  std::vector<std::string> properties;  // with wildcards; empty: the usual ones
  bool one = false;                     // a single resource was asked for: JSON is no array
};

// kInvalidArgument: a property that the kind does not have.
absl::Status PrintResources(const std::vector<v1::Resource>& resources,
                            const View& view,
                            Shell& shell);

// Parameter, before and after, in three columns; nothing of it is cut.
std::string RenderDifferences(const std::vector<Difference>& differences);

}  // namespace postern::cli
