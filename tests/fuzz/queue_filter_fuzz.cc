// A filter that is read is bounded, is applied to any row without harm, and its own form is read as
// the same filter.

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "services/mailbox-transport/admin/filter.h"
#include "services/mailbox-transport/admin/sort_order.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace admin = postern::admin;
  using Kind = admin::FieldForm::Kind;
  static constexpr admin::FieldForm kForms[] = {
      {"Identity", Kind::kText},       {"Status", Kind::kWord, "Ready, Retry"},
      {"RetryCount", Kind::kNumber},   {"Size", Kind::kSize},
      {"Velocity", Kind::kRate},       {"RequireTls", Kind::kFlag},
      {"MessageLatency", Kind::kSpan}, {"DateReceived", Kind::kTime}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto order = admin::SortOrder::Parse(text, kForms, "message");
  if (order.ok()) POSTERN_CHECK(order->parts().size() <= admin::kSortFieldsMax);

  const auto filter = admin::Filter::Parse(text, kForms, "message");
  if (!filter.ok()) return 0;
  POSTERN_CHECK(filter->conditions().size() <= admin::kConditionsMax);
  filter->Holds([](std::size_t) { return admin::FieldValue(); });
  // A row that has what the first condition names.
  filter->Holds([&filter](std::size_t field) {
    for (const admin::Condition& condition : filter->conditions()) {
      if (condition.field == field) return condition.value;
    }
    return admin::FieldValue();
  });
  const std::string form = filter->ToString();
  // Quotes and numbers may grow.
  if (form.size() > admin::kFilterBytesMax) return 0;
  const auto again = admin::Filter::Parse(form, kForms, "message");
  POSTERN_CHECK(again.ok());
  POSTERN_CHECK(again->conditions() == filter->conditions());
  return 0;
}
