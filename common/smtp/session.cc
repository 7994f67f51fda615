#include "common/smtp/session.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kReplyBufferBytes = 8 * 1024;
constexpr mail::EnhancedStatus kNoTls{4, 7, 4};
constexpr mail::EnhancedStatus kTlsFailed{4, 7, 5};
constexpr mail::EnhancedStatus kBadConnection{4, 4, 2};

Refusal BrokenAt(Stage stage, const absl::Status& error) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.error = error;
  refusal.enhanced = kBadConnection;
  return refusal;
}

Refusal RefusedAt(Stage stage, mail::Reply reply) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.enhanced = kBadConnection;
  refusal.reply = std::move(reply);
  return refusal;
}

Refusal NotSecure(Stage stage, std::string_view why, mail::EnhancedStatus enhanced) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.origin = Origin::kTlsPolicy;
  refusal.error = base::Error(absl::StatusCode::kFailedPrecondition, "tls is required: ", why);
  refusal.enhanced = enhanced;
  return refusal;
}

bool Welcoming(const mail::Reply& reply) {
  return reply.code >= 200 && reply.code < 300;
}

}  // namespace

Session::Session(std::unique_ptr<io::Stream> stream, const Limits& limits)
    : stream_(std::move(stream)),
      limits_(limits),
      reader_(*stream_, std::max(kReplyBufferBytes, limits.reply_line_bytes_max * 2)),
      parser_(limits) {}

void Session::Bound(absl::Duration wait) {
  if (end_by_ != absl::InfiniteFuture()) wait = std::min(wait, end_by_ - absl::Now());
  stream_->SetDeadline(std::max(wait, absl::ZeroDuration()));
}

void Session::Break(const absl::Status& error, Transaction& into) {
  usable_ = false;
  into.error = error;
  if (stream_ != nullptr) stream_->Close();
}

bool Session::Disturbed() {
  return stream_ == nullptr || !reader_.buffered().empty() || stream_->Disturbed();
}

io::Task<absl::StatusOr<mail::Reply>> Session::ReadReply(absl::Duration wait) {
  Bound(wait);
  absl::Status broken;
  while (broken.ok()) {
    const std::optional<Line> line = reader_.TakeLine(limits_.reply_line_bytes_max);
    if (line.has_value()) {
      const absl::StatusOr<bool> whole = parser_.Add(*line);
      if (whole.ok() && *whole) {
        mail::Reply reply = parser_.Take();
        if (reply.code == 421) usable_ = false;
        co_return reply;
      }
      broken = whole.status();
    } else if (reader_.buffered().find('\n') != std::string_view::npos) {
      // A peer that ends lines so would keep us waiting for a CRLF that never comes.
      broken = base::Error(absl::StatusCode::kUnavailable, "reply line \"",
                           base::Printable(reader_.buffered(), 80), "\": ends with a bare LF");
    } else {
      broken = co_await reader_.Fill();
    }
  }
  usable_ = false;
  co_return broken;
}

io::Task<absl::Status> Session::WriteParts(absl::Duration wait) {
  Bound(wait);
  absl::Status written = co_await stream_->WriteAll(parts_);
  if (written.ok()) {
    for (const std::string_view part : parts_)
      bytes_sent_ += part.size();
  }
  co_return written;
}

io::Task<absl::StatusOr<mail::Reply>> Session::Ask(std::string_view line, absl::Duration wait) {
  if (!reader_.buffered().empty()) {
    usable_ = false;
    co_return base::Error(absl::StatusCode::kUnavailable, "the peer spoke out of turn: \"",
                          base::Printable(reader_.buffered(), 80), "\"");
  }
  parts_.clear();
  parts_.push_back(line);
  parts_.push_back("\r\n");
  const absl::Status written = co_await WriteParts(wait);
  if (!written.ok()) {
    usable_ = false;
    co_return written;
  }
  co_return co_await ReadReply(wait);
}

io::Task<std::optional<Refusal>> Session::Hello(const HelloPolicy& policy,
                                                const tls::ClientContext& tls) {
  absl::StatusOr<mail::Reply> greeting = co_await ReadReply(limits_.greeting);
  if (!greeting.ok()) co_return BrokenAt(Stage::kGreeting, greeting.status());
  if (!Welcoming(*greeting)) co_return RefusedAt(Stage::kGreeting, *std::move(greeting));

  std::optional<Refusal> refused = co_await SayHello(policy);
  if (refused.has_value() || policy.tls == TlsUse::kNever) co_return refused;
  if (capabilities_.starttls) co_return co_await RaiseTls(policy, tls);
  if (policy.tls == TlsUse::kRequired) {
    co_return NotSecure(Stage::kTls, "the peer does not offer starttls", kNoTls);
  }
  co_return std::nullopt;
}

