#include "common/smtp/protocol_log.h"

#include <cstdio>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/random.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/observe/log_time.h"

namespace postern::smtp {

namespace {

// As many digits as Exchange shows.
std::string SessionText(std::uint64_t session) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llX", static_cast<unsigned long long>(session));
  return text;
}

}  // namespace

SessionLog::SessionLog(std::shared_ptr<observe::CsvLog> log,
                       std::string_view connector,
                       std::uint64_t session,
                       const io::Endpoint& remote)
    : log_(std::move(log)), remote_(remote.ToString()) {
  begin_.push_back(',');
  observe::AppendCsv(begin_, connector);
  begin_ += base::Cat(",", SessionText(session), ",");
  Note("", "attempting to connect");
}

SessionLog::~SessionLog() {
  if (connected_) Write('-', "", ended_by_);
}

void SessionLog::Connected(const io::Endpoint& local) {
  local_ = local.ToString();
  connected_ = true;
  Write('+', "", "");
}

void SessionLog::Sent(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    Write('>', lines.substr(0, end), "");
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
}

void SessionLog::Received(std::string_view line) {
  Write('<', line, "");
}

void SessionLog::Note(std::string_view data, std::string_view why) {
  Write('*', data, why);
}

void SessionLog::NoteCertificate(std::string_view whose, const tls::CertificateFacts& facts) {
  Note("", base::Cat(whose, " certificate"));
  Note(facts.subject, "Certificate subject");
  Note(facts.issuer, "Certificate issuer name");
  Note(facts.serial, "Certificate serial number");
  Note(facts.thumbprint, "Certificate thumbprint");
  Note(base::Join(facts.names, ";"), "Certificate alternate names");
}

void SessionLog::Write(char event, std::string_view data, std::string_view why) {
  std::string line = observe::LogTime(absl::Now());
  line += base::Cat(begin_, number_++, ",", local_, ",", remote_, ",", event, ",");
  observe::AppendCsv(line, mail::CleanText(data, kLoggedBytesMax));
  line.push_back(',');
  observe::AppendCsv(line, mail::CleanText(why, kLoggedBytesMax));
  log_->Write(line);
}

ProtocolLog::ProtocolLog(std::shared_ptr<observe::CsvLog> log)
    : log_(std::move(log)), next_session_(base::Random::System().Next()) {}

std::unique_ptr<SessionLog> ProtocolLog::Begin(std::string_view connector,
                                               const io::Endpoint& remote) {
  return std::make_unique<SessionLog>(log_, connector, next_session_++, remote);
}

}  // namespace postern::smtp
