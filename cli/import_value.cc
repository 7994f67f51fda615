#include "cli/import_value.h"

#include <algorithm>
#include <cmath>

#include "google/protobuf/util/json_util.h"

#include "cli/change.h"
#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/connector/address_space.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Texts = absl::StatusOr<std::vector<std::string>>;
using Text = absl::StatusOr<std::string>;

constexpr std::size_t kExcerptBytesMax = 80;
constexpr double kWholeMax = 9'007'199'254'740'992.0;  // up to here a double holds whole numbers
constexpr double kTicksOfMillisecond = 10'000.0;
constexpr std::string_view kCutOff =
    "was cut off by ConvertTo-Json: export with ConvertTo-Json -Depth 4";
constexpr std::string_view kByName =
    "is the number of an enumeration, and its meaning is not certain: export the name, with "
    "ConvertTo-Json -EnumsAsStrings in PowerShell 7, or from a remote session";

absl::Status Refused(const auto&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

// What .NET prints of an object that has nothing better to say, and PowerShell of a custom one.
bool IsTypeName(std::string_view text) {
  for (const std::string_view begin : {"System.", "Microsoft.Exchange.", "Deserialized.", "@{"}) {
    if (text.starts_with(begin)) return true;
  }
  return false;
}

Text NumberText(double number) {
  if (std::floor(number) != number || std::fabs(number) > kWholeMax) {
    return Refused("is not a whole number");
  }
  return std::to_string(static_cast<std::int64_t>(number));
}

// The property of an object as a text; kNotFound when it is not there or says nothing.
Text PropertyText(const JsonObject& object, std::string_view name);

// A text, whatever it is wrapped in: numbers, booleans, {"value": 1, "Value": "Verbose"}, and the
// objects of addresses, domains and directory names.
Text TextFrom(const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  switch (value.kind_case()) {
    case JsonValue::kStringValue:
      if (IsTypeName(value.string_value())) return Refused(kCutOff);
      return value.string_value();
    case JsonValue::kNumberValue:
      return NumberText(value.number_value());
    case JsonValue::kBoolValue:
      return std::string(value.bool_value() ? "true" : "false");
    case JsonValue::kStructValue:
      break;
    default:
      return Refused("is one value, not a list");
  }
  for (const char* name :
       {"Value", "IPAddressToString", "Address", "Domain", "SmtpDomain", "Name"}) {
    Text text = PropertyText(value.struct_value(), name);
    if (text.ok() || text.status().code() != absl::StatusCode::kNotFound) return text;
  }
  return Refused(kCutOff);
}

Text PropertyText(const JsonObject& object, std::string_view name) {
  // {"value": 0, "Value": "None"} differ in case alone.
  const auto exact = object.fields().find(std::string(name));
  const JsonValue* value =
      exact != object.fields().end() ? &exact->second : FindProperty(object, name);
  if (value == nullptr || SaysNothing(*value)) return absl::NotFoundError("");
  return TextFrom(*value);
}

Text FlagProperty(const JsonObject& object, std::string_view name) {
  Text text = PropertyText(object, name);
  if (!text.ok()) return std::string("false");
  const auto flag = ParseFlag(*text);
  return std::string(flag.ok() && *flag ? "true" : "false");
}

// {"IsUnlimited": false, "Value": "25 MB (26,214,400 bytes)"}, or one of its texts.
Text SizeFrom(const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  if (value.has_struct_value()) {
    const Text unlimited = FlagProperty(value.struct_value(), "IsUnlimited");
    if (*unlimited == "true") return std::string("unlimited");
  }
  const Text text = TextFrom(value);
  if (!text.ok()) return text.status();
  return NormalSize(*text);
}

// {"Ticks": 6000000000, ...} or "00:10:00". A tick is 100 nanoseconds.
Text SpanFrom(const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  const JsonValue* ticks =
      value.has_struct_value() ? FindProperty(value.struct_value(), "Ticks") : nullptr;
  if (ticks == nullptr) {
    const Text text = TextFrom(value);
    if (!text.ok()) return text.status();
    return NormalSpan(*text);
  }
  const double number = ticks->number_value();
  if (!ticks->has_number_value() || !(number >= 0) || number > kWholeMax) {
    return Refused("has ticks that are no time span");
  }
  return base::FormatTimeSpan(
      absl::Milliseconds(static_cast<std::int64_t>(number / kTicksOfMillisecond)));
}

// An enumeration. Its zero is what .NET has where nothing was set: the default, where that is a
// word of its own.
Texts ChoiceFrom(const Parameter& parameter, const JsonValue& given) {
  const Text text = TextFrom(given);
  if (!text.ok()) return text.status();
  std::string words = *text;
  if (base::ParseUnsigned(words)) {
    const std::string first = WordsFrom(parameter.values).front();
    const bool zero_is_first =
        (first == "None" || first == "Default") && parameter.field != "tlsAuthLevel";
    const bool logging = parameter.field == "protocolLoggingLevel";  // it has but two
    if (words == "0" && zero_is_first) {
      words = first;
    } else if (words == "1" && logging) {
      words = "Verbose";
    } else {
      return Refused(kByName);
    }
  }
  std::vector<std::string> out;
  for (const std::string_view word : base::Split(words, ',')) {
    Text normal = NormalWord(word, parameter.values);
    if (!normal.ok()) return normal.status();
    out.push_back(*std::move(normal));
  }
  if (parameter.form == Form::kWords) return WithoutDefault(std::move(out), parameter.values);
  if (out.size() > 1) return Refused("is one word");
  return out;
}

// {"Type": "SMTP", "Address": "*.contoso.com", "Cost": 5} or "SMTP:*.contoso.com;5".
Text AddressSpaceFrom(const JsonValue& value) {
  if (!value.has_struct_value()) return TextFrom(value);
  const JsonObject& object = value.struct_value();
  const Text type = PropertyText(object, "Type");
  Text address = PropertyText(object, "Address");
  if (!address.ok()) address = PropertyText(object, "Space");
  const Text cost = PropertyText(object, "Cost");
  if (!address.ok()) return Refused(kCutOff);
  return base::Cat(type.ok() ? *type : "SMTP", ":", *address, ";", cost.ok() ? *cost : "1");
}

// {"IsIPAddress": true, "Address": {"IPAddressToString": "10.1.1.1"}, "Domain": null}
Text SmartHostFrom(const JsonValue& value) {
  if (!value.has_struct_value()) return TextFrom(value);
  const JsonObject& object = value.struct_value();
  const bool address = *FlagProperty(object, "IsIPAddress") == "true";
  Text text = PropertyText(object, address ? "Address" : "Domain");
  return text.status().code() == absl::StatusCode::kNotFound ? TextFrom(value) : text;
}

// "a, b" or "a b": a list that was cut off and printed in one line.
Texts ListInText(const Parameter& parameter, const std::string& text) {
  std::vector<std::string> pieces;
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  for (const std::string_view piece : base::Split(spaced, ' ')) {
    if (!base::Trim(piece).empty()) pieces.emplace_back(base::Trim(piece));
  }
  if (pieces.size() < 2 || parameter.field != "addressSpaces") return pieces;
  // An X.400 space holds blanks itself.
  for (const std::string& piece : pieces) {
    const auto space = connector::AddressSpace::Parse(piece);
    if (!space.ok() || !space->smtp()) return Refused(kCutOff);
  }
  return pieces;
}

Texts ListFrom(const Parameter& parameter, const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  if (value.has_string_value()) {
    if (IsTypeName(value.string_value())) return Refused(kCutOff);
    return ListInText(parameter, value.string_value());
  }
  std::vector<const JsonValue*> elements;
  if (value.has_list_value()) {
    for (const JsonValue& element : value.list_value().values())
      elements.push_back(&element);
  } else {
    elements.push_back(&value);
  }
  std::vector<std::string> texts;
  for (const JsonValue* element : elements) {
    Text text = parameter.field == "addressSpaces" ? AddressSpaceFrom(Unwrapped(*element))
                : parameter.field == "smartHosts"  ? SmartHostFrom(Unwrapped(*element))
                                                   : TextFrom(*element);
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
  }
  return texts;
}

// {"SmtpDomain": {"Domain": "contoso.com"}, "IncludeSubDomains": true, "Address": "*.contoso.com"}
Text DomainFrom(const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  Text text = TextFrom(value);
  if (!text.ok() || !value.has_struct_value() || text->starts_with("*")) return text;
  const bool below = *FlagProperty(value.struct_value(), "IncludeSubDomains") == "true";
  return below ? base::Cat("*.", *text) : *text;
}

// {"CertificateIssuer": "CN=CA", "CertificateSubject": "CN=mail"} or "<I>CN=CA<S>CN=mail".
Text CertificateNameFrom(const JsonValue& value) {
  if (!value.has_struct_value()) return TextFrom(value);
  const Text issuer = PropertyText(value.struct_value(), "CertificateIssuer");
  const Text subject = PropertyText(value.struct_value(), "CertificateSubject");
  if (!issuer.ok() || !subject.ok()) return Refused(kCutOff);
  return base::Cat("<I>", *issuer, "<S>", *subject);
}

Text OneFrom(const Parameter& parameter, const JsonValue& value) {
  if (parameter.field == "tlsDomain") return DomainFrom(value);
  if (parameter.field == "tlsCertificateName") return CertificateNameFrom(Unwrapped(value));
  const Text text = TextFrom(value);
  if (!text.ok()) return text.status();
  return Formed(parameter, *text);
}

}  // namespace

