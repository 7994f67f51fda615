#include "tests/support/scripted_peer.h"

#include <utility>

#include "common/base/text.h"
#include "tests/support/scripted_conversation.h"

namespace postern::testing {

ScriptedPeer::ScriptedPeer() = default;
ScriptedPeer::~ScriptedPeer() = default;

ScriptedPeer& ScriptedPeer::Keywords(std::vector<std::string> keywords) {
  keywords_ = std::move(keywords);
  return *this;
}

ScriptedPeer& ScriptedPeer::Greets(std::string reply) {
  return Add("greeting", Act::kSay, std::move(reply), kAlways);
}

ScriptedPeer& ScriptedPeer::Refuses(bool refuses) {
  refuses_ = refuses;
  return *this;
}

ScriptedPeer& ScriptedPeer::StallsConnect() {
  stalls_connect_ = true;
  return *this;
}

ScriptedPeer& ScriptedPeer::Add(std::string moment, Act act, std::string reply, int times) {
  Line line;
  line.moment = std::move(moment);
  line.act = act;
  line.reply = std::move(reply);
  line.times = times;
  script_.insert(script_.begin(), std::move(line));
  return *this;
}

ScriptedPeer& ScriptedPeer::Says(std::string moment, std::string reply, int times) {
  return Add(std::move(moment), Act::kSay, std::move(reply), times);
}

ScriptedPeer& ScriptedPeer::Answers(std::string moment, Reply reply) {
  Add(std::move(moment), Act::kSay, "", kAlways);
  script_.front().made = std::move(reply);
  return *this;
}

ScriptedPeer& ScriptedPeer::DropsAfter(std::string moment, int times) {
  return Add(std::move(moment), Act::kDrop, "", times);
}

ScriptedPeer& ScriptedPeer::SaysAndDrops(std::string moment, std::string reply, int times) {
  return Add(std::move(moment), Act::kSayAndDrop, std::move(reply), times);
}

ScriptedPeer& ScriptedPeer::Stalls(std::string moment, int times) {
  return Add(std::move(moment), Act::kStall, "", times);
}

ScriptedPeer& ScriptedPeer::DropsInContent(std::uint64_t after_bytes, std::string reply) {
  drops_in_content_ = after_bytes;
  drop_reply_ = std::move(reply);
  return *this;
}

ScriptedPeer& ScriptedPeer::DropsIdleAfter(int messages) {
  drops_idle_after_ = messages;
  return *this;
}

ScriptedPeer& ScriptedPeer::StartsTls(const tls::ServerContext& context) {
  tls_ = &context;
  return *this;
}

ScriptedPeer& ScriptedPeer::BeginsWithTls(const tls::ServerContext& context) {
  begins_with_tls_ = true;
  return StartsTls(context);
}

ScriptedPeer& ScriptedPeer::BreaksTls() {
  breaks_tls_ = true;
  return *this;
}

std::vector<std::string> ScriptedPeer::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

int ScriptedPeer::Heard(std::string_view verb) const {
  int count = 0;
  for (const std::string& line : heard()) {
    if (base::StartsWithIgnoreCase(line, verb)) ++count;
  }
  return count;
}

std::string ScriptedPeer::EhloReply(const Conversation& with) const {
  std::vector<std::string> lines = {"peer.test"};
  lines.insert(lines.end(), keywords_.begin(), keywords_.end());
  if ((tls_ != nullptr || breaks_tls_) && !with.secure) lines.push_back("STARTTLS");
  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    reply += base::Cat("250", i + 1 < lines.size() ? '-' : ' ', lines[i],
                       i + 1 < lines.size() ? "\r\n" : "");
  }
  return reply;
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::Say(Conversation& with, std::string_view reply) {
  const std::string bytes = base::Cat(reply, "\r\n");
  const absl::Status written = co_await with.stream->Write(bytes);
  if (!written.ok()) co_return Answer::kOver;
  co_return reply < "4" ? Answer::kYes : Answer::kNo;
}

io::Task<ScriptedPeer::Answer> ScriptedPeer::Play(Conversation& with,
                                                  std::string_view moment,
                                                  std::string_view usual) {
  Line* found = nullptr;
  for (Line& line : script_) {
    if (found != nullptr || line.times == 0) continue;
    if (base::StartsWithIgnoreCase(moment, line.moment)) found = &line;
  }
  if (found == nullptr) co_return co_await Say(with, usual);
  --found->times;
  const Act act = found->act;
  const std::string reply = found->made ? found->made(std::string(moment)) : found->reply;
  Answer answer = Answer::kOver;
  if (act == Act::kSay || act == Act::kSayAndDrop) answer = co_await Say(with, reply);
  if (act == Act::kSay) co_return answer;
  if (act == Act::kStall) {
    const absl::Status waited = co_await never_.Wait();
    waited.IgnoreError();  // ends with the scope
  }
  with.stream->Close();
  co_return Answer::kOver;
}

bool ScriptedPeer::DropsNow(const Conversation& with) const {
  return with.taken >= drops_idle_after_;
}

io::Task<void> ScriptedPeer::Talk(std::unique_ptr<io::Stream> stream) {
  const int number = ++connections_;
  Conversation with(std::make_unique<CountedReads>(std::move(stream), reads_));
  Answer answer = Answer::kYes;
  if (begins_with_tls_) answer = co_await Handshake(with);
  if (answer == Answer::kYes) answer = co_await Play(with, "greeting", "220 peer.test ESMTP");
  while (answer != Answer::kOver && !DropsNow(with)) {
    with.mail.connection = number;
    const absl::StatusOr<smtp::Line> line = co_await with.reader.ReadLine(4096);
    if (!line.ok()) co_return;
    const std::string text(line->text);
    {
      const std::lock_guard lock(mutex_);
      heard_.push_back(text);
    }
    answer = co_await Obey(with, text);
  }
  // A failed handshake leaves none.
  if (with.stream != nullptr) with.stream->Close();
}

io::Task<void> ScriptedPeer::Serve(io::Listener& listener, io::Scope& scope) {
  while (true) {
    absl::StatusOr<std::unique_ptr<io::Stream>> stream = co_await listener.Accept();
    if (!stream.ok()) co_return;
    scope.Spawn(Talk(*std::move(stream)));
  }
}

}  // namespace postern::testing
