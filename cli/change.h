// cli/change.h
//
// Change: what a New- or Set- line asks of a resource, before any server is asked.
//
// Flow      ChangeFrom(line, complaints); for a Set- with edits, ApplyEdits to the lists that are
//           there, then send the fields of `mask`.
// Failure   A value that its form does not allow goes to `complaints`. The rules of the resource
//           are the server's (common/connector/validate.h).

#pragma once

#include <string>
#include <vector>

#include "cli/cmdlet_line.h"
#include "cli/resource_fields.h"

namespace postern::cli {

// @{Add=...; Remove=...} of one list.
struct ListEdit {
  const Parameter* parameter = nullptr;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};

struct Change {
  v1::Resource resource;          // with the fields that are named, and metadata.name of New-
  std::vector<std::string> mask;  // "spec.smart_hosts": named, given or to be cleared
  std::vector<ListEdit> edits;    // of lists that are not in the mask yet
};

Change ChangeFrom(const CmdletLine& line, Complaints& complaints);

// One value of a parameter's form, in the form that resources have. kInvalidArgument: the rule.
absl::StatusOr<std::string> Formed(const Parameter& parameter, const std::string& text);

// Edits the lists of `spec`; what was there already, or was not, is a sentence of the result.
std::vector<std::string> ApplyEdits(const std::vector<ListEdit>& edits, Message& spec);

}  // namespace postern::cli
