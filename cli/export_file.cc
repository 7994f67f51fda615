#include "cli/export_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

namespace fs = std::filesystem;

absl::Status Unwritten(const std::string& file) {
  return base::Error(absl::StatusCode::kDataLoss, base::Printable(file), ": it cannot be written");
}

// The file that `path` means; the number of the identity names it where nothing else does.
std::string FileFor(const std::string& path, const std::string& identity) {
  const std::string name = base::Cat(identity.substr(identity.rfind('\\') + 1), ".eml");
  if (path.empty()) return name;
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? (fs::path(path) / name).string() : path;
}

absl::Status ToFile(const v1::ExportMessageRequest& request,
                    const std::string& file,
                    Connection& connection,
                    std::uint64_t& bytes) {
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    return base::Error(absl::StatusCode::kAlreadyExists, base::Printable(file),
                       ": the file is there already; give another -Path");
  }
  const std::string part = file + ".part";
  // In a folder that others write to, what has this name already may be their link.
  const int made = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0 && errno == EEXIST) {
    return base::Error(absl::StatusCode::kAlreadyExists, base::Printable(part),
                       ": the file is there already: remove it, or give another -Path");
  }
  if (made < 0) return Unwritten(file);
  ::close(made);
  std::ofstream out(part, std::ios::binary);
  absl::Status read = connection.Export(request, [&](std::string_view piece) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes += piece.size();
    return out.good() ? absl::OkStatus() : Unwritten(file);
  });
  out.close();
  if (read.ok() && !out) read = Unwritten(file);
  std::error_code failed;
  if (read.ok()) fs::rename(part, file, failed);
  if (read.ok() && failed) read = Unwritten(file);
  if (!read.ok()) fs::remove(part, ignored);
  return read;
}

}  // namespace

absl::Status ExportToFile(const v1::ExportMessageRequest& request,
                          const std::string& path,
                          Connection& connection,
                          Shell& shell) {
  if (path == "-") {
    return connection.Export(request, [&shell](std::string_view piece) {
      shell.out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      return absl::OkStatus();
    });
  }
  const std::string file = FileFor(path, request.identity());
  std::uint64_t bytes = 0;
  const absl::Status done = ToFile(request, file, connection, bytes);
  if (!done.ok()) return done;
  std::ostream& to = shell.output == Output::kTable ? shell.out : shell.err;
  to << ForTerminal(base::Cat(file, ": ", bytes, " bytes")) << '\n';
  return absl::OkStatus();
}

}  // namespace postern::cli
