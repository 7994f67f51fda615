// common/observe/csv_log_settings.h
//
// OpenCsvLog: a CSV log as its settings have it. Each log declares its own settings struct, with
// Exchange's names; they all have enabled, path, max_age, max_directory_size and max_file_size.
//
// Flow      OpenCsvLog(settings, form), where `form` has prefix, log_type, fields and step.
// Failure   As CsvLog::Open, naming the setting of the path. Null: the settings ask for no log.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "common/observe/csv_log.h"

namespace postern::observe {

// `form.folder` is where the log lies when the setting is empty; both empty: there is none.
template <typename LogSettings>
absl::StatusOr<std::shared_ptr<CsvLog>> OpenCsvLog(const LogSettings& settings,
                                                   CsvLogOptions form) {
  if (!settings.path->empty()) form.folder = *settings.path;
  if (!*settings.enabled || form.folder.empty()) return std::shared_ptr<CsvLog>();
  form.age_max = *settings.max_age;
  form.directory_bytes_max = settings.max_directory_size->bytes;
  form.file_bytes_max = settings.max_file_size->bytes;
  auto opened = CsvLog::Open(std::move(form));
  if (!opened.ok()) return base::Annotate(opened.status(), settings.path.key);
  return opened;
}

}  // namespace postern::observe
