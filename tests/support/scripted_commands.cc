#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/smtp/command.h"
#include "common/smtp/dot_reader.h"
#include "tests/support/memory_stream.h"
#include "tests/support/scripted_conversation.h"

namespace postern::testing {

using smtp::Verb;

namespace {

// What follows the colon of MAIL FROM: and RCPT TO:.
std::string AfterColon(std::string_view argument) {
  const std::size_t colon = argument.find(':');
  return colon == std::string_view::npos ? "" : std::string(argument.substr(colon + 1));
}

}  // namespace

io::Task<ScriptedPeer::Answer> ScriptedPeer::Obey(Conversation& with, const std::string& line) {
  const smtp::Command command = smtp::ParseCommand(line);
  Answer answer = Answer::kNo;
  switch (command.verb) {
    case Verb::kEhlo: {
      const std::string reply = EhloReply(with);
      co_return co_await Play(with, line, reply);
    }
    case Verb::kMail: {
      const int connection = with.mail.connection;
      with.mail = TakenMail();
      with.mail.connection = connection;
      with.mail.sender = AfterColon(command.argument);
      answer = co_await Play(with, line, "250 2.1.0 ok");
      with.in_mail = answer == Answer::kYes;
      co_return answer;
    }
    case Verb::kRcpt:
      answer = co_await Play(with, line, with.in_mail ? "250 2.1.5 ok" : "503 5.5.1 no mail");
      if (answer == Answer::kYes) with.mail.recipients.push_back(AfterColon(command.argument));
      co_return answer;
    case Verb::kData:
      co_return co_await TakeData(with);
    case Verb::kBdat:
      co_return co_await TakeChunk(with, command.argument);
    case Verb::kRset:
      with.in_mail = false;
      co_return co_await Play(with, line, "250 2.0.0 ok");
    case Verb::kStartTls:
      co_return co_await RaiseTls(with);
    case Verb::kQuit:
      answer = co_await Play(with, line, "221 2.0.0 bye");
      co_return Answer::kOver;
    case Verb::kHelo:
    case Verb::kNoop:
      co_return co_await Play(with, line, "250 peer.test");
    default: {
      const std::string_view moment = line.empty() ? std::string_view("empty") : line;
      co_return co_await Play(with, moment, "500 5.5.2 what");
    }
  }
}

io::Task<bool> ScriptedPeer::Receive(Conversation& with) {
  if (with.mail.content.size() >= drops_in_content_) {
    if (!drop_reply_.empty()) co_await Say(with, drop_reply_);
    with.stream->Close();
    co_return false;
  }
  const absl::Status filled = co_await with.reader.Fill();
  co_return filled.ok();
}

void ScriptedPeer::Keep(Conversation& with) {
  mails_.push_back(with.mail);
  ++with.taken;
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::TakeData(Conversation& with) {
  const bool wanted = with.in_mail && !with.mail.recipients.empty();
  const Answer begun =
      co_await Play(with, "DATA", wanted ? "354 go on" : "554 5.5.1 no valid recipients");
  if (begun != Answer::kYes) co_return begun;
  smtp::DotReader dots;
  while (true) {
    with.reader.Consume(dots.Take(with.reader.buffered(), &with.mail.content));
    if (dots.done()) break;
    const bool received = co_await Receive(with);
    if (!received) co_return Answer::kOver;
  }
  const Answer answer = co_await Play(with, ".", wanted ? "250 2.0.0 taken" : "554 5.5.1 nobody");
  if (answer == Answer::kYes) Keep(with);
  with.in_mail = false;
  co_return answer;
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::TakeChunk(Conversation& with,
                                                       std::string_view argument) {
  smtp::Chunk chunk;
  if (!smtp::ParseChunk(argument, chunk)) co_return co_await Say(with, "501 5.5.4 what");
  with.mail.chunked = true;
  std::uint64_t left = chunk.bytes;
  while (true) {
    const std::string_view buffered = with.reader.buffered();
    const auto taken = std::min<std::uint64_t>(left, buffered.size());
    with.mail.content.append(buffered.substr(0, taken));
    with.reader.Consume(taken);
    left -= taken;
    if (left == 0) break;
    const bool received = co_await Receive(with);
    if (!received) co_return Answer::kOver;
  }
  const bool wanted = with.in_mail && !with.mail.recipients.empty();
  const Answer answer =
      co_await Play(with, "BDAT", wanted ? "250 2.0.0 taken" : "503 5.5.1 no valid recipients");
  if (answer == Answer::kYes && chunk.last) Keep(with);
  with.in_mail = false;
  co_return answer;
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::RaiseTls(Conversation& with) {
  const Answer agreed = co_await Play(with, "STARTTLS", "220 2.0.0 go on");
  if (agreed != Answer::kYes) co_return agreed;
  if (tls_ == nullptr) {
    // Not before the client has begun: else it would be injected plain text.
    const absl::Status begun = co_await with.reader.Fill();
    if (begun.ok()) co_await Say(with, "this is not tls");
    with.stream->Close();
    co_return Answer::kOver;
  }
  co_return co_await Handshake(with);
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::Handshake(Conversation& with) {
  absl::StatusOr<tls::Session> session = co_await tls_->Start(std::move(with.stream));
  if (!session.ok()) co_return Answer::kOver;
  with.stream = std::move(session->stream);
  with.reader.Reset(*with.stream);
  with.secure = true;
  co_return Answer::kYes;
}

void ScriptedDialer::Knows(std::string_view endpoint, ScriptedPeer& peer) {
  peers_[std::string(endpoint)] = &peer;
}

io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> ScriptedDialer::Dial(
    io::Endpoint remote, std::optional<io::IpAddress> source, absl::Duration timeout) {
  const std::string where = remote.ToString();
  dialed_.push_back(where);
  sources_.push_back(source ? source->ToString() : "");
  if (source && sources_.back() == missing_) {
    co_return base::Error(absl::StatusCode::kFailedPrecondition, "source address ", missing_,
                          " is not of this machine");
  }
  const auto known = peers_.find(where);
  if (known == peers_.end() || known->second->refuses()) {
    co_return base::Error(absl::StatusCode::kUnavailable, "open ", where, ": connection refused");
  }
  if (known->second->stalls_connect()) {
    const absl::Status waited = co_await io::Sleep(timeout);
    if (!waited.ok()) co_return waited;
    co_return base::Error(absl::StatusCode::kDeadlineExceeded, "open ", where, ": timed out");
  }
  auto [ours, theirs] = MemoryPipe(window_bytes_, io::Endpoint(), remote);
  scope_.Spawn(known->second->Talk(std::move(theirs)));
  co_return std::move(ours);
}

}  // namespace postern::testing
