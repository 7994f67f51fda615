// common/smtp/session.h
//
// One outbound SMTP conversation, from greeting to QUIT.
//
// Flow      Hello; Send, as often as usable(); Reset after a transaction that did not end well;
//           Quit.
// Failure   A 4xx or 5xx is an answer, not a failure: Hello gives it as a Refusal, Send inside the
//           Transaction. A conversation that breaks (socket, deadline, a reply that makes no
//           sense) is Refusal::error or Transaction::error, and the session is not usable any
//           more.
// Lifetime  Owns its stream. Destroying the session midway is safe: the connection closes without
//           a final dot.
// Limits    Replies: Limits::reply_*; each wait has its own deadline of Limits, and none goes
//           beyond EndBy.
// See       RFC 5321 §3, §4.5.3; RFC 2920; RFC 3030; RFC 3207; RFC 4954; RFC 8314;
//           docs/architecture.md "deliver"

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/io/on_disk.h"
#include "common/io/stream.h"
#include "common/io/task.h"
#include "common/smtp/capabilities.h"
#include "common/smtp/credentials.h"
#include "common/smtp/limits.h"
#include "common/smtp/line_reader.h"
#include "common/smtp/outgoing.h"
#include "common/smtp/protocol_log.h"
#include "common/smtp/reply_parser.h"
#include "common/smtp/sasl.h"
#include "common/smtp/security.h"
#include "common/smtp/transaction.h"
#include "common/tls/context.h"

namespace postern::smtp {

struct HelloPolicy {
  std::string name;         // what we call ourselves
  std::string server_name;  // what we call the peer: SNI; empty for an address literal
  Security security;
  std::string tried_name;           // tls::ClientContext::Peer::tried_name
  std::string resumption_key;       // of TLS sessions that may be resumed; empty: none
  tls::CertificatePtr certificate;  // shown when the peer asks for one
  CredentialPtr credential;         // with it: nothing is sent that is not logged in
  io::DiskPool* proofs = nullptr;   // works out proofs of a password; null: done in place
  bool force_helo = false;
};

// Why a conversation did not come about.
struct Refusal {
  Stage stage = Stage::kGreeting;
  Origin origin = Origin::kConnect;
  std::optional<mail::Reply> reply;  // the peer's words, if it said no
  absl::Status error;                // else, and beside it for kTlsPolicy
  mail::EnhancedStatus enhanced;
  bool handshake_failed = false;  // STARTTLS was agreed and TLS did not come about
  std::string tls_result;         // of RFC 8460 §4.3, when TLS is what failed
  bool no_starttls = false;       // TLS is demanded, and the peer has no STARTTLS
  bool lost_at_ehlo = false;      // in clear: an old peer may know no more than HELO

  // The conversation broke; the peer said no; what we demand was not to be had.
  static Refusal BrokenAt(Stage stage, const absl::Status& error);
  static Refusal RefusedAt(Stage stage, mail::Reply reply);
  static Refusal NotSecure(Stage stage, std::string why, mail::EnhancedStatus enhanced);
  static Refusal NoStartTls(Stage stage, std::string why);
};

class Session {
 public:
  // `log` may be null.
  Session(std::unique_ptr<io::Stream> stream,
          const Limits& limits,
          std::unique_ptr<SessionLog> log = nullptr);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // No wait goes on after `time`.
  void EndBy(absl::Time time) { end_by_ = time; }

  // Greets the peer, raises TLS as far as `policy` demands, logs in; nullopt when all went well.
  io::Task<std::optional<Refusal>> Hello(const HelloPolicy& policy, const tls::ClientContext& tls);

  // Offers one message. The body goes beside the envelope when it is at hand, small, and the peer
  // takes both PIPELINING and CHUNKING; `beside` false forbids that (an idle session that may be
  // dead).
  io::Task<Transaction> Send(const Offer& offer, Outgoing& content, bool beside = true);

  // Makes ready for another message after a transaction that did not end with its content.
  io::Task<absl::Status> Reset();

  // Content goes by DATA from now on, whatever the peer offers.
  void ForgoBdat() { takes_bdat_ = false; }

  // Leaves: says QUIT when it is our turn, does not wait for the answer, and closes.
  void Quit();

  // False once we and the peer may disagree on whose turn it is.
  bool usable() const { return usable_; }

