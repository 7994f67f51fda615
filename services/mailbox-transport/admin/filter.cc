#include "services/mailbox-transport/admin/filter.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/base/wildcard.h"

namespace postern::admin {

namespace {

using Kind = FieldForm::Kind;
using Operator = Condition::Operator;

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"-eq", Operator::kEq},    {"-ne", Operator::kNe}, {"-gt", Operator::kGt},
    {"-ge", Operator::kGe},    {"-lt", Operator::kLt}, {"-le", Operator::kLe},
    {"-like", Operator::kLike}};
constexpr std::string_view kSpaces = " \t\r\n";

absl::Status Wrong(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, "filter: ", parts...);
}

struct Token {
  std::string text;
  bool quoted = false;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // The next word or quoted value; nullopt at the end.
  absl::StatusOr<std::optional<Token>> Next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
    if (rest_.empty()) return std::optional<Token>();
    if (rest_[0] == '"' || rest_[0] == '\'') return Quoted();
    const std::size_t end = std::min(rest_.find_first_of(kSpaces), rest_.size());
    Token token{.text = std::string(rest_.substr(0, end))};
    rest_.remove_prefix(end);
    return std::optional<Token>(std::move(token));
  }

 private:
  // A quote within stands twice.
  absl::StatusOr<std::optional<Token>> Quoted() {
    const char quote = rest_[0];
    Token token{.quoted = true};
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] != quote) {
        token.text.push_back(rest_[i]);
      } else if (i + 1 < rest_.size() && rest_[i + 1] == quote) {
        token.text.push_back(rest_[i++]);
      } else {
        rest_.remove_prefix(i + 1);
        return std::optional<Token>(std::move(token));
      }
    }
    return Wrong("the quote before ", base::Printable(token.text), " is not closed");
  }

  std::string_view rest_;
};

std::string_view WordOf(Operator op) {
  for (const auto& [word, known] : kOperators) {
    if (known == op) return word;
  }
  return "";
}

absl::StatusOr<Operator> OperatorOf(const Token& token, std::string_view field) {
  for (const auto& [word, op] : kOperators) {
    if (!token.quoted && base::EqualsIgnoreCase(token.text, word)) return op;
  }
  return Wrong(field, " ", base::Printable(token.text),
               ": -eq, -ne, -gt, -ge, -lt, -le or -like is expected after a property");
}

// Why the operator is of no use for the property; empty: it is.
std::string_view Misuse(const FieldForm& form, Operator op, bool null) {
  const bool equality = op == Operator::kEq || op == Operator::kNe;
  if (null) return equality ? "" : "$null is compared with -eq and -ne only";
  if (op == Operator::kLike && form.kind != Kind::kText) {
    return "-like compares text: this property takes -eq and -ne, and -gt, -ge, -lt, -le where it "
           "is a number or a time";
  }
  if (!equality && op != Operator::kLike && !HasOrder(form.kind)) {
    return form.kind == Kind::kText ? "text is compared with -eq, -ne and -like"
                                    : "this property is compared with -eq and -ne";
  }
  return "";
}

absl::StatusOr<Condition> ConditionOf(const Token& name,
                                      const Token& op,
                                      const Token& value,
                                      std::span<const FieldForm> fields,
                                      std::string_view what) {
  const auto field = FindField(fields, name.text, what);
  if (!field.ok()) return Wrong(base::MessageOf(field.status()));
  const FieldForm& form = fields[*field];
  const auto found = OperatorOf(op, form.name);
  if (!found.ok()) return found.status();
  const bool null = !value.quoted && base::EqualsIgnoreCase(value.text, "$null");
  const auto wrong = [&](std::string_view rule) {
    return Wrong(form.name, " ", WordOf(*found), " \"", base::Printable(value.text), "\": ", rule);
  };
  if (const std::string_view rule = Misuse(form, *found, null); !rule.empty()) return wrong(rule);
  Condition condition{.field = *field, .op = *found};
  if (null) return condition;
  auto parsed = ParseValue(form, value.text);
  if (!parsed.ok()) return wrong(base::MessageOf(parsed.status()));
  condition.value = *std::move(parsed);
  return condition;
}

