// services/mailbox-transport/admin/field_value.h
//
// FieldValue: one property of a queue or a message, with its form: what filters compare and sort
// orders sort by. Pure.
//
// Flow      A table, each row a FieldForm; ParseValue for what an administrator wrote; Compare.
// Failure   kInvalidArgument with the rule; the caller adds field and value.
// See       filter.h, sort_order.h; Exchange's Filterable Properties

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace postern::admin {

// Empty is $null: the property is not set.
using FieldValue = std::
    variant<std::monostate, std::string, std::int64_t, double, bool, absl::Duration, absl::Time>;

// What is empty, and a time that lies at infinity, is not set.
FieldValue TextOrNull(std::string_view text);
FieldValue TimeOrNull(absl::Time time);
FieldValue CountValue(std::uint64_t count);

// Empty of what is no text.
std::string_view TextIn(const FieldValue& value);

struct FieldForm {
  enum class Kind : std::uint8_t {
    kText,
    kWord,    // one of `words`
    kNumber,  // whole
    kSize,    // 10KB
    kRate,    // a fraction
    kFlag,    // $true, $false
    kSpan,    // 00:10:00
    kTime,
  };

  std::string_view name;
  Kind kind = Kind::kText;
  std::string_view words;  // "Ready, Retry"
};

// Whether -gt and the like are of use for it.
bool HasOrder(FieldForm::Kind kind);

absl::StatusOr<FieldValue> ParseValue(const FieldForm& form, std::string_view text);

// Below 0, 0 or above 0. What is not set comes first; text is compared without regard to case. Both
// are of one form.
int Compare(const FieldValue& a, const FieldValue& b);

// Its place in the table, without regard to case; the error names what exists. `what`: "queue".
absl::StatusOr<std::size_t> FindField(std::span<const FieldForm> fields,
                                      std::string_view name,
                                      std::string_view what);

}  // namespace postern::admin
