// tests/support/scripted_peer.h
//
// A remote SMTP server that says what the test wrote down, and remembers what it was told.
//
// Flow      ScriptedPeer peer;  peer.Keywords({"DSN"}).Says("RCPT TO:<bob", "550 5.1.1 no");
//           then a ScriptedDialer knows it by an address, or Serve listens on loopback. With no
//           script it takes every message.
// Lifetime  Outlives the fibers that talk for it: Stop the scope, Join, then destroy. One executor.
// Limits    Content is kept whole in memory.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/dialer.h"
#include "common/io/listener.h"
#include "common/io/scope.h"
#include "common/io/stream.h"
#include "common/smtp/line_reader.h"
#include "common/tls/context.h"

namespace postern::testing {

// One message that the peer answered with 250.
struct TakenMail {
  std::string sender;                   // all that follows "MAIL FROM:"
  std::vector<std::string> recipients;  // all that follows "RCPT TO:", of those accepted
  std::string content;                  // without dots
  bool chunked = false;                 // by BDAT
  int connection = 0;                   // the first one is 1
};

class ScriptedPeer {
 public:
  ScriptedPeer();
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  static constexpr int kAlways = 1'000'000'000;

  // What EHLO offers.
  ScriptedPeer& Keywords(std::vector<std::string> keywords);
  // The first line, "220 ..." otherwise.
  ScriptedPeer& Greets(std::string reply);
  // No connection comes about.
  ScriptedPeer& Refuses(bool refuses = true);
  // Dialling it is not answered at all.
  ScriptedPeer& StallsConnect();

  // A moment is the beginning of a command line ("RCPT TO:<bob", "DATA", "BDAT"), "empty" for a
  // line without a byte, "." for the end of the content, or "greeting". A script that fits the
  // moment goes before the usual answer; the latest one first, for as many `times`.
  ScriptedPeer& Says(std::string moment, std::string reply, int times = kAlways);
  // The same with a reply made of the line: a challenge, or a verdict on what it says.
  using Reply = std::function<std::string(const std::string& line)>;
  ScriptedPeer& Answers(std::string moment, Reply reply);
  ScriptedPeer& DropsAfter(std::string moment, int times = kAlways);  // closes instead of answering
  ScriptedPeer& SaysAndDrops(std::string moment, std::string reply, int times = kAlways);
  ScriptedPeer& Stalls(std::string moment, int times = kAlways);  // never answers

  // Those that stall close now.
  void LetGo() { never_.NotifyAll(); }

  // After so many bytes of content: closes, having said `reply` first when there is one.
  ScriptedPeer& DropsInContent(std::uint64_t after_bytes, std::string reply = "");
  // Closes while nothing is said, once so many messages were taken on one connection.
  ScriptedPeer& DropsIdleAfter(int messages);

  // Offers STARTTLS and means it.
  ScriptedPeer& StartsTls(const tls::ServerContext& context);
  // TLS begins with the first byte.
  ScriptedPeer& BeginsWithTls(const tls::ServerContext& context);
  // Offers STARTTLS, agrees, and talks nonsense.
  ScriptedPeer& BreaksTls();

  const std::vector<TakenMail>& mails() const { return mails_; }

  // Every command line of every connection, so far: a client says QUIT after its attempt is over.
  std::vector<std::string> heard() const;

  // How many reads found bytes: with a memory stream, how many writes the client needed.
  int reads() const { return reads_; }

  int connections() const { return connections_; }

  // How often a command line began with `verb`.
  int Heard(std::string_view verb) const;

  bool refuses() const { return refuses_; }

  bool stalls_connect() const { return stalls_connect_; }

  // One connection, to its end.
  io::Task<void> Talk(std::unique_ptr<io::Stream> stream);
  // Accepts until the listener is closed; each connection is a fiber of `scope`.
  io::Task<void> Serve(io::Listener& listener, io::Scope& scope);

 private:
  enum class Act : std::uint8_t { kSay, kDrop, kSayAndDrop, kStall };
  enum class Answer : std::uint8_t { kOver, kNo, kYes };

  struct Line {
    std::string moment;
    Act act = Act::kSay;
    std::string reply;
    int times = kAlways;
    Reply made;  // of the line; goes before `reply`
  };

  struct Conversation;  // tests/support/scripted_conversation.h

  ScriptedPeer& Add(std::string moment, Act act, std::string reply, int times);
  // Plays the script for `moment`, or says `usual`; tells what came of it.
  io::Task<Answer> Play(Conversation& with, std::string_view moment, std::string_view usual);
  io::Task<Answer> Say(Conversation& with, std::string_view reply);
  io::Task<Answer> Obey(Conversation& with, const std::string& line);
  io::Task<Answer> TakeData(Conversation& with);
  io::Task<Answer> TakeChunk(Conversation& with, std::string_view argument);
  io::Task<Answer> RaiseTls(Conversation& with);
  io::Task<Answer> Handshake(Conversation& with);
  // Waits for content; false at the end of the connection, and when the script drops it.
  io::Task<bool> Receive(Conversation& with);
  void Keep(Conversation& with);
  bool DropsNow(const Conversation& with) const;
  std::string EhloReply(const Conversation& with) const;

  std::vector<std::string> keywords_;
  std::vector<Line> script_;
  const tls::ServerContext* tls_ = nullptr;
  bool breaks_tls_ = false;
  bool begins_with_tls_ = false;
  bool refuses_ = false;
  bool stalls_connect_ = false;
  std::uint64_t drops_in_content_ = UINT64_MAX;
  std::string drop_reply_;
  int drops_idle_after_ = kAlways;
  std::vector<TakenMail> mails_;
  mutable std::mutex mutex_;  // guards heard_
  std::vector<std::string> heard_;
  int reads_ = 0;
  int connections_ = 0;
  io::Event never_;
};

// Connects to scripted peers in memory.
class ScriptedDialer final : public io::Dialer {
 public:
  explicit ScriptedDialer(io::Scope& scope) : scope_(scope) {}

  // `endpoint` as "192.0.2.1:25".
  void Knows(std::string_view endpoint, ScriptedPeer& peer);

  // Bytes that a pipe takes before its reader has read.
  void SetWindow(std::size_t bytes) { window_bytes_ = bytes; }

  // In the order of dialing.
  const std::vector<std::string>& dialed() const { return dialed_; }

  // From where: "" is any address.
  const std::vector<std::string>& sources() const { return sources_; }

  // Dialing from this address fails, as it is not of this machine.
  void HasNot(std::string source) { missing_ = std::move(source); }

  io::Task<absl::StatusOr<std::unique_ptr<io::Stream>>> Dial(io::Endpoint remote,
                                                             std::optional<io::IpAddress> source,
                                                             absl::Duration timeout) override;

 private:
  io::Scope& scope_;
  std::map<std::string, ScriptedPeer*, std::less<>> peers_;
  std::size_t window_bytes_ = 1 << 20;
  std::vector<std::string> dialed_;
  std::vector<std::string> sources_;
  std::string missing_;
};

}  // namespace postern::testing
