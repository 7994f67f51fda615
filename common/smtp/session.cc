#include "common/smtp/session.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kReplyBufferBytes = 8 * 1024;
constexpr std::string_view kNoStartTlsResult = "starttls-not-supported";
constexpr std::string_view kFailedResult = "validation-failure";

bool Welcoming(const mail::Reply& reply) {
  return reply.code >= 200 && reply.code < 300;
}

}  // namespace

Refusal Refusal::BrokenAt(Stage stage, const absl::Status& error) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.error = error;
  refusal.enhanced = mail::transient::kBadConnection;
  return refusal;
}

Refusal Refusal::RefusedAt(Stage stage, mail::Reply reply) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.enhanced = mail::transient::kBadConnection;
  refusal.reply = std::move(reply);
  return refusal;
}

Refusal Refusal::NotSecure(Stage stage, std::string why, mail::EnhancedStatus enhanced) {
  Refusal refusal;
  refusal.stage = stage;
  refusal.origin = Origin::kTlsPolicy;
  refusal.error = absl::FailedPreconditionError(why);
  refusal.enhanced = enhanced;
  return refusal;
}

Refusal Refusal::NoStartTls(Stage stage, std::string why) {
  Refusal refusal =
      NotSecure(stage, std::move(why), mail::transient::kSecurityFeaturesNotSupported);
  refusal.no_starttls = true;
  refusal.tls_result = kNoStartTlsResult;
  return refusal;
}

Session::Session(std::unique_ptr<io::Stream> stream,
                 const Limits& limits,
                 std::unique_ptr<SessionLog> log)
    : stream_(std::move(stream)),
      limits_(limits),
      log_(std::move(log)),
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
      if (log_ != nullptr) log_->Received(line->text);
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
    } else if (reader_.passing_over()) {
      // It may have no end.
      broken = base::Error(absl::StatusCode::kUnavailable, "reply line: longer than ",
                           limits_.reply_line_bytes_max, " bytes");
    } else {
      broken = co_await reader_.Fill();
      lost_ = absl::IsUnavailable(broken);
    }
  }
  usable_ = false;
  if (log_ != nullptr) log_->EndedByRemote();
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

io::Task<absl::StatusOr<mail::Reply>> Session::Ask(std::string_view line,
                                                   absl::Duration wait,
                                                   std::string_view shown) {
  if (!reader_.buffered().empty()) {
    usable_ = false;
    co_return base::Error(absl::StatusCode::kUnavailable, "the peer spoke out of turn: \"",
                          base::Printable(reader_.buffered(), 80), "\"");
  }
  if (log_ != nullptr) log_->Sent(shown.empty() ? line : shown);
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
  if (log_ != nullptr) log_->Connected(stream_->local());
  std::optional<Refusal> refused;
  if (policy.security.at_once) refused = co_await Handshake(policy, tls);
  if (refused.has_value()) co_return refused;
  absl::StatusOr<mail::Reply> greeting = co_await ReadReply(limits_.greeting);
  if (!greeting.ok()) co_return Refusal::BrokenAt(Stage::kGreeting, greeting.status());
  if (!Welcoming(*greeting)) co_return Refusal::RefusedAt(Stage::kGreeting, *std::move(greeting));

  refused = co_await SayHello(policy);
  if (refused.has_value()) co_return refused;
  const TlsUse use = policy.security.tls;
  if (tls_facts_.has_value()) {
    // What a peer may offer under TLS is of no use.
  } else if (use != TlsUse::kNever && capabilities_.starttls) {
    refused = co_await RaiseTls(policy, tls);
    // Whoever can break it off here would keep us from TLS.
    const bool failed = refused.has_value() && refused->stage == Stage::kTls;
    if (failed && refused->tls_result.empty() && !absl::IsCancelled(refused->error))
      refused->tls_result = kFailedResult;
  } else if (use == TlsUse::kRequired) {
    refused = Refusal::NoStartTls(Stage::kTls, "tls is required: the peer does not offer starttls");
  }
  if (refused.has_value() || policy.credential == nullptr) co_return refused;
  co_return co_await LogIn(policy);
}

io::Task<std::optional<Refusal>> Session::SayHello(const HelloPolicy& policy) {
  capabilities_ = Capabilities();
  if (!policy.force_helo) {
    const std::string line = base::Cat("EHLO ", policy.name);
    absl::StatusOr<mail::Reply> reply = co_await Ask(line, limits_.hello);
    if (!reply.ok()) {
      Refusal broken = Refusal::BrokenAt(Stage::kHello, reply.status());
      broken.lost_at_ehlo = lost_ && !tls_facts_.has_value();
      co_return broken;
    }
    if (Welcoming(*reply)) {
      capabilities_ = Capabilities::Parse(*reply);
      if (!tls_facts_.has_value()) capabilities_.require_tls = false;
      co_return std::nullopt;
    }
    if (!reply->permanent()) co_return Refusal::RefusedAt(Stage::kHello, *std::move(reply));
  }
  if (policy.security.tls == TlsUse::kRequired && !tls_facts_.has_value()) {
    // By our own demand nobody asked the peer.
    if (policy.force_helo) {
      co_return Refusal::NotSecure(Stage::kTls,
                                   "tls is required, and ForceHELO leaves no way to it",
                                   mail::transient::kSecurityFeaturesNotSupported);
    }
    co_return Refusal::NoStartTls(Stage::kTls, "tls is required: helo has no starttls");
  }
  const std::string line = base::Cat("HELO ", policy.name);
  absl::StatusOr<mail::Reply> reply = co_await Ask(line, limits_.hello);
  if (!reply.ok()) co_return Refusal::BrokenAt(Stage::kHello, reply.status());
  if (!Welcoming(*reply)) co_return Refusal::RefusedAt(Stage::kHello, *std::move(reply));
  co_return std::nullopt;
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
  if (usable_) {
    if (log_ != nullptr) log_->Sent("QUIT");
    stream_->Farewell("QUIT\r\n");
  }
  usable_ = false;
  stream_->Close();
}

}  // namespace postern::smtp
