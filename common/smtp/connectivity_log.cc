#include "common/smtp/connectivity_log.h"

#include <cstdio>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/observe/csv_log_settings.h"
#include "common/observe/log_time.h"

namespace postern::smtp {

namespace {

constexpr std::string_view kFields = "date-time,session,source,Destination,direction,description";

}  // namespace

ConnectionRecord::ConnectionRecord(std::shared_ptr<observe::CsvLog> log,
                                   std::uint64_t session,
                                   std::string_view source,
                                   std::string_view destination,
                                   std::string_view description)
    : log_(std::move(log)) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llX", static_cast<unsigned long long>(session));
  begin_ = base::Cat(",", std::string_view(digits), ",", source, ",");
  observe::AppendCsv(begin_, mail::CleanText(destination, kDescriptionBytesMax));
  begin_.push_back(',');
  Write('+', description);
}

ConnectionRecord::~ConnectionRecord() {
  std::string total = base::Cat("Messages: ", messages_, " Bytes: ", bytes_);
  if (!failure_.empty()) total += base::Cat(" (", failure_, ")");
  Write('-', total);
}

void ConnectionRecord::Note(std::string_view description) {
  Write('>', description);
}

void ConnectionRecord::Carried(std::uint64_t messages, std::uint64_t bytes) {
  messages_ = messages;
  bytes_ = bytes;
}

void ConnectionRecord::Failed(std::string_view why) {
  failure_ = why;
}

void ConnectionRecord::Write(char direction, std::string_view description) {
  std::string line = observe::LogTime(absl::Now());
  line += base::Cat(begin_, direction, ",");
  observe::AppendCsv(line, mail::CleanText(description, kDescriptionBytesMax));
  log_->Write(line);
}

ConnectivityLog::ConnectivityLog(std::shared_ptr<observe::CsvLog> log)
    : log_(std::move(log)), next_session_(base::Random::System().Next()) {}

absl::StatusOr<std::unique_ptr<ConnectivityLog>> ConnectivityLog::Open(
    const ConnectivityLogSettings& settings, std::string folder, std::string step) {
  if (!*settings.enabled) return std::unique_ptr<ConnectivityLog>();
  observe::CsvLogOptions form;
  form.folder = std::move(folder);
  form.prefix = "CONNECTLOG";
  form.log_type = "Transport Connectivity Log";
  form.fields = kFields;
  form.step = std::move(step);
  auto log = observe::OpenCsvLog(settings, std::move(form));
  if (!log.ok()) return log.status();
  if (*log == nullptr) return std::unique_ptr<ConnectivityLog>();
  return std::unique_ptr<ConnectivityLog>(new ConnectivityLog(*std::move(log)));
}

std::unique_ptr<ConnectionRecord> ConnectivityLog::Begin(std::string_view source,
                                                         std::string_view destination,
                                                         std::string_view description) {
  return std::make_unique<ConnectionRecord>(log_, next_session_++, source, destination,
                                            description);
}

}  // namespace postern::smtp
