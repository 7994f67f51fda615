// common/smtp/connectivity_log.h
//
// ConnectivityLog: which connections went out, to whom, and what they carried, in Exchange's form.
//
// Flow      One for a service; Begin ("+") for each connection; Note (">") as it gets on; Carried
//           as the messages go; destroying the record says "-".
// Failure   None: lines that cannot be kept are counted (observe::CsvLog).
// Lifetime  Thread-safe; a record belongs to one executor and keeps the log alive.
// Limits    A description is cut to kDescriptionBytesMax. No address of a mailbox, no content.
// See       Exchange's connectivity log; docs/logs.md

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/observe/csv_log.h"
#include "common/smtp/connectivity_log_settings.h"

namespace postern::smtp {

inline constexpr std::size_t kDescriptionBytesMax = 2048;

class ConnectionRecord {
 public:
  ConnectionRecord(std::shared_ptr<observe::CsvLog> log,
                   std::uint64_t session,
                   std::string_view source,
                   std::string_view destination,
                   std::string_view description);
  ~ConnectionRecord();
  ConnectionRecord(const ConnectionRecord&) = delete;
  ConnectionRecord& operator=(const ConnectionRecord&) = delete;

  void Note(std::string_view description);

  // In all, for the last line.
  void Carried(std::uint64_t messages, std::uint64_t bytes);
  // Why it ended, when it did not end well.
  void Failed(std::string_view why);

 private:
  void Write(char direction, std::string_view description);

  const std::shared_ptr<observe::CsvLog> log_;
  std::string begin_;  // session, source and destination, with their commas
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::string failure_;
};

class ConnectivityLog {
 public:
  // `folder` stands in for an empty path; `step` is for our own log. Null: off.
  static absl::StatusOr<std::unique_ptr<ConnectivityLog>> Open(
      const ConnectivityLogSettings& settings, std::string folder, std::string step);

  // `source` is the protocol: "SMTP", "gRPC".
  std::unique_ptr<ConnectionRecord> Begin(std::string_view source,
                                          std::string_view destination,
                                          std::string_view description);

  std::uint64_t lines_lost() const { return log_->lines_lost(); }

  // For tests.
  void Flush() { log_->Flush(); }

 private:
  explicit ConnectivityLog(std::shared_ptr<observe::CsvLog> log);

  const std::shared_ptr<observe::CsvLog> log_;
  std::atomic<std::uint64_t> next_session_;
};

}  // namespace postern::smtp
