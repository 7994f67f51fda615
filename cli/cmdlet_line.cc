#include "cli/cmdlet_line.h"

#include <algorithm>
#include <set>

#include "cli/quotes.h"
#include "cli/value_forms.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;
using Form = Parameter::Form;
using Kind = Literal::Kind;
using Standing = Parameter::Standing;

// What an unquoted $true leaves behind in bash.
constexpr std::string_view kValueMissing =
    "has no value; the shell makes nothing of an unquoted $true, $false or $null: write true and "
    "false, or '$true' in quotes";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "-Name", "-Name:value", "--name", "--name=value"; nullopt: a value.
std::optional<Word> ParameterWord(std::string_view text) {
  if (text == "-?") return Word{.parameter = "?"};
  const std::size_t dash = DashAt(text);
  if (dash == 0) return std::nullopt;
  std::string_view rest = text.substr(dash);
  const bool two = rest.starts_with("-");
  if (two) rest.remove_prefix(1);
  if (rest.empty() || !IsLetter(rest[0])) return std::nullopt;
  const std::size_t end = std::min(rest.find(two ? '=' : ':'), rest.size());
  Word word;
  word.parameter = std::string(rest.substr(0, end));
  // --what-if is -WhatIf.
  if (two) std::erase(word.parameter, '-');
  word.colon = end < rest.size();
  if (end + 1 < rest.size()) word.value = Literal::Raw(rest.substr(end + 1));
  return word;
}

bool IsListForm(Form form) {
  return form == Form::kList || form == Form::kWords;
}

std::string Dashed(std::string_view name) {
  return base::Cat("-", name);
}

class Binder {
 public:
  Binder(const Cmdlet& cmdlet, const std::vector<Word>& words, Complaints& complaints)
      : words_(words), complaints_(complaints), parameters_(ParametersOf(cmdlet)) {
    line_.cmdlet = &cmdlet;
  }

  CmdletLine Bind() {
    if (words_.size() > kWordsMax) {
      Complain(complaints_, "", "", base::Cat("a line has at most ", kWordsMax, " words"));
      return std::move(line_);
    }
    while (at_ < words_.size()) {
      const Word& word = words_[at_++];
      if (word.parameter.empty()) {
        BindPositional(word);
      } else {
        BindNamed(word);
      }
    }
    CheckUsage();
    CheckRequired();
    return std::move(line_);
  }

 private:
  const Parameter* Find(std::string_view name) {
    const std::string_view alias = LongNameOf(name);
    std::vector<const Parameter*> fits;
    for (const Parameter* parameter : parameters_) {
      if (base::EqualsIgnoreCase(parameter->name, alias.empty() ? name : alias)) return parameter;
      if (base::StartsWithIgnoreCase(parameter->name, name)) fits.push_back(parameter);
    }
    if (fits.size() == 1) return fits.front();
    std::string rule = base::Cat("is not a parameter of ", line_.cmdlet->name, "; postern ",
                                 line_.cmdlet->name, " --help lists them");
    if (!fits.empty()) {
      rule = "may be ";
      for (std::size_t i = 0; i < fits.size(); ++i) {
        if (i > 0) rule += i + 1 == fits.size() ? " or " : ", ";
        rule += Dashed(fits[i]->name);
      }
      rule += ": write more of it";
    }
    Complain(complaints_, name, "", rule);
    return nullptr;
  }

  void BindNamed(const Word& word) {
    const Parameter* parameter = Find(word.parameter);
    if (parameter == nullptr) {
      // Its value is no value of another one.
      if (!word.value) TakeValue(Form::kText);
      return;
    }
    if (parameter->form == Form::kSwitch) return BindSwitch(*parameter, word);
    std::optional<Literal> literal = word.value;
    if (!literal && !word.colon) literal = TakeValue(parameter->form);
    if (!literal && !word.colon) literal = TakeSortOrder(*parameter);
    if (!literal) return Complain(complaints_, parameter->name, "", kValueMissing);
    Keep(*parameter, *literal);
  }

