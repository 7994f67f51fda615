#include "common/settings/loader.h"

#include <cstdlib>
#include <map>

#include <unistd.h>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/settings/nearest.h"
#include "common/settings/variables.h"
#include "common/settings/yaml_file.h"

namespace postern::settings {

namespace {

std::string Sentence(std::string_view key, const absl::Status& status, std::string_view place) {
  return base::Cat(key, ": ", base::MessageOf(status), " (", place, ")");
}

}  // namespace

void Loader::AddOne(AnySetting setting) {
  POSTERN_CHECK(Find(setting.key) == nullptr);
  settings_.push_back(std::move(setting));
}

const AnySetting* Loader::Find(std::string_view key) const {
  for (const AnySetting& setting : settings_) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string Loader::Unknown(std::string_view key) const {
  const std::string given = base::Printable(key, 100);
  const std::string section = base::Cat(key, ".");
  std::vector<std::string_view> known;
  for (const AnySetting& setting : settings_) {
    if (setting.key.starts_with(section)) {
      return base::Cat("\"", given, "\" is a section: write its settings under it");
    }
    known.emplace_back(setting.key);
  }
  const std::string_view nearest = Nearest(key, known);
  if (nearest.empty()) return base::Cat("unknown setting \"", given, "\"");
  return base::Cat("unknown setting \"", given, "\", the nearest known one is \"", nearest, "\"");
}

std::vector<std::string> Loader::Warnings() const {
  std::vector<std::string> known;
  for (const AnySetting& setting : settings_)
    known.push_back(VariableFor(setting.key));
  return UnknownVariables(environ, known);
}

absl::Status Loader::Load(const std::string& file, const std::vector<std::string>& overrides) {
  std::vector<std::function<void()>> restore;
  for (const AnySetting& setting : settings_) {
    restore.push_back(setting.save());
    setting.reset();
  }
  std::vector<std::string> errors;
  if (!file.empty()) ApplyFile(file, &errors);
  ApplyEnvironment(&errors);
  ApplyOverrides(overrides, &errors);
  if (errors.empty()) return absl::OkStatus();
  for (const auto& put_back : restore)
    put_back();
  return base::Error(absl::StatusCode::kInvalidArgument, base::Join(errors, "\n"));
}

void Loader::ApplyFile(const std::string& file, std::vector<std::string>* errors) const {
  YamlValues read =
      ReadYamlFile(file, [this](std::string_view key) { return Find(key) != nullptr; });
  std::map<std::string, std::string> places;
  for (const YamlValue& value : read.values) {
    const AnySetting* setting = Find(value.key);
    if (setting == nullptr) {
      errors->push_back(base::Cat(Unknown(value.key), " (", value.place, ")"));
      continue;
    }
    const auto [first, added] = places.emplace(value.key, value.place);
    if (!added) {
      errors->push_back(
          base::Cat(value.key, ": given twice, first at ", first->second, " (", value.place, ")"));
      continue;
    }
    absl::Status status;
    if (value.list && !setting->is_list()) {
      status =
          base::Error(absl::StatusCode::kInvalidArgument, "is a ", setting->type, ", not a list");
    } else {
      status = value.list ? setting->set_list(value.parts) : setting->set(value.text);
    }
    if (!status.ok()) errors->push_back(Sentence(value.key, status, value.place));
  }
  errors->insert(errors->end(), read.errors.begin(), read.errors.end());
}

void Loader::ApplyEnvironment(std::vector<std::string>* errors) const {
  for (const AnySetting& setting : settings_) {
    const std::string name = VariableFor(setting.key);
    const char* text = std::getenv(name.c_str());
    if (text == nullptr) continue;
    const absl::Status status = setting.set(text);
    if (!status.ok()) errors->push_back(Sentence(setting.key, status, name));
  }
}

void Loader::ApplyOverrides(const std::vector<std::string>& overrides,
                            std::vector<std::string>* errors) const {
  for (const std::string& override : overrides) {
    const std::size_t equals = override.find('=');
    if (equals == std::string::npos) {
      errors->push_back(base::Cat("\"", base::Printable(override), "\": write key=value (--set)"));
      continue;
    }
    const std::string_view key = base::Trim(std::string_view(override).substr(0, equals));
    const AnySetting* setting = Find(key);
    if (setting == nullptr) {
      errors->push_back(base::Cat(Unknown(key), " (--set)"));
      continue;
    }
    const absl::Status status = setting->set(std::string_view(override).substr(equals + 1));
    if (!status.ok()) errors->push_back(Sentence(key, status, "--set"));
  }
}

}  // namespace postern::settings
