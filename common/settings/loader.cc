#include "common/settings/loader.h"

#include <cstdlib>
#include <map>
#include <numeric>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/settings/yaml_file.h"

namespace postern::settings {

namespace {

// How many letters must change to make one key of the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

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

std::string Loader::Unknown(std::string_view given) const {
  const std::string_view key = given.substr(0, 100);
  const AnySetting* nearest = nullptr;
  std::size_t distance = SIZE_MAX;
  for (const AnySetting& setting : settings_) {
    const std::size_t found = EditDistance(key, setting.key);
    if (found >= distance) continue;
    distance = found;
    nearest = &setting;
  }
  std::string out = base::Cat("unknown setting \"", base::Printable(given, 100), "\"");
  if (nearest != nullptr) out += base::Cat(", the nearest known one is \"", nearest->key, "\"");
  return out;
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