const JsonValue* FindProperty(const JsonObject& object, std::string_view name) {
  const JsonValue* found = nullptr;
  for (const auto& [key, value] : object.fields()) {
    if (key == name) return &value;
    if (base::EqualsIgnoreCase(key, name)) found = &value;
  }
  return found;
}

bool SaysNothing(const JsonValue& given) {
  const JsonValue& value = Unwrapped(given);
  switch (value.kind_case()) {
    case JsonValue::kStringValue:
      return value.string_value().empty();
    case JsonValue::kListValue:
      return value.list_value().values().empty();
    case JsonValue::kNumberValue:
    case JsonValue::kBoolValue:
    case JsonValue::kStructValue:
      return false;
    default:
      return true;
  }
}

const JsonValue& Unwrapped(const JsonValue& value) {
  if (!value.has_struct_value()) return value;
  const auto& fields = value.struct_value().fields();
  const auto inside = fields.find("value");
  const bool wrapped = inside != fields.end() && fields.count("Count") == 1 && fields.size() == 2;
  return wrapped ? inside->second : value;
}

Texts TextsFrom(const Parameter& parameter, const JsonValue& value) {
  if (parameter.form == Form::kList) return ListFrom(parameter, value);
  if (parameter.form == Form::kWord || parameter.form == Form::kWords) {
    return ChoiceFrom(parameter, value);
  }
  const Text text = parameter.form == Form::kSize   ? SizeFrom(value)
                    : parameter.form == Form::kSpan ? SpanFrom(value)
                                                    : OneFrom(parameter, value);
  if (!text.ok()) return text.status();
  return std::vector<std::string>{*text};
}

std::string Excerpt(const JsonValue& value) {
  if (value.has_string_value()) return base::Printable(value.string_value(), kExcerptBytesMax);
  if (SaysNothing(value)) return "";
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(value, &json);
  return status.ok() ? base::Printable(json, kExcerptBytesMax) : "?";
}

}  // namespace postern::cli
