// services/mailbox-transport/admin/sort_order.h
//
// SortOrder: by which properties rows are put in order: +Size,-DateReceived. Pure.
//
// Flow      SortOrder::Parse(text, fields, "queue"); KeyOf(row); Compare(key, key).
// Failure   kInvalidArgument naming the property and the rule.
// Limits    kSortFieldsMax properties.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "services/mailbox-transport/admin/field_value.h"

namespace postern::admin {

inline constexpr std::size_t kSortFieldsMax = 8;

class SortOrder {
 public:
  using Key = std::vector<FieldValue>;

  struct Part {
    std::size_t field = 0;
    bool down = false;
  };

  // Empty text: no order of its own. A property without a sign goes up.
  static absl::StatusOr<SortOrder> Parse(std::string_view text,
                                         std::span<const FieldForm> fields,
                                         std::string_view what);

  bool empty() const { return parts_.empty(); }

  const std::vector<Part>& parts() const { return parts_; }

  Key KeyOf(absl::FunctionRef<FieldValue(std::size_t)> value_of) const;
  // Below 0: `a` comes before `b`.
  int Compare(const Key& a, const Key& b) const;

 private:
  std::vector<Part> parts_;
};

}  // namespace postern::admin
