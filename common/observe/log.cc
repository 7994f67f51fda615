#include "common/observe/log.h"

#include <cmath>
#include <cstdlib>

#include "absl/time/clock.h"
#include <unistd.h>

#include "common/base/text.h"
#include "common/observe/json_text.h"
#include "common/observe/log_time.h"
#include "common/observe/log_writer.h"

namespace postern::observe {

namespace {

constexpr std::size_t kLineBytesMax = 8192;
// Room for what closes a line: dots, quote, "cut":true and the brace.
constexpr std::size_t kLineEndBytes = 24;
constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

std::atomic<Level> log_level{Level::kInfo};

// Never destroyed: others may log while the process ends.
struct Output {
  std::mutex mutex;
  std::shared_ptr<LogWriter> writer;
};

Output& TheOutput() {
  static Output& output = *new Output;
  return output;
}

std::shared_ptr<LogWriter> Exchange(std::shared_ptr<LogWriter> writer) {
  Output& output = TheOutput();
  const std::lock_guard lock(output.mutex);
  std::swap(output.writer, writer);
  return writer;
}

bool AppendField(std::string& out, const Field& field) {
  constexpr std::size_t kMax = kLineBytesMax - kLineEndBytes;
  // A field that cannot have at least its name and some of its value is left out whole.
  if (out.size() + field.name().size() + 32 > kMax) return false;
  out.append(",\"").append(field.name()).append("\":");
  if (!field.number()) return AppendJsonString(out, field.value(), kMax);
  out.append(field.value());
  return true;
}

}  // namespace

Field::Field(std::string_view name, const absl::Status& status)
    : name_(name),
      owned_(
          status.ok()
              ? std::string("ok")
              : base::Cat(absl::StatusCodeToString(status.code()), ": ", base::MessageOf(status))) {
  value_ = owned_;
}

Field::Field(std::string_view name, double value) : name_(name), number_(std::isfinite(value)) {
  const int size = std::snprintf(digits_, sizeof digits_, "%.9g", value);
  value_ = std::string_view(digits_, static_cast<std::size_t>(size));
}

bool ParseLevel(std::string_view text, Level* level) {
  for (std::size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (kLevelNames[i] != text) continue;
    *level = static_cast<Level>(i);
    return true;
  }
  return false;
}

absl::Status OpenLog(Level level, const std::string& path) {
  auto writer = LogWriter::Open(path);
  if (!writer.ok()) return writer.status();
  static const int at_exit = std::atexit(CloseLog);
  static_cast<void>(at_exit);
  log_level.store(level, std::memory_order_relaxed);
  Exchange(*std::move(writer));
  return absl::OkStatus();
}

void CloseLog() {
  Exchange(nullptr);
}

bool Enabled(Level level) {
  return level >= log_level.load(std::memory_order_relaxed);
}

std::string LogLine(absl::Time now,
                    Level level,
                    std::string_view step,
                    std::string_view msg,
                    std::initializer_list<Field> fields) {
  std::string out;
  out.reserve(256);
  out.append("{\"ts\":\"");
  AppendLogTime(out, now);
  out.append("\",\"level\":\"").append(kLevelNames[static_cast<std::size_t>(level)]);
  out.append("\",\"step\":");
  bool whole = AppendJsonString(out, step, kLineBytesMax / 16);
  out.append(",\"msg\":");
  whole = AppendJsonString(out, msg, kLineBytesMax / 2) && whole;
  for (const Field& field : fields) {
    if (AppendField(out, field)) continue;
    whole = false;
    break;
  }
  out.append(whole ? "}" : ",\"cut\":true}");
  return out;
}

void Log(Level level,
         std::string_view step,
         std::string_view msg,
         std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  const std::string line = LogLine(absl::Now(), level, step, msg, fields);
  std::shared_ptr<LogWriter> writer;
  {
    Output& output = TheOutput();
    const std::lock_guard lock(output.mutex);
    writer = output.writer;
  }
  if (writer != nullptr) {
    writer->Write(line);
  } else {
    WriteLine(STDERR_FILENO, line);
  }
}

}  // namespace postern::observe
