// services/mailbox-transport/accept/session.h
//
// Session: one inbound SMTP conversation, from greeting to QUIT.
//
// Flow      Run, once. Farewell, from another fiber of the executor, when the server stops.
// Failure   None: what goes wrong ends the conversation. 250 after content is said only after the
//           intake's receipt.
// Lifetime  Owns the stream; borrows the rest. Run ends before it is destroyed.
// Limits    kReadBytes of buffer; answers to pipelined commands go out in one write; the rest is
//           in Rules.
// See       RFC 5321; RFC 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531;
//           docs/architecture.md "accept"

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/io/completion.h"
#include "common/io/stream.h"
#include "common/io/task.h"
#include "common/mail/envelope.h"
#include "common/mail/esmtp_params.h"
#include "common/smtp/command.h"
#include "common/smtp/line_reader.h"
#include "common/tls/context.h"
#include "services/mailbox-transport/accept/assemble.h"
#include "services/mailbox-transport/accept/auth.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/accept/probe.h"
#include "services/mailbox-transport/accept/rate_limit.h"
#include "services/mailbox-transport/accept/rules.h"
#include "services/mailbox-transport/model/intake.h"

namespace postern::accept {

inline constexpr std::size_t kReadBytes = 32 * 1024;
inline constexpr absl::Duration kHandshakePatience = absl::Seconds(60);

// Who is at the other end.
struct Client {
  io::Endpoint address;        // the client's own, as far as it is known
  bool address_counts = true;  // false: it may be another's, and gives no right
};

struct SessionParts {
  model::Intake& intake;
  Authenticator& authenticator;
  RateLimit& rate_limit;
  const tls::ServerContext& tls;
  Probe& probe;
  base::Clock& clock;
  base::Random& random;
  std::string host_name;
};

class Session {
 public:
  // `facts` are those of a TLS session that is already up (an implicit TLS listener).
  Session(const SessionParts& parts,
          const ListenerConfig& listener,
          RulesPtr rules,
          Client client,
          std::unique_ptr<io::Stream> stream,
          std::optional<tls::Facts> facts);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  io::Task<void> Run();

  // Asks the client to leave: at once when it waits for it to speak, else after what is under way.
  // `patient` lets content that is arriving come to its end.
  io::Task<void> Farewell(bool patient);

 private:
  // What HELO or EHLO said.
  struct Hello {
    bool extended = false;
    std::string name;
  };

  // --- session.cc: the dialogue
  void Greet();
  io::Task<void> Handle(const smtp::Line& line);
  bool Simple(const smtp::Command& command);
  io::Task<bool> MoreBytes();
  io::Task<bool> Flush();
  absl::Duration Patience() const;

  void Say(std::string_view line) { out_.append(line).append("\r\n"); }

  // An answer to a client's mistake: counted, and slow for strangers.
  void Fault(std::string_view line);

  // What should have come before did not: a fault, unless it was excused.
  void Missing(std::string_view line) {
    if (excused_ && MayRelay()) return Say(line);
    Fault(line);
  }

  bool No(std::string_view line) {
    Fault(line);
    return false;
  }

  void Refuse(const Refusal& refusal);
  void SayGoodbye();
  io::Task<void> Hold();

  // --- session_hello.cc: who the client is
  void TakeHello(const smtp::Command& command);
  void OfferExtensions();
  io::Task<void> StartTls(std::string argument);
  io::Task<void> Authenticate(std::string argument);
  bool MayAuthenticate();
  io::Task<std::optional<Credentials>> ReadPlain(std::optional<std::string> initial);
  io::Task<std::optional<Credentials>> ReadLogin(std::optional<std::string> initial);
  io::Task<std::optional<std::string>> Challenge(std::string prompt);
  std::optional<std::string> Decode(std::string_view response);

  // --- session_mail.cc: the envelope
  void Mail(std::string_view argument);
  bool MayBegin();
  void Recipient(std::string_view argument);
  bool MayAdd(const std::string& address);
  mail::Recipient* Known(const std::string& address);
  bool MayRelay() const;
  std::string RateName() const;
  mail::EsmtpFeatures Features() const;
  void ResetTransaction();

  // --- session_data.cc: the content
  io::Task<void> Data(std::string_view argument);
  io::Task<void> ReadContent();
  io::Task<void> Bdat(std::string_view argument);
  io::Task<void> ReadChunk(std::uint64_t bytes);
  bool MayTakeContent();
  void BeginContent();
  io::Task<void> EndContent();
  bool DrainedTooMuch();

  bool encrypted() const { return tls_facts_.has_value(); }

  bool authenticated() const { return !identity_.empty(); }

  bool offers_auth() const { return listener_.auth != AuthMode::kNone && encrypted(); }

  const SessionParts& parts_;
  const ListenerConfig& listener_;
  RulesPtr rules_;
  Client client_;
  std::unique_ptr<io::Stream> stream_;
  smtp::LineReader reader_;
  std::optional<tls::Facts> tls_facts_;
  std::string out_;  // answers that wait for the next write
  absl::Time began_;
  std::optional<Hello> hello_;
  std::string identity_;
  int faults_ = 0;
  absl::Duration hold_ = absl::ZeroDuration();  // before the next answers go out
  bool ended_ = false;

  bool in_transaction_ = false;
  // A command of this transaction was refused for other than a mistake of the protocol: what a
  // client that pipelines sent behind it is none either.
  bool excused_ = false;
  mail::Envelope envelope_;
  std::uint64_t claimed_bytes_ = 0;                      // SIZE=
  std::unordered_map<std::string, std::size_t> places_;  // of recipients, once they are many
  std::unique_ptr<Assembler> assembler_;                 // content is arriving
  bool content_due_ = false;                             // ... and the next bytes are of it
  absl::Time content_last_;                              // when the last of it came

  bool reading_ = false;  // nothing of ours is under way but a read
  bool leaving_ = false;
  std::shared_ptr<io::Completion<bool>> farewell_;
};

}  // namespace postern::accept
