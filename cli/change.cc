#include "cli/change.h"

#include <algorithm>
#include <optional>

#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/connector/address_space.h"
#include "common/connector/send_connector.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Kind = Literal::Kind;
using Standing = Parameter::Standing;

class Reader {
 public:
  Reader(const CmdletLine& line, Complaints& complaints) : line_(line), complaints_(complaints) {
    change_.resource = NewResource(line.cmdlet->kind);
  }

  Change Read() {
    for (const Given& given : line_.given) {
      if (!given.parameter->field.empty()) ReadField(given);
    }
    return std::move(change_);
  }

 private:
  void ReadField(const Given& given) {
    const Parameter& parameter = *given.parameter;
    Message& spec = SpecOf(change_.resource);
    const FieldDescriptor* field = FindField(spec, parameter.field);
    if (field == nullptr) return ReadSlug(given);
    if (parameter.standing == Standing::kUsage) {
      if (line_.Has(parameter.name)) Set(parameter, *field, {std::string(parameter.name)});
      return;
    }
    const bool words = parameter.form == Form::kWords;
    if (given.literal->kind == Kind::kEdits) {
      const Literal& edits = *given.literal;
      change_.edits.push_back({&parameter, words ? PartsOf(edits.add) : edits.add,
                               words ? PartsOf(edits.remove) : edits.remove});
      return;
    }
    if (given.literal->kind == Kind::kNull && parameter.form == Form::kFlag) {
      return Complain(complaints_, parameter.name, "$null", "is true or false");
    }
    // What Get- of Exchange shows of several words is one text: 'A, B'.
    const std::vector<std::string> values =
        words ? PartsOf(given.literal->values) : given.literal->values;
    std::vector<std::string> texts;
    for (const std::string& value : values) {
      auto text = Formed(parameter, value);
      if (!text.ok()) {
        Complain(complaints_, parameter.name, value, base::MessageOf(text.status()));
        continue;
      }
      texts.push_back(*std::move(text));
    }
    if (words) texts = WithoutDefault(std::move(texts), parameter.values);
    Set(parameter, *field, texts);
  }

  // The kinds without a name of their own have metadata.name.
  void ReadSlug(const Given& given) {
    const std::string& name = given.literal->values.empty() ? "" : given.literal->values.front();
    const std::string slug = SlugOf(name);
    if (slug.empty()) {
      return Complain(complaints_, given.parameter->name, name, "holds a letter or a digit");
    }
    MetadataOf(change_.resource).set_name(slug);
  }

  void Set(const Parameter& parameter,
           const FieldDescriptor& field,
           const std::vector<std::string>& texts) {
    const std::string path = MaskPathOf(field);
    if (std::find(change_.mask.begin(), change_.mask.end(), path) != change_.mask.end()) {
      return Complain(complaints_, parameter.name, "", "is given twice, once by another name");
    }
    change_.mask.push_back(path);
    SetTexts(SpecOf(change_.resource), field, texts);
  }

  const CmdletLine& line_;
  Complaints& complaints_;
  Change change_;
};

// What makes two values of a list the same one; the cost of an address space apart.
struct Same {
  std::string key;
  std::optional<std::uint32_t> cost;
};

Same SameOf(const Parameter& parameter, const std::string& value) {
  if (parameter.field == "addressSpaces") {
    const auto space = connector::AddressSpace::Parse(value);
    if (space.ok()) {
      std::optional<std::uint32_t> cost;
      if (value.find(';') != std::string::npos) cost = space->cost;
      return {base::LowerAscii(base::Cat(space->type, ":", space->space)), cost};
    }
  }
  if (parameter.field == "smartHosts") {
    const auto host = connector::ParseSmartHost(value);
    if (host.ok()) return {*host, std::nullopt};
  }
  return {base::LowerAscii(base::Trim(value)), std::nullopt};
}

// A value without a cost fits one of every cost.
bool Fits(const Same& wanted, const Same& there) {
  return wanted.key == there.key && (!wanted.cost || !there.cost || *wanted.cost == *there.cost);
}

void ApplyEdit(const ListEdit& edit, Message& spec, std::vector<std::string>& notes) {
  const Parameter& parameter = *edit.parameter;
  const FieldDescriptor& field = *FindField(spec, parameter.field);
  std::vector<std::string> list = TextsOf(spec, field);
  const auto find = [&](const std::string& value) {
    const Same wanted = SameOf(parameter, value);
    return std::find_if(list.begin(), list.end(), [&](const std::string& there) {
      return Fits(wanted, SameOf(parameter, there));
    });
  };
  const auto note = [&](const std::string& value, std::string_view what) {
    notes.push_back(base::Cat("-", parameter.name, ": \"", value, "\" ", what));
  };
  for (const std::string& value : edit.remove) {
    const auto found = find(value);
    if (found == list.end()) {
      note(value, "is not in the list");
    } else {
      list.erase(found);
    }
  }
  for (const std::string& value : edit.add) {
    if (find(value) != list.end()) {
      note(value, "is in the list already");
    } else {
      list.push_back(value);
    }
  }
  if (parameter.form == Form::kWords) list = WithoutDefault(std::move(list), parameter.values);
  SetTexts(spec, field, list);
}

}  // namespace

absl::StatusOr<std::string> Formed(const Parameter& parameter, const std::string& text) {
  switch (parameter.form) {
    case Form::kFlag: {
      const auto flag = ParseFlag(text);
      if (!flag.ok()) return flag.status();
      return std::string(*flag ? "true" : "false");
    }
    case Form::kNumber: {
      const bool unlimited = TakesUnlimited(parameter.values);
      if (unlimited && base::EqualsIgnoreCase(base::Trim(text), "unlimited")) {
        return std::to_string(kUnlimitedNumber);
      }
      const auto number = ParseNumber(text);
      if (!number.ok()) return number.status();
      return std::to_string(*number);
    }
    case Form::kSize:
      return NormalSize(text);
    case Form::kSpan:
      return NormalSpan(text);
    case Form::kWord:
    case Form::kWords:
      return NormalWord(text, parameter.values);
    default:
      return text;
  }
}

Change ChangeFrom(const CmdletLine& line, Complaints& complaints) {
  return Reader(line, complaints).Read();
}

std::vector<std::string> ApplyEdits(const std::vector<ListEdit>& edits, Message& spec) {
  std::vector<std::string> notes;
  for (const ListEdit& edit : edits)
    ApplyEdit(edit, spec, notes);
  return notes;
}

}  // namespace postern::cli
