// services/mailbox-transport/accept/assemble.h
//
// Assembler: makes one message of an envelope and content that arrives in pieces, and hands it to
// the intake; SMTP, gRPC submission and the relay between servers share it.
//
// Flow      Add as content arrives; Finish after the last byte: the receipt or a Refusal. Header
//           fields that the submitter may not bring are left out. Or, when the content was checked
//           while it was cut from the wire: append to *content(), Grew(), and NoteFacts before
//           Finish.
// Failure   A Refusal is an answer for the client. The first one stands; what comes after it is
//           not kept.
// Lifetime  Borrows the intake. Destroyed before Finish it gives up, and its chunks are dropped.
// Limits    Content of a message up to kInlineBytesMax stays in memory as one string; of a larger
//           one never more than one chunk (model::kChunkBytes) and one piece is held.
// See       docs/architecture.md "accept"; RFC 5321 §4.4, §6.3

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/io/task.h"
#include "common/mail/content.h"
#include "common/mail/envelope.h"
#include "common/mail/header_firewall.h"
#include "common/mail/reply.h"
#include "common/mail/stamp.h"
#include "common/tls/digest.h"
#include "services/mailbox-transport/accept/rules.h"
#include "services/mailbox-transport/model/intake.h"

namespace postern::accept {

// One chunk: what is larger is stored as it arrives and read again for its attempt.
inline constexpr std::size_t kInlineBytesMax = model::kChunkBytes;

// Why something is not taken, for SMTP (code, enhanced) and gRPC (status).
struct Refusal {
  int code = 0;
  mail::EnhancedStatus enhanced;
  absl::StatusCode status = absl::StatusCode::kInternal;
  std::string text;
  std::string_view klass;  // for metrics: "content", "size", "header", "loop", "full", ...

  // "554 5.6.0 text"
  std::string ToString() const;
};

Refusal TooLarge(std::uint64_t bytes_max);
// What the intake answered.
Refusal RefusalFrom(const absl::Status& intake_answer);

// Header fields in which servers of one organization talk among themselves: nobody brings them from
// outside, so that nobody can forge them. Received is everybody's.
inline constexpr mail::FirewallRules kFromOutside{{.routing = true}, mail::CrossPremises::kRemove};

// What arrives, but for its content.
struct Submission {
  mail::Envelope envelope;
  std::string source_name;  // "SMTP:relay", "gRPC"
  std::string source_ip;
  std::string identity;  // who submits; empty without AUTH
  std::string idempotency_key;
  std::string helo;
  std::string host_name;  // ours
  std::string protocol;   // for Received: mail::ProtocolName(...), "gRPC"
  std::string tls_version;
  std::string tls_cipher;
  mail::FirewallRules headers = kFromOutside;  // what the submitter may bring

  // Relayed by another server: what the message brings, its envelope too. What else is given here
  // is then for Received.
  std::optional<model::Message> relayed;
};

struct ContentFacts {
  bool bare_line_end = false;  // a CR without LF, or an LF without CR
  bool nul = false;
  bool eight_bit = false;
  std::size_t longest_line = 0;
};

struct Taken {
  std::optional<Refusal>
      refusal;  // absent: `receipt` is valid and the message is on stable storage
  model::Receipt receipt;
};

class Assembler {
 public:
  struct Parts {
    model::Intake& intake;
    base::Clock& clock;
    base::Random& random;
  };

  Assembler(const Parts& parts, RulesPtr rules, Submission submission);
  ~Assembler();
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  // Checks and keeps `bytes`, of any length.
  io::Task<void> Add(std::string_view bytes);

  // Where checked content is appended, with Grew after each piece; null once refused.
  std::string* content() { return refusal_ ? nullptr : &window_; }

  // `appended` bytes were put behind *content(), or counted while it was null.
  io::Task<void> Grew(std::size_t appended);

  void NoteFacts(const ContentFacts& facts) { facts_ = facts; }

  // Makes room for content of that size at once.
  void Expect(std::uint64_t bytes);

  io::Task<Taken> Finish();

  const std::optional<Refusal>& refusal() const { return refusal_; }

  std::uint64_t content_bytes() const { return content_bytes_; }

  base::MessageId id() const { return id_; }

 private:
  void LookForHeaderEnd();
  std::size_t Firewall(std::size_t header_bytes);
  void Stamp(std::size_t header_bytes);
  void Hide(std::size_t header_bytes);
  void Judge();
  void Refuse(Refusal refusal);
  io::Task<void> PutWindow();
  io::Task<void> PutWholeWindows();
  void DropChunks();
  void HashEnvelope();
  model::MessagePtr MakeMessage();
  model::MessagePtr NewMessage();

  Parts parts_;
  RulesPtr rules_;
  Submission submission_;
  base::MessageId id_;
  std::string window_;               // what is not yet put: the stamp and content behind it
  std::uint64_t content_bytes_ = 0;  // as it arrived, the stamp not counted
  std::uint64_t stored_bytes_ = 0;   // in chunks that are put
  std::uint32_t chunks_ = 0;
  std::size_t searched_ = 0;  // no header end before this place of the window
  bool stamped_ = false;
  bool finished_ = false;
  mail::Stamp stamp_;
  mail::ContentScan scan_;
  std::optional<ContentFacts> facts_;
  std::optional<Refusal> refusal_;
  std::unique_ptr<tls::Sha256> hash_;  // with an idempotency key
};

}  // namespace postern::accept