  // True when Reset is due before the next Send.
  bool reset_due() const { return reset_due_; }

  // True when the peer closed or spoke out of turn while nobody was listening.
  bool Disturbed();

  const Capabilities& capabilities() const { return capabilities_; }

  const std::optional<TlsFacts>& tls() const { return tls_facts_; }

  // Null when nobody asked for it.
  SessionLog* log() { return log_.get(); }

  // Bytes that went out in all.
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  io::Task<std::optional<Refusal>> SayHello(const HelloPolicy& policy);
  io::Task<std::optional<Refusal>> RaiseTls(const HelloPolicy& policy,
                                            const tls::ClientContext& tls);
  io::Task<std::optional<Refusal>> Handshake(const HelloPolicy& policy,
                                             const tls::ClientContext& tls);
  void NoteTls(const tls::Facts& facts, const HelloPolicy& policy);

  struct Login {
    std::optional<Refusal> refusal;
    bool of_mechanism = false;  // the peer does not want this one; another may do
  };

  io::Task<std::optional<Refusal>> LogIn(const HelloPolicy& policy);
  io::Task<Login> LogInBy(std::shared_ptr<SaslExchange> sasl, io::DiskPool* proofs);

  // MAIL, every RCPT and what follows in one write.
  io::Task<void> SendTogether(const Offer& offer,
                              Outgoing& content,
                              bool beside,
                              Transaction& into);
  io::Task<void> SendStepwise(const Offer& offer, Outgoing& content, Transaction& into);
  // Reads the answers to MAIL and each RCPT; false when the session is over.
  io::Task<bool> HearEnvelope(Transaction& into);
  io::Task<bool> HearMail(Transaction& into);
  io::Task<bool> HearRecipient(std::size_t index, Transaction& into);
  // The answer to DATA, and the content when it is wanted.
  io::Task<void> HearData(Outgoing& content, Transaction& into);
  io::Task<void> HearBody(Transaction& into);
  io::Task<void> SendWhole(Outgoing& content, Transaction& into);
  io::Task<void> SendStream(Outgoing& content, Transaction& into);
  // Writes parts_ as a block of content; false when the conversation is over.
  io::Task<bool> WriteBlock(bool final, Transaction& into);
  // The peer answers before the content has ended.
  io::Task<void> HearEarly(absl::Duration wait, const absl::Status& error, Transaction& into);
  bool AnsweredEarly();
  // True, and the answer is heard, when the peer answered early.
  io::Task<bool> StopEarly(Transaction& into);
  // True, and the conversation is over, when there are words that nobody asked for.
  bool SpokeOutOfTurn(Transaction& into);
  bool MayBeShifted();
  // True, and the conversation is over, when `reply` is a 3xx.
  bool OutOfTurn(const mail::Reply& reply, Transaction& into);

  // One command line and its reply. `shown` stands in the log instead of a line with a secret.
  io::Task<absl::StatusOr<mail::Reply>> Ask(std::string_view line,
                                            absl::Duration wait,
                                            std::string_view shown = {});
  io::Task<absl::StatusOr<mail::Reply>> ReadReply(absl::Duration wait);
  // Writes parts_.
  io::Task<absl::Status> WriteParts(absl::Duration wait);
  void AppendMail(const Offer& offer);
  void AppendRecipient(const Offer& offer, std::size_t index);
  // Content that is at hand, behind what is in parts_.
  void AppendWhole(const Outgoing& content);
  void Bound(absl::Duration wait);
  // The conversation is over.
  void Break(const absl::Status& error, Transaction& into);

  std::unique_ptr<io::Stream> stream_;
  const Limits& limits_;
  std::unique_ptr<SessionLog> log_;
  LineReader reader_;
  ReplyParser parser_;
  Capabilities capabilities_;
  std::optional<TlsFacts> tls_facts_;
  absl::Time end_by_ = absl::InfiniteFuture();
  std::string out_;                      // command lines of one write
  std::vector<std::string_view> parts_;  // what one write sends
  std::uint64_t bytes_sent_ = 0;
  bool usable_ = true;
  bool lost_ = false;  // the peer closed instead of answering
  bool reset_due_ = false;
  bool takes_bdat_ = true;
};

}  // namespace postern::smtp
