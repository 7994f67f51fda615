#include "cli/shown_value.h"

#include <algorithm>
#include <set>

#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/directory/parameters.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Standing = Parameter::Standing;

std::string Braced(const std::vector<std::string>& texts) {
  return base::Cat("{", base::Join(texts, ", "), "}");
}

std::string GrantsOf(const v1::Permissions& permissions) {
  std::vector<std::string> grants;
  for (const v1::Grant& grant : permissions.grants()) {
    grants.push_back(base::Cat(
        grant.deny() ? "Deny " : "", grant.user(), ": ",
        base::Join({grant.extended_rights().begin(), grant.extended_rights().end()}, " ")));
  }
  return Braced(grants);
}

// One parameter for each field of the kind, in the order of names.
std::vector<const Parameter*> ShownParameters(std::string_view kind) {
  std::vector<const Parameter*> shown;
  std::set<std::string_view> fields;
  for (const Parameter& parameter : directory::ParametersOf(kind)) {
    if (parameter.field.empty() || parameter.standing == Standing::kUsage ||
        parameter.standing == Standing::kRefused) {
      continue;
    }
    if (fields.insert(parameter.field).second) shown.push_back(&parameter);
  }
  return shown;
}

// Every connector has both, so that a list or a table of some properties fits all of them.
void AddReady(const v1::Resource& resource, Properties& properties) {
  const auto ready = ReadyOf(resource);
  if (!ready && !resource.has_send_connector()) return;
  std::string reason;
  if (ready && ready->status() != "True") {
    reason = base::Cat(ready->reason(), ready->reason().empty() ? "" : ": ", ready->message());
  }
  properties.emplace_back("Ready", ready ? ready->status() : "");
  properties.emplace_back("ReadyReason", std::move(reason));
}

}  // namespace

std::string ShownValue(const Parameter& parameter, const Message& spec) {
  const FieldDescriptor* field = FindField(spec, parameter.field);
  if (field == nullptr) return "";
  if (parameter.field == "permissions") {
    const Message& permissions = spec.GetReflection()->GetMessage(spec, field);
    return GrantsOf(static_cast<const v1::Permissions&>(permissions));
  }
  const std::vector<std::string> texts = TextsOf(spec, *field);
  if (field->is_repeated()) return Braced(texts);
  if (texts.empty()) return "";
  if (parameter.form == Form::kFlag) return texts.front() == "true" ? "True" : "False";
  const bool largest = texts.front() == base::Cat(kUnlimitedNumber);
  if (parameter.form == Form::kNumber && largest && TakesUnlimited(parameter.values)) {
    return "Unlimited";
  }
  return parameter.form == Form::kSize ? ShownSize(texts.front()) : texts.front();
}

Properties PropertiesOf(const v1::Resource& resource) {
  Properties properties = {{"Identity", NameOf(resource)},
                           {"Resource", MetadataOf(resource).name()},
                           {"ResourceVersion", MetadataOf(resource).resource_version()}};
  for (const Parameter* parameter : ShownParameters(KindOf(resource))) {
    std::string value = ShownValue(*parameter, SpecOf(resource));
    // The other kinds have no name but metadata.name.
    if (parameter->field == "name" && value.empty()) value = NameOf(resource);
    properties.emplace_back(parameter->name, std::move(value));
  }
  AddReady(resource, properties);
  std::sort(properties.begin(), properties.end(), [](const auto& a, const auto& b) {
    return base::LowerAscii(a.first) < base::LowerAscii(b.first);
  });
  return properties;
}

std::vector<Difference> DifferencesBetween(const v1::Resource& before, const v1::Resource& after) {
  std::vector<Difference> differences;
  for (const Parameter* parameter : ShownParameters(KindOf(after))) {
    Difference one{std::string(parameter->name), ShownValue(*parameter, SpecOf(before)),
                   ShownValue(*parameter, SpecOf(after))};
    if (one.before != one.after) differences.push_back(std::move(one));
  }
  return differences;
}

}  // namespace postern::cli