  void BindSwitch(const Parameter& parameter, const Word& word) {
    if (word.colon && !word.value) return Complain(complaints_, parameter.name, "", kValueMissing);
    if (!Allowed(parameter, word.value ? word.value->ToString() : "")) return;
    Given given{.parameter = &parameter};
    if (word.value) given.literal = AsOne(*word.value);
    const std::string value = given.literal ? given.literal->ToString() : "true";
    if (const auto flag = ParseFlag(value); !flag.ok()) {
      return Complain(complaints_, parameter.name, value, base::MessageOf(flag.status()));
    }
    AddOnce(std::move(given));
  }

  void BindPositional(const Word& word) {
    const std::string_view name = PositionalOf(*line_.cmdlet);
    const bool taken = name.empty() || line_.Find(name) != nullptr;
    if (!taken) return Keep(**Named(name), *word.value);
    Complain(complaints_, "", word.value->ToString(),
             "no parameter takes this value; one that holds spaces stands in quotes");
  }

  std::vector<const Parameter*>::const_iterator Named(std::string_view name) const {
    return std::find_if(parameters_.begin(), parameters_.end(),
                        [name](const Parameter* parameter) { return parameter->name == name; });
  }

  // The next word, if it is a value. `'a', 'b'` of a command line are two words of one list.
  std::optional<Literal> TakeValue(Form form) {
    if (!NextIsValue()) return std::nullopt;
    Literal literal = *words_[at_++].value;
    if (!IsListForm(form) || literal.kind != Kind::kRaw) return literal;
    std::string& text = literal.values.front();
    while (NextIsValue() && words_[at_].value->kind == Kind::kRaw) {
      const std::string& next = words_[at_].value->values.front();
      if (!base::Trim(text).ends_with(",") && !base::Trim(next).starts_with(",")) break;
      text += next;
      ++at_;
    }
    return literal;
  }

  // -SortOrder -Size: what looks like a parameter is a property to sort by, downwards.
  std::optional<Literal> TakeSortOrder(const Parameter& parameter) {
    const bool sorts = parameter.name == "SortOrder" && at_ < words_.size() && !words_[at_].value;
    if (!sorts) return std::nullopt;
    return Literal::Text(base::Cat("-", words_[at_++].parameter));
  }

  bool NextIsValue() const { return at_ < words_.size() && words_[at_].parameter.empty(); }

  // Whether the cmdlet takes the parameter; says why not, or that it has no effect.
  bool Allowed(const Parameter& parameter, std::string_view value) {
    const std::string_view refusal = RefusalOf(*line_.cmdlet, parameter);
    if (!refusal.empty()) {
      // A flag that is refused, and off, asks for nothing.
      if (parameter.form == Form::kFlag && ParseFlag(value).ok() && !*ParseFlag(value))
        return false;
      Complain(complaints_, parameter.name, value, base::Cat("is not taken. ", refusal));
      return false;
    }
    if (parameter.standing == Standing::kIgnored) {
      line_.warnings.push_back(
          base::Cat(Dashed(parameter.name), " has no effect. ", parameter.effect));
      return false;
    }
    return true;
  }

  void Keep(const Parameter& parameter, const Literal& given) {
    if (!Allowed(parameter, given.ToString())) return;
    auto literal = IsListForm(parameter.form) ? AsList(given) : AsOne(given);
    const std::string_view rule =
        literal.ok() ? RuleBroken(parameter, *literal) : base::MessageOf(literal.status());
    if (!rule.empty()) return Complain(complaints_, parameter.name, given.ToString(), rule);
    AddOnce({.parameter = &parameter, .literal = *std::move(literal)});
  }

