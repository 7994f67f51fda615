// cli/import_value.h
//
// The shapes that ConvertTo-Json gives to the values of a Send connector, made texts.
//
// Flow      Find the property; TextsFrom(parameter, value) -> SetTexts (cli/resource_fields.h).
// Failure   kInvalidArgument with the rule and what to do: nothing is guessed. That holds for
//           numbers of enumerations, and for objects that ConvertTo-Json cut off at its depth.
// See       cli/value_forms.h for texts

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"

#include "cli/cmdlets.h"

namespace postern::cli {

using JsonValue = google::protobuf::Value;
using JsonObject = google::protobuf::Struct;

// The property without regard to case; null when it is not there.
const JsonValue* FindProperty(const JsonObject& object, std::string_view name);

// null, "", [], {} and "$null" say nothing.
bool SaysNothing(const JsonValue& value);

// PowerShell's wrappings taken off: {"value": [...], "Count": 2} is the list in it.
const JsonValue& Unwrapped(const JsonValue& value);

// In the form that the parameter's field has; one text, or those of a list.
absl::StatusOr<std::vector<std::string>> TextsFrom(const Parameter& parameter,
                                                   const JsonValue& value);

// As it stands in the export, cut to a line: for the report.
std::string Excerpt(const JsonValue& value);

}  // namespace postern::cli
