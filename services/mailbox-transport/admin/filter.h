// services/mailbox-transport/admin/filter.h
//
// Filter: conditions on the properties of queues or messages, as administrators write them:
// Status -eq "Retry" -and MessageCount -gt 10. Pure.
//
// Flow      Filter::Parse(text, fields, "queue"); Holds with what one row has.
// Failure   kInvalidArgument naming property, value and rule.
// Limits    kFilterBytesMax; kConditionsMax conditions, all of which must hold.
// See       Exchange's OPath filters of Get-Queue and Get-Message

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "services/mailbox-transport/admin/field_value.h"

namespace postern::admin {

inline constexpr std::size_t kFilterBytesMax = 4096;
inline constexpr std::size_t kConditionsMax = 32;

struct Condition {
  enum class Operator : std::uint8_t { kEq, kNe, kGt, kGe, kLt, kLe, kLike };

  std::size_t field = 0;
  Operator op = Operator::kEq;
  FieldValue value;

  bool operator==(const Condition&) const = default;
};

class Filter {
 public:
  // Empty text holds for every row. `fields` outlive the filter. Braces may stand around the whole,
  // as PowerShell writes it.
  static absl::StatusOr<Filter> Parse(std::string_view text,
                                      std::span<const FieldForm> fields,
                                      std::string_view what);

  bool empty() const { return conditions_.empty(); }

  const std::vector<Condition>& conditions() const { return conditions_; }

  // Takes the conditions of a field with this operator out, for whoever knows it better.
  std::vector<FieldValue> Take(std::size_t field, Condition::Operator op);

  // `value_of` gives the value of a field of the row, by its place in the table.
  bool Holds(absl::FunctionRef<FieldValue(std::size_t)> value_of) const;

  // A form that is read as the same filter.
  std::string ToString() const;

 private:
  std::span<const FieldForm> fields_;
  std::vector<Condition> conditions_;
};

}  // namespace postern::admin
