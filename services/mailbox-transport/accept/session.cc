#include "services/mailbox-transport/accept/session.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/io/event.h"
#include "common/observe/log.h"

namespace postern::accept {

namespace {

constexpr absl::Duration kFarewellPatience = absl::Seconds(5);
constexpr std::size_t kAnswerBytesMax = 16 * 1024;  // gathered before they go out anyway

bool SpeaksHttp(std::string_view line) {
  const std::string_view verb = line.substr(0, line.find(' '));
  const bool request = verb == "GET" || verb == "POST" || verb == "PUT" || verb == "CONNECT";
  return request && line.find(" HTTP/") != std::string_view::npos;
}

}  // namespace

Session::Session(const SessionParts& parts,
                 const ListenerConfig& listener,
                 RulesPtr rules,
                 Client client,
                 std::unique_ptr<io::Stream> stream,
                 std::optional<tls::Facts> facts)
    : parts_(parts),
      listener_(listener),
      rules_(std::move(rules)),
      client_(client),
      stream_(std::move(stream)),
      reader_(*stream_, kReadBytes),
      tls_facts_(std::move(facts)),
      began_(parts.clock.Now()) {}

io::Task<void> Session::Run() {
  Greet();
  while (!ended_) {
    const std::optional<smtp::Line> line = reader_.TakeLine(rules_->command_bytes_max);
    if (!line) {
      const bool more = co_await MoreBytes();
      if (!more) break;
      continue;
    }
    co_await Handle(*line);
    if (hold_ > absl::ZeroDuration()) co_await Hold();
    if (out_.size() > kAnswerBytesMax) co_await Flush();
  }
  co_await Flush();
  if (farewell_ != nullptr) co_await farewell_->Wait();  // it still uses the stream
}

void Session::Greet() {
  Say(base::Cat("220 ", parts_.host_name, " ESMTP Postern"));
}

io::Task<void> Session::Handle(const smtp::Line& line) {
  if (line.too_long) {
    Fault("500 5.5.2 the line is too long");
    co_return;
  }
  if (line.bare_lf || line.bare_cr || line.text.find('\0') != std::string_view::npos) {
    Fault("500 5.5.2 a line ends in CRLF and holds no CR, LF or NUL");
    co_return;
  }
  const smtp::Command command = smtp::ParseCommand(line.text);
  if (Simple(command)) co_return;
  switch (command.verb) {
    case smtp::Verb::kData:
      co_await Data(command.argument);
      break;
    case smtp::Verb::kBdat:
      co_await Bdat(command.argument);
      break;
    case smtp::Verb::kStartTls:
      co_await StartTls(std::string(command.argument));
      break;
    case smtp::Verb::kAuth:
      co_await Authenticate(std::string(command.argument));
      break;
    default:
      Fault("500 5.5.1 command not known");
      // A browser, or a program that was tricked: what follows is not meant for us.
      if (SpeaksHttp(line.text)) ended_ = true;
  }
}

// The commands that are answered without waiting for anything.
bool Session::Simple(const smtp::Command& command) {
  switch (command.verb) {
    case smtp::Verb::kEhlo:
    case smtp::Verb::kHelo:
      TakeHello(command);
      return true;
    case smtp::Verb::kMail:
      Mail(command.argument);
      return true;
    case smtp::Verb::kRcpt:
      Recipient(command.argument);
      return true;
    case smtp::Verb::kRset:
      ResetTransaction();
      Say("250 2.0.0 reset");
      return true;
    case smtp::Verb::kNoop:
      Say("250 2.0.0 ok");
      return true;
    case smtp::Verb::kQuit:
      Say(base::Cat("221 2.0.0 ", parts_.host_name, " closing transmission channel"));
      ended_ = true;
      return true;
    case smtp::Verb::kVrfy:
      Say("252 2.5.2 cannot verify, but will take the message and try");
      return true;
    case smtp::Verb::kExpn:
      Say("502 5.5.1 there are no lists here");
      return true;
    case smtp::Verb::kHelp:
      Say("214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY STARTTLS AUTH");
      return true;
    default:
      return false;
  }
}

// How long the client may be silent now. The session's own limit holds until content arrives; a
// transaction that is begun gets a little more. Between chunks only content counts as a word.
absl::Duration Session::Patience() const {
  if (content_due_) return rules_->idle_timeout;
  absl::Duration left = began_ + rules_->session_timeout - parts_.clock.Now();
  if (in_transaction_) left += rules_->idle_timeout;
  if (assembler_ != nullptr) left = content_last_ + rules_->idle_timeout - parts_.clock.Now();
  return std::clamp(left, absl::ZeroDuration(), rules_->idle_timeout);
}

// Sends what was answered, then waits for the client. False ends the session.
io::Task<bool> Session::MoreBytes() {
  if (leaving_ && assembler_ == nullptr) SayGoodbye();
  const bool sent = co_await Flush();
  if (!sent || ended_) {
    ended_ = true;
    co_return false;
  }
  stream_->SetDeadline(Patience());
  reading_ = true;
  const absl::Status read = co_await reader_.Fill();
  reading_ = false;
  if (read.ok()) co_return true;
  ended_ = true;
  if (absl::IsDeadlineExceeded(read) && farewell_ == nullptr) {
    Say(base::Cat("421 4.4.2 ", parts_.host_name, " the connection timed out"));
    parts_.probe.Refused("timeout");
  }
  co_return false;
}

io::Task<bool> Session::Flush() {
  if (out_.empty()) co_return true;
  if (stream_ == nullptr || farewell_ != nullptr) co_return false;
  stream_->SetDeadline(rules_->idle_timeout);
  const std::string out = std::exchange(out_, std::string());
  const absl::Status written = co_await stream_->Write(out);
  co_return written.ok();
}

void Session::SayGoodbye() {
  Say(base::Cat("421 4.3.2 ", parts_.host_name, " service shutting down"));
  ended_ = true;
}

io::Task<void> Session::Farewell(bool patient) {
  leaving_ = true;
  const bool content_arrives = assembler_ != nullptr;
  if (!reading_ || farewell_ != nullptr || (patient && content_arrives)) co_return;
  // One read and one write may be under way: the session reads, and nothing is left to be written.
  farewell_ = std::make_shared<io::Completion<bool>>(*io::Executor::Current());
  const auto done = farewell_;
  stream_->SetDeadline(kFarewellPatience);
  const std::string goodbye =
      base::Cat("421 4.3.2 ", parts_.host_name, " service shutting down\r\n");
  const absl::Status written = co_await stream_->Write(goodbye);
  written.IgnoreError();  // the client may have gone first
  stream_->Close();
  done->Set(true);
}

void Session::Fault(std::string_view line) {
  Say(line);
  ++faults_;
  if (!MayRelay()) hold_ = rules_->tarpit_interval;
  if (faults_ < rules_->protocol_errors_max) return;
  Say(base::Cat("421 4.7.0 ", parts_.host_name, " too many errors"));
  parts_.probe.Refused("errors");
  ended_ = true;
}

void Session::Refuse(const Refusal& refusal) {
  Say(refusal.ToString());
  parts_.probe.Refused(refusal.klass);
  if (refusal.code == 421) ended_ = true;
  POSTERN_LOG(kInfo, "accept", "message refused",
              {{"listener", listener_.name},
               {"client", client_.address.ToString()},
               {"identity", identity_},
               {"answer", refusal.ToString()}});
}

io::Task<void> Session::Hold() {
  const absl::Duration wait = std::exchange(hold_, absl::ZeroDuration());
  if (leaving_) co_return;
  const absl::Status slept = co_await io::Sleep(wait);
  slept.IgnoreError();  // stopping: the answer goes out sooner
}

}  // namespace postern::accept
