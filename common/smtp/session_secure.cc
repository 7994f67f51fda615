// TLS under a session: after STARTTLS, or before anything else on a port of its own (RFC 8314 §3).
#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/session.h"
#include "common/tls/tls_result.h"

namespace postern::smtp {

namespace {

Refusal TlsNeeded(std::string_view why, mail::EnhancedStatus enhanced) {
  return Refusal::NotSecure(Stage::kTls, base::Cat("tls is required: ", why), enhanced);
}

}  // namespace

io::Task<std::optional<Refusal>> Session::RaiseTls(const HelloPolicy& policy,
                                                   const tls::ClientContext& tls) {
  const bool required = policy.security.tls == TlsUse::kRequired;
  absl::StatusOr<mail::Reply> reply = co_await Ask("STARTTLS", limits_.hello);
  if (!reply.ok()) co_return Refusal::BrokenAt(Stage::kTls, reply.status());
  if (reply->code >= 300 && reply->code < 400) {
    // Neither a yes nor a no: nobody knows what the peer waits for.
    usable_ = false;
    const absl::Status error = base::Error(absl::StatusCode::kUnavailable,
                                           "starttls is answered with ", reply->ToString());
    if (!required) co_return Refusal::BrokenAt(Stage::kTls, error);
    co_return TlsNeeded(base::MessageOf(error), mail::transient::kCryptographicFailure);
  }
  if (reply->code < 200 || reply->code >= 300) {
    // A password never goes out in clear to a host that offers TLS; other mail does.
    const bool may_be_clear = !required && policy.credential == nullptr;
    if (may_be_clear && usable_) co_return std::nullopt;
    if (may_be_clear) co_return Refusal::RefusedAt(Stage::kTls, *std::move(reply));
    Refusal refusal =
        TlsNeeded("starttls is refused", mail::transient::kSecurityFeaturesNotSupported);
    refusal.reply = *std::move(reply);
    co_return refusal;
  }
  if (!reader_.buffered().empty()) {
    // Somebody on the way put words into the peer's mouth (RFC 3207 §4.2, CVE-2021-38371).
    usable_ = false;
    const absl::Status error = absl::UnavailableError("plain text came after the starttls answer");
    if (!required) co_return Refusal::BrokenAt(Stage::kTls, error);
    co_return TlsNeeded(base::MessageOf(error), mail::transient::kCryptographicFailure);
  }
  std::optional<Refusal> failed = co_await Handshake(policy, tls);
  if (failed.has_value()) co_return failed;
  co_return co_await SayHello(policy);
}

io::Task<std::optional<Refusal>> Session::Handshake(const HelloPolicy& policy,
                                                    const tls::ClientContext& tls) {
  const bool required = policy.security.tls == TlsUse::kRequired;
  Bound(limits_.tls_handshake);
  tls::ClientContext::Peer peer;
  peer.server_name = policy.server_name;
  peer.demand = policy.security.demand;
  peer.certificate = policy.certificate;
  peer.describe = log_ != nullptr;
  peer.tried_name = policy.tried_name;
  peer.resumption_key = policy.resumption_key;
  absl::StatusOr<tls::Session> started = co_await tls.Start(std::move(stream_), std::move(peer));
  if (!started.ok()) {
    usable_ = false;
    const std::string why(base::MessageOf(started.status()));
    if (log_ != nullptr) log_->Note(why, "TLS negotiation failed");
    Refusal refusal = Refusal::BrokenAt(Stage::kTls, started.status());
    const bool unproved = absl::IsUnauthenticated(started.status());
    if (unproved) {
      refusal = Refusal::NotSecure(Stage::kTls, why, mail::transient::kCryptographicFailure);
    }
    if (required && !unproved) refusal = TlsNeeded(why, mail::transient::kCryptographicFailure);
    refusal.handshake_failed = !absl::IsCancelled(started.status());
    if (refusal.handshake_failed) refusal.tls_result = tls::TlsResultOf(started.status());
    co_return refusal;
  }
  stream_ = std::move(started->stream);
  reader_.Reset(*stream_);
  NoteTls(started->facts, policy);
  co_return std::nullopt;
}

void Session::NoteTls(const tls::Facts& facts, const HelloPolicy& policy) {
  TlsFacts noted;
  noted.version = facts.version;
  noted.cipher = facts.cipher;
  noted.verified = facts.verified;
  noted.peer_subject = facts.peer_subject;
  noted.tried = facts.tried;
  tls_facts_ = std::move(noted);
  if (log_ == nullptr) return;
  log_->Note(base::Cat(facts.version, " ", facts.cipher,
                       facts.verified ? ", certificate verified" : ", certificate not verified"),
             "TLS negotiated");
  if (facts.peer.has_value()) log_->NoteCertificate("Received", *facts.peer);
  if (facts.asked && policy.certificate != nullptr) {
    log_->NoteCertificate("Sent", policy.certificate->facts);
  } else if (facts.asked) {
    log_->Note("", "The peer asked for a certificate and got none");
  }
}

}  // namespace postern::smtp
