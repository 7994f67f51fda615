// common/smtp/protocol_log.h
//
// ProtocolLog: what was said in the SMTP sessions of connectors that ask for it, in Exchange's
// form.
//
// Flow      One for a service; Begin for each session of a connector with ProtocolLoggingLevel
//           Verbose; then the SessionLog's verbs. Destroying that says "-".
// Failure   None: lines that cannot be kept are counted (observe::CsvLog).
// Lifetime  Thread-safe; a SessionLog belongs to one executor and keeps the log alive.
// Limits    A value is cut to kLoggedBytesMax. Never content, never a secret.
// See       Exchange's SMTP send protocol log; docs/logs.md

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/io/endpoint.h"
#include "common/observe/csv_log.h"
#include "common/tls/certificate_facts.h"

namespace postern::smtp {

inline constexpr std::size_t kLoggedBytesMax = 2048;

class SessionLog {
 public:
  SessionLog(std::shared_ptr<observe::CsvLog> log,
             std::string_view connector,
             std::uint64_t session,
             const io::Endpoint& remote);
  ~SessionLog();
  SessionLog(const SessionLog&) = delete;
  SessionLog& operator=(const SessionLog&) = delete;

  // "+"
  void Connected(const io::Endpoint& local);
  // ">", for each line of `lines`.
  void Sent(std::string_view lines);
  // "<"
  void Received(std::string_view line);
  // "*"
  void Note(std::string_view data, std::string_view why);
  void NoteCertificate(std::string_view whose, const tls::CertificateFacts& facts);

  // Who ends the session; we do when nobody says so.
  void EndedByRemote() { ended_by_ = "Remote"; }

 private:
  void Write(char event, std::string_view data, std::string_view why);

  std::shared_ptr<observe::CsvLog> log_;
  std::string begin_;  // connector and session, with their commas
  std::string remote_;
  std::string local_;
  std::uint32_t number_ = 0;
  bool connected_ = false;
  std::string_view ended_by_ = "Local";
};

class ProtocolLog {
 public:
  explicit ProtocolLog(std::shared_ptr<observe::CsvLog> log);

  std::unique_ptr<SessionLog> Begin(std::string_view connector, const io::Endpoint& remote);

  std::uint64_t lines_lost() const { return log_->lines_lost(); }

  // For tests.
  void Flush() { log_->Flush(); }

 private:
  std::shared_ptr<observe::CsvLog> log_;
  std::atomic<std::uint64_t> next_session_;
};

}  // namespace postern::smtp