  std::string_view RuleBroken(const Parameter& parameter, const Literal& literal) const {
    if (literal.kind == Kind::kCommand) {
      return parameter.form == Form::kSecret
                 ? "no password is taken here: write the name of a secret that holds the files "
                   "username and password or token"
                 : "a command in parentheses is not run: write its result in its place";
    }
    if (literal.kind == Kind::kEdits && line_.cmdlet->action != Action::kSet) {
      return "@{Add=...; Remove=...} changes a list that is there: write the whole list";
    }
    if (IsListForm(parameter.form)) return {};
    if (literal.kind == Kind::kEdits) return "takes one value, not a list";
    return literal.kind == Kind::kList ? "takes one value, not a list" : "";
  }

  void AddOnce(Given given) {
    for (Given& before : line_.given) {
      if (before.parameter != given.parameter) continue;
      if (before.literal && given.literal && before.literal->kind == Kind::kList &&
          given.literal->kind == Kind::kList) {
        auto& values = before.literal->values;
        values.insert(values.end(), given.literal->values.begin(), given.literal->values.end());
        return;
      }
      return Complain(complaints_, given.parameter->name, "", "is given twice");
    }
    line_.given.push_back(std::move(given));
  }

  void CheckUsage() {
    std::string seen;
    int count = 0;
    for (const Given& given : line_.given) {
      if (given.parameter->field != "usage" || !line_.Has(given.parameter->name)) continue;
      seen += base::Cat(count++ > 0 ? ", " : "", Dashed(given.parameter->name));
    }
    if (count > 1)
      Complain(complaints_, "Usage", seen, "a connector has one type: give one of them");
  }

  void CheckRequired() {
    for (const Parameter* parameter : parameters_) {
      if (!IsRequired(*line_.cmdlet, *parameter) || line_.Find(parameter->name) != nullptr)
        continue;
      const bool said = std::any_of(complaints_.begin(), complaints_.end(), [&](const auto& one) {
        return one.path == Dashed(parameter->name);
      });
      if (!said) Complain(complaints_, parameter->name, "", "is required");
    }
  }

  const std::vector<Word>& words_;
  Complaints& complaints_;
  const std::vector<const Parameter*> parameters_;
  CmdletLine line_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Word> WordsOf(const std::vector<std::string>& arguments) {
  std::vector<Word> words;
  for (const std::string& argument : arguments) {
    auto parameter = ParameterWord(argument);
    words.push_back(parameter ? *std::move(parameter) : Word{.value = Literal::Raw(argument)});
  }
  return words;
}

const Given* CmdletLine::Find(std::string_view name) const {
  const auto found = std::find_if(given.begin(), given.end(),
                                  [name](const Given& one) { return one.parameter->name == name; });
  return found == given.end() ? nullptr : &*found;
}

std::string CmdletLine::Text(std::string_view name) const {
  const Given* found = Find(name);
  if (found == nullptr || !found->literal || found->literal->values.empty()) return "";
  return found->literal->values.front();
}

std::vector<std::string> CmdletLine::List(std::string_view name) const {
  const Given* found = Find(name);
  return found == nullptr || !found->literal ? std::vector<std::string>() : found->literal->values;
}

bool CmdletLine::Has(std::string_view name) const {
  const Given* found = Find(name);
  if (found == nullptr) return false;
  if (found->parameter->form != Form::kSwitch || !found->literal) return true;
  return *ParseFlag(found->literal->ToString());
}

CmdletLine Bind(const Cmdlet& cmdlet, const std::vector<Word>& words, Complaints& complaints) {
  return Binder(cmdlet, words, complaints).Bind();
}

void Complain(Complaints& complaints,
              std::string_view parameter,
              std::string_view value,
              std::string_view rule) {
  connector::AddError(complaints, parameter.empty() ? "argument" : Dashed(parameter), value, rule);
}

absl::Status StatusOf(const Complaints& complaints) {
  if (complaints.empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, connector::Join(complaints));
}

}  // namespace postern::cli