io::Task<std::optional<Refusal>> Session::SayHello(const HelloPolicy& policy) {
  capabilities_ = Capabilities();
  if (!policy.force_helo) {
    const std::string line = base::Cat("EHLO ", policy.name);
    absl::StatusOr<mail::Reply> reply = co_await Ask(line, limits_.hello);
    if (!reply.ok()) co_return BrokenAt(Stage::kHello, reply.status());
    if (Welcoming(*reply)) {
      capabilities_ = Capabilities::Parse(*reply);
      co_return std::nullopt;
    }
    if (!reply->permanent()) co_return RefusedAt(Stage::kHello, *std::move(reply));
  }
  if (policy.tls == TlsUse::kRequired) {
    co_return NotSecure(Stage::kHello, "helo has no starttls", kNoTls);
  }
  const std::string line = base::Cat("HELO ", policy.name);
  absl::StatusOr<mail::Reply> reply = co_await Ask(line, limits_.hello);
  if (!reply.ok()) co_return BrokenAt(Stage::kHello, reply.status());
  if (!Welcoming(*reply)) co_return RefusedAt(Stage::kHello, *std::move(reply));
  co_return std::nullopt;
}

io::Task<std::optional<Refusal>> Session::RaiseTls(const HelloPolicy& policy,
                                                   const tls::ClientContext& tls) {
  const bool required = policy.tls == TlsUse::kRequired;
  absl::StatusOr<mail::Reply> reply = co_await Ask("STARTTLS", limits_.hello);
  if (!reply.ok()) co_return BrokenAt(Stage::kTls, reply.status());
  if (!Welcoming(*reply)) {
    if (!required && usable_) co_return std::nullopt;  // goes on in clear
    if (!required) co_return RefusedAt(Stage::kTls, *std::move(reply));
    Refusal refusal = NotSecure(Stage::kTls, "starttls is refused", kNoTls);
    refusal.reply = *std::move(reply);
    co_return refusal;
  }
  if (!reader_.buffered().empty()) {
    // Somebody on the way put words into the peer's mouth (RFC 3207 §4.2, CVE-2021-38371).
    usable_ = false;
    const absl::Status error = absl::UnavailableError("plain text came after the starttls answer");
    if (!required) co_return BrokenAt(Stage::kTls, error);
    co_return NotSecure(Stage::kTls, base::MessageOf(error), kTlsFailed);
  }

  Bound(limits_.tls_handshake);
  tls::ClientContext::Peer peer;
  peer.server_name = policy.server_name;
  absl::StatusOr<tls::Session> started = co_await tls.Start(std::move(stream_), std::move(peer));
  if (!started.ok()) {
    usable_ = false;
    Refusal refusal = BrokenAt(Stage::kTls, started.status());
    if (required) refusal = NotSecure(Stage::kTls, base::MessageOf(started.status()), kTlsFailed);
    refusal.handshake_failed = started.status().code() != absl::StatusCode::kCancelled;
    co_return refusal;
  }
  stream_ = std::move(started->stream);
  reader_.Reset(*stream_);
  TlsFacts facts;
  facts.version = std::move(started->facts.version);
  facts.cipher = std::move(started->facts.cipher);
  facts.verified = started->facts.verified;
  facts.peer_subject = std::move(started->facts.peer_subject);
  tls_facts_ = std::move(facts);
  co_return co_await SayHello(policy);
}

io::Task<absl::Status> Session::Reset() {
  const absl::StatusOr<mail::Reply> reply = co_await Ask("RSET", limits_.mail);
  if (!reply.ok()) co_return reply.status();
  if (!Welcoming(*reply)) {
    usable_ = false;
    co_return base::Error(absl::StatusCode::kUnavailable, "rset is refused: ", reply->ToString());
  }
  reset_due_ = false;
  co_return absl::OkStatus();
}

void Session::Quit() {
  if (stream_ == nullptr) return;
  if (usable_) stream_->Farewell("QUIT\r\n");
  usable_ = false;
  stream_->Close();
}

}  // namespace postern::smtp