bool Holds(const Condition& condition, const FieldValue& value) {
  const bool set = !std::holds_alternative<std::monostate>(value);
  const int order = Compare(value, condition.value);
  switch (condition.op) {
    case Operator::kEq:
      return order == 0;
    case Operator::kNe:
      return order != 0;
    // What is not set is neither above nor below anything.
    case Operator::kGt:
      return set && order > 0;
    case Operator::kGe:
      return set && order >= 0;
    case Operator::kLt:
      return set && order < 0;
    case Operator::kLe:
      return set && order <= 0;
    case Operator::kLike:
      return set && base::FitsWildcard(std::get<std::string>(condition.value),
                                       std::get<std::string>(value));
  }
  return false;
}

std::string TextOf(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "$true" : "$false";
  if (const auto* span = std::get_if<absl::Duration>(&value)) return base::FormatTimeSpan(*span);
  if (const auto* time = std::get_if<absl::Time>(&value)) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", *time, absl::UTCTimeZone());
  }
  char digits[512];
  std::snprintf(digits, sizeof digits, "%.17f", std::get<double>(value));
  return digits;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text)
    out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string_view WithoutBraces(std::string_view text) {
  const std::string_view whole = base::Trim(text);
  if (whole.size() < 2 || whole.front() != '{' || whole.back() != '}') return whole;
  return base::Trim(whole.substr(1, whole.size() - 2));
}

}  // namespace

absl::StatusOr<Filter> Filter::Parse(std::string_view text,
                                     std::span<const FieldForm> fields,
                                     std::string_view what) {
  if (text.size() > kFilterBytesMax) {
    return Wrong("it has ", text.size(), " bytes: at most ", kFilterBytesMax);
  }
  Filter filter;
  filter.fields_ = fields;
  Reader reader(WithoutBraces(text));
  for (;;) {
    Token words[3];  // property, operator, value
    for (std::size_t i = 0; i < 3; ++i) {
      auto token = reader.Next();
      if (!token.ok()) return token.status();
      if (!*token && i == 0 && filter.empty()) return filter;
      if (!*token) {
        return Wrong(i == 0 ? "a condition is missing at the end"
                            : base::Cat(base::Printable(words[0].text),
                                        ": an operator and a value are expected, as ",
                                        fields[0].name, " -eq \"x\""));
      }
      words[i] = **std::move(token);
    }
    auto condition = ConditionOf(words[0], words[1], words[2], fields, what);
    if (!condition.ok()) return condition.status();
    if (filter.conditions_.size() == kConditionsMax) {
      return Wrong("it has more than ", kConditionsMax, " conditions");
    }
    filter.conditions_.push_back(*std::move(condition));
    auto joint = reader.Next();
    if (!joint.ok()) return joint.status();
    if (!*joint) return filter;
    if ((*joint)->quoted || !base::EqualsIgnoreCase((*joint)->text, "-and")) {
      return Wrong("\"", base::Printable((*joint)->text),
                   "\": only -and joins two conditions; a value with spaces stands in quotes");
    }
  }
}

std::vector<FieldValue> Filter::Take(std::size_t field, Operator op) {
  std::vector<FieldValue> values;
  std::erase_if(conditions_, [&](Condition& condition) {
    if (condition.field != field || condition.op != op) return false;
    values.push_back(std::move(condition.value));
    return true;
  });
  return values;
}

bool Filter::Holds(absl::FunctionRef<FieldValue(std::size_t)> value_of) const {
  for (const Condition& condition : conditions_) {
    if (!admin::Holds(condition, value_of(condition.field))) return false;
  }
  return true;
}

std::string Filter::ToString() const {
  std::vector<std::string> parts;
  for (const Condition& condition : conditions_) {
    const bool null = std::holds_alternative<std::monostate>(condition.value);
    parts.push_back(base::Cat(fields_[condition.field].name, " ", WordOf(condition.op), " ",
                              null ? "$null" : Quoted(TextOf(condition.value))));
  }
  return base::Join(parts, " -and ");
}

}  // namespace postern::admin
