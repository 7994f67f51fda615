// common/observe/csv_log_settings.h
//
// CsvLogSettings: where a CSV log lies and how long; and OpenCsvLog, which opens it so.
//
// Flow      Each log derives its own, with Exchange's names, and adds what only it has;
//           OpenCsvLog(settings, form), where `form` has prefix, log_type, fields and step.
// Failure   As CsvLog::Open, naming the setting of the path. Null: there is no folder for a log.
// Limits    The bounds are the same for every log.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/text.h"
#include "common/observe/csv_log.h"
#include "common/settings/setting.h"

namespace postern::observe {

struct CsvLogSettings {
  struct Words {
    std::string_view key;
    std::string_view about;
  };

  struct Defaults {
    absl::Duration max_age = absl::Hours(30 * 24);
    std::uint64_t max_directory_size = 1000ULL << 20;
    std::uint64_t max_file_size = 10ULL << 20;
  };

  CsvLogSettings(Words path_words,
                 Words age_words,
                 Words directory_words,
                 Words file_words,
                 const Defaults& defaults)
      : path{.key = path_words.key, .about = path_words.about},
        max_age{.key = age_words.key,
                .fallback = defaults.max_age,
                .min = absl::ZeroDuration(),
                .max = absl::Hours(24855 * 24),
                .about = age_words.about},
        max_directory_size{.key = directory_words.key,
                           .fallback = {defaults.max_directory_size},
                           .min = {1ULL << 20},
                           .max = {1ULL << 40},
                           .about = directory_words.about},
        max_file_size{.key = file_words.key,
                      .fallback = {defaults.max_file_size},
                      .min = {4ULL << 10},
                      .max = {1ULL << 30},
                      .about = file_words.about} {}

  settings::Setting<std::string> path;
  settings::Setting<absl::Duration> max_age;
  settings::Setting<settings::Size> max_directory_size;
  settings::Setting<settings::Size> max_file_size;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(path);
    visit(max_age);
    visit(max_directory_size);
    visit(max_file_size);
  }
};

// `form.folder` is where the log lies when the setting is empty; both empty: there is none.
inline absl::StatusOr<std::shared_ptr<CsvLog>> OpenCsvLog(const CsvLogSettings& settings,
                                                          CsvLogOptions form) {
  if (!settings.path->empty()) form.folder = *settings.path;
  if (form.folder.empty()) return std::shared_ptr<CsvLog>();
  form.age_max = *settings.max_age;
  form.directory_bytes_max = settings.max_directory_size->bytes;
  form.file_bytes_max = settings.max_file_size->bytes;
  auto opened = CsvLog::Open(std::move(form));
  if (!opened.ok()) return base::Annotate(opened.status(), settings.path.key);
  return opened;
}

}  // namespace postern::observe
