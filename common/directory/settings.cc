#include "common/directory/settings.h"

#include "common/directory/rules.h"
#include "common/settings/errors.h"

namespace postern::directory {

absl::Status CheckSettings(const DirectorySettings& settings) {
  settings::Errors errors;
  const std::string& source = *settings.source;
  if (source != "files" && source != "kubernetes") {
    errors.Note(settings::WrongValue(settings.source, " is neither files nor kubernetes"));
  }
  if (settings.writer->empty()) return errors.Together();
  if (source == "kubernetes") {
    errors.Note(settings::WrongValue(
        settings.writer,
        ": must be empty: with directory.source kubernetes the API server is the "
        "writer"));
  } else if (!IsHostPort(*settings.writer)) {
    errors.Note(settings::WrongValue(settings.writer, " is not host:port"));
  }
  return errors.Together();
}

}  // namespace postern::directory
