#include "common/settings/any_setting.h"

#include <charconv>

#include "absl/status/statusor.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::settings {

namespace {

constexpr std::size_t kListPartsMax = 1000;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

template <typename Number>
absl::StatusOr<Number> ParseNumber(std::string_view given) {
  const std::string_view text = base::Trim(given);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    return Invalid("\"", base::Printable(given), "\" is too large a number");
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    return Invalid("\"", base::Printable(given), "\" is not a whole number");
  }
  return number;
}

absl::StatusOr<bool> ParseYesOrNo(std::string_view given) {
  const std::string text = base::LowerAscii(base::Trim(given));
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return Invalid("\"", base::Printable(given), "\" is not yes or no: write true or false");
}

absl::StatusOr<Size> ParseBytes(std::string_view text) {
  const auto bytes = base::ParseSize(text);
  if (!bytes.ok()) return bytes.status();
  return Size{*bytes};
}

std::string Format(bool value) {
  return value ? "true" : "false";
}

std::string Format(int value) {
  return std::to_string(value);
}

std::string Format(std::int64_t value) {
  return std::to_string(value);
}

std::string Format(const std::string& value) {
  return value;
}

std::string Format(absl::Duration value) {
  return base::FormatTimeSpan(value);
}

std::string Format(Size value) {
  return base::FormatSize(value.bytes);
}

// What every type has in common.
template <typename T>
AnySetting Shell(Setting<T>& setting, std::string_view type) {
  AnySetting any;
  any.key = setting.key;
  any.type = type;
  any.about = setting.about;
  any.reloads = setting.reloads;
  any.secret = setting.secret;
  any.reset = [&setting] { setting.value = setting.fallback; };
  any.save = [&setting]() -> std::function<void()> {
    return [&setting, value = setting.value] { setting.value = value; };
  };
  return any;
}

template <typename T>
AnySetting Scalar(Setting<T>& setting,
                  std::string_view type,
                  absl::StatusOr<T> (*parse)(std::string_view)) {
  AnySetting any = Shell(setting, type);
  any.fallback = Format(setting.fallback);
  any.print = [&setting] { return Format(setting.value); };
  any.set = [&setting, parse](std::string_view text) -> absl::Status {
    auto value = parse(text);
    if (!value.ok()) return value.status();
    setting.value = *std::move(value);
    return absl::OkStatus();
  };
  return any;
}

template <typename T>
AnySetting Bounded(Setting<T>& setting,
                   std::string_view type,
                   absl::StatusOr<T> (*parse)(std::string_view)) {
  AnySetting any = Scalar(setting, type, parse);
  if (setting.min == setting.max) return any;
  POSTERN_CHECK(setting.min <= setting.fallback && setting.fallback <= setting.max);
  any.bounds = base::Cat(Format(setting.min), " to ", Format(setting.max));
  any.set = [&setting, parse, bounds = any.bounds](std::string_view text) -> absl::Status {
    const auto value = parse(text);
    if (!value.ok()) return value.status();
    if (*value < setting.min || *value > setting.max) {
      return Invalid("\"", base::Printable(text), "\" is out of bounds: ", bounds);
    }
    setting.value = *value;
    return absl::OkStatus();
  };
  return any;
}

absl::StatusOr<std::string> ParseText(std::string_view text) {
  return std::string(text);
}

}  // namespace

AnySetting AnySettingOf(Setting<bool>& setting) {
  return Scalar(setting, "yes or no", ParseYesOrNo);
}

AnySetting AnySettingOf(Setting<int>& setting) {
  return Bounded(setting, "number", ParseNumber<int>);
}

AnySetting AnySettingOf(Setting<std::int64_t>& setting) {
  return Bounded(setting, "number", ParseNumber<std::int64_t>);
}

AnySetting AnySettingOf(Setting<std::string>& setting) {
  return Scalar(setting, "text", ParseText);
}

AnySetting AnySettingOf(Setting<absl::Duration>& setting) {
  return Bounded(setting, "time span", base::ParseTimeSpan);
}

AnySetting AnySettingOf(Setting<Size>& setting) {
  return Bounded(setting, "size", ParseBytes);
}

AnySetting AnySettingOf(Setting<std::vector<std::string>>& setting) {
  AnySetting any = Shell(setting, "list");
  any.fallback = base::Join(setting.fallback, "; ");
  any.print = [&setting] { return base::Join(setting.value, "; "); };
  any.print_list = [&setting] { return setting.value; };
  any.set_list = [&setting](const std::vector<std::string>& parts) -> absl::Status {
    if (parts.size() > kListPartsMax) {
      return Invalid("a list of ", parts.size(), " is too long: at most ", kListPartsMax);
    }
    setting.value = parts;
    return absl::OkStatus();
  };
  any.set = [set_list = any.set_list](std::string_view text) -> absl::Status {
    std::vector<std::string> parts;
    for (const std::string_view part : base::Split(text, ';')) {
      if (const std::string_view word = base::Trim(part); !word.empty()) parts.emplace_back(word);
    }
    return set_list(parts);
  };
  return any;
}

std::string VariableFor(std::string_view key) {
  std::string name = base::Cat("POSTERN_", base::UpperAscii(key));
  for (char& c : name) {
    if (c == '.' || c == '-') c = '_';
  }
  return name;
}

}  // namespace postern::settings
