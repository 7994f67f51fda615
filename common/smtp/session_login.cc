// The login of a session.
//
// A login that is asked for is a condition: when it does not come about, nothing is sent. What is
// secret is in no error and in no log; "****" stands in its place.
//
//   235                         in, when the peer has proved what the mechanism demands
//   334                         a challenge; one that cannot be answered is broken off by "*"
//   504, 534 (none or 5.7.9)    not this mechanism: the next one that both know
//   421, or the connection lost no session
//   any other                   no login
//
// A peer that fails to prove itself is asked no further: the next mechanism might show it the
// password.
#include <utility>

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/session.h"

namespace postern::smtp {

namespace {

constexpr int kChallengesMax = 8;
// A longer response waits for the peer's turn (RFC 4954 §4).
constexpr std::size_t kInitialBytesMax = 400;
constexpr std::string_view kMasked = "****";

Refusal Failed(std::string_view mechanism, std::string_view how) {
  return Refusal::NotSecure(Stage::kAuth, base::Cat("authentication by ", mechanism, " ", how),
                            mail::transient::kAuthenticationCredentialsInvalid);
}

Refusal RefusedLogin(const SaslExchange& sasl, const absl::Status& broken_off, mail::Reply reply) {
  std::string how = "is refused";
  if (!broken_off.ok()) {
    how = base::Cat("is broken off, ", base::MessageOf(broken_off));
  } else if (const std::string cause = sasl.cause(); !cause.empty()) {
    how += base::Cat(" with status ", cause);
  }
  Refusal refusal =
      Failed(sasl.mechanism(), base::Cat(how, ": ", base::Printable(reply.ToString())));
  refusal.reply = std::move(reply);
  return refusal;
}

bool OfMechanism(const mail::Reply& reply) {
  return reply.code == 504 ||
         (reply.code == 534 &&
          reply.enhanced().value_or(mail::permanent::kAuthenticationMechanismTooWeak) ==
              mail::permanent::kAuthenticationMechanismTooWeak);
}

io::Task<absl::StatusOr<std::string>> AnswerTo(std::string challenge,
                                               std::shared_ptr<SaslExchange> sasl,
                                               io::DiskPool* proofs) {
  if (proofs == nullptr || !sasl->works_long()) co_return sasl->Next(challenge);
  absl::AnyInvocable<absl::StatusOr<std::string>()> next = [sasl, challenge] {
    return sasl->Next(challenge);
  };
  co_return co_await io::OnDisk(*proofs, std::move(next));
}

}  // namespace

io::Task<std::optional<Refusal>> Session::LogIn(const HelloPolicy& policy) {
  std::vector<std::string> offered = capabilities_.auth;
  std::optional<Refusal> refused;
  while (true) {
    auto chosen = ChooseSasl(offered, policy.credential, tls_facts_.has_value());
    if (!chosen.ok()) {
      // What a peer said to a mechanism tells more.
      if (refused.has_value()) co_return refused;
      co_return Refusal::NotSecure(
          Stage::kAuth, base::Cat("authentication is required: ", base::MessageOf(chosen.status())),
          mail::transient::kSecurityFeaturesNotSupported);
    }
    const std::shared_ptr<SaslExchange> sasl = *std::move(chosen);
    Login login = co_await LogInBy(sasl, policy.proofs);
    refused = std::move(login.refusal);
    if (!login.of_mechanism || !usable_) co_return refused;
    std::erase(offered, sasl->mechanism());
  }
}

io::Task<Session::Login> Session::LogInBy(std::shared_ptr<SaslExchange> sasl,
                                          io::DiskPool* proofs) {
  std::string line = base::Cat("AUTH ", sasl->mechanism());
  std::string shown = line;
  const std::optional<std::string> initial = sasl->Initial();
  if (initial.has_value() && initial->size() <= kInitialBytesMax) {
    line += base::Cat(" ", base::Base64(*initial));
    shown += base::Cat(" ", kMasked);
  }
  Login login;
  absl::Status broken_off;
  for (int challenges = 0;; ++challenges) {
    absl::StatusOr<mail::Reply> reply = co_await Ask(line, limits_.hello, shown);
    if (!reply.ok()) {
      login.refusal = Refusal::BrokenAt(Stage::kAuth, reply.status());
      co_return login;
    }
    if (reply->code == 421) {
      login.refusal = Refusal::RefusedAt(Stage::kAuth, *std::move(reply));
      co_return login;
    }
    if (reply->code == 235 && broken_off.ok()) {
      const absl::Status proved = sasl->Proved();
      if (!proved.ok()) {
        login.refusal = Failed(sasl->mechanism(), base::Cat("is void: ", base::MessageOf(proved)));
      }
      co_return login;
    }
    if (reply->code != 334 || challenges == kChallengesMax) {
      login.of_mechanism = broken_off.ok() && OfMechanism(*reply);
      login.refusal = RefusedLogin(*sasl, broken_off, *std::move(reply));
      co_return login;
    }
    const std::optional<std::string> challenge =
        base::FromBase64(base::Trim(reply->lines.empty() ? "" : reply->lines.front()));
    absl::StatusOr<std::string> answer = absl::InvalidArgumentError("the challenge is no base64");
    if (challenge.has_value() && broken_off.ok()) {
      answer = co_await AnswerTo(*challenge, sasl, proofs);
    }
    if (!answer.ok() && broken_off.ok()) broken_off = answer.status();
    // "*" breaks the exchange off; the peer's answer to it is a refusal.
    line = broken_off.ok() ? base::Base64(*answer) : "*";
    shown = line.empty() || line == "*" ? line : kMasked;
  }
}

}  // namespace postern::smtp
