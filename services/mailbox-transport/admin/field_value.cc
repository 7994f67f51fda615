#include "services/mailbox-transport/admin/field_value.h"

#include <charconv>
#include <limits>
#include <vector>

#include "common/base/moment.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::admin {

namespace {

using Kind = FieldForm::Kind;

absl::Status Expected(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::StatusOr<FieldValue> ParseWord(const FieldForm& form, std::string_view text) {
  for (const std::string_view word : base::Split(form.words, ',')) {
    if (base::EqualsIgnoreCase(base::Trim(word), text))
      return FieldValue(std::string(base::Trim(word)));
  }
  return Expected("one of these is expected: ", form.words);
}

absl::StatusOr<FieldValue> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Expected("a whole number is expected");
  }
  return FieldValue(number);
}

absl::StatusOr<FieldValue> ParseRate(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const bool digits = text.find_first_not_of("-.0123456789") == std::string_view::npos;
  if (error != std::errc() || end != text.data() + text.size() || !digits) {
    return Expected("a number is expected");
  }
  return FieldValue(number);
}

absl::StatusOr<FieldValue> ParseBytes(std::string_view text) {
  const auto size = base::ParseSize(text);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!size.ok() || *size > kMost) return Expected("a size is expected, as 10KB or 10240");
  return FieldValue(static_cast<std::int64_t>(*size));
}

absl::StatusOr<FieldValue> ParseFlag(std::string_view text) {
  for (const bool flag : {true, false}) {
    const std::string_view word = flag ? "$true" : "$false";
    if (base::EqualsIgnoreCase(text, word) || base::EqualsIgnoreCase(text, word.substr(1))) {
      return FieldValue(flag);
    }
  }
  return Expected("$true or $false is expected");
}

}  // namespace

FieldValue TextOrNull(std::string_view text) {
  return text.empty() ? FieldValue() : FieldValue(std::string(text));
}

FieldValue TimeOrNull(absl::Time time) {
  const bool set = time != absl::InfinitePast() && time != absl::InfiniteFuture();
  return set ? FieldValue(time) : FieldValue();
}

std::string_view TextIn(const FieldValue& value) {
  const auto* const text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string_view() : *text;
}

FieldValue CountValue(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

bool HasOrder(Kind kind) {
  return kind != Kind::kText && kind != Kind::kWord && kind != Kind::kFlag;
}

absl::StatusOr<FieldValue> ParseValue(const FieldForm& form, std::string_view text) {
  switch (form.kind) {
    case Kind::kText:
      return FieldValue(std::string(text));
    case Kind::kWord:
      return ParseWord(form, text);
    case Kind::kNumber:
      return ParseNumber(text);
    case Kind::kSize:
      return ParseBytes(text);
    case Kind::kRate:
      return ParseRate(text);
    case Kind::kFlag:
      return ParseFlag(text);
    case Kind::kSpan: {
      const auto span = base::ParseTimeSpan(text);
      if (!span.ok()) return Expected("a time span is expected, as 00:10:00 or 10m");
      return FieldValue(*span);
    }
    case Kind::kTime: {
      const auto moment = base::ParseMoment(text);
      if (!moment) {
        return Expected(base::kMomentRule);
      }
      return FieldValue(*moment);
    }
  }
  return Expected("it has no form");
}

int Compare(const FieldValue& a, const FieldValue& b) {
  if (a.index() != b.index()) return a.index() < b.index() ? -1 : 1;
  const auto* text = std::get_if<std::string>(&a);
  if (text != nullptr) {
    const std::string lower = base::LowerAscii(*text);
    return lower.compare(base::LowerAscii(std::get<std::string>(b)));
  }
  return a < b ? -1 : b < a ? 1 : 0;
}

absl::StatusOr<std::size_t> FindField(std::span<const FieldForm> fields,
                                      std::string_view name,
                                      std::string_view what) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (base::EqualsIgnoreCase(fields[i].name, name)) return i;
    known.emplace_back(fields[i].name);
  }
  return Expected("\"", base::Printable(name), "\" is no property of a ", what, "; there are ",
                  base::Join(known, ", "));
}

}  // namespace postern::admin
