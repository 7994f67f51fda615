#include "services/mailbox-transport/admin/sort_order.h"

#include "common/base/text.h"

namespace postern::admin {

absl::StatusOr<SortOrder> SortOrder::Parse(std::string_view text,
                                           std::span<const FieldForm> fields,
                                           std::string_view what) {
  SortOrder order;
  if (base::Trim(text).empty()) return order;
  for (std::string_view word : base::Split(text, ',')) {
    word = base::Trim(word);
    Part part;
    part.down = word.starts_with('-');
    if (part.down || word.starts_with('+')) word.remove_prefix(1);
    const auto field = FindField(fields, word, what);
    if (!field.ok()) return base::Annotate(field.status(), "sort order");
    part.field = *field;
    if (order.parts_.size() == kSortFieldsMax) {
      return base::Error(absl::StatusCode::kInvalidArgument, "sort order: at most ", kSortFieldsMax,
                         " properties");
    }
    order.parts_.push_back(part);
  }
  return order;
}

SortOrder::Key SortOrder::KeyOf(absl::FunctionRef<FieldValue(std::size_t)> value_of) const {
  Key key;
  key.reserve(parts_.size());
  for (const Part& part : parts_)
    key.push_back(value_of(part.field));
  return key;
}

int SortOrder::Compare(const Key& a, const Key& b) const {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const int order = admin::Compare(a[i], b[i]);
    if (order != 0) return parts_[i].down ? -order : order;
  }
  return 0;
}

}  // namespace postern::admin
