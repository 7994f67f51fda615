// The grid, by origin of the result (rows) and kind (columns):
//
//                transient                        permanent (class 5)
//   remote       message retries                  returned
//   dns          with its hop, which fails        returned
//   connect      with its hop, which fails; from  returned
//                DATA on: message retries
//   tls-policy   with its hop, which fails        with its hop, which fails
//   front-end    with its hop, which is held      with its hop, which is held
//   local        message retries; for want of a   returned
//                place of ours soon, uncounted
//   none         at once                          at once
//
// A connector's ErrorPolicies change the kind of a result before the grid is asked.
// A 421 at whatever stage is the host's word, not the message's: with nobody delivered to, the hop
// has failed, and the message retries as after any other 4xx.
// A cancelled attempt is no attempt. A lost connection after the end of the body is ambiguous: the
// message retries, and may arrive twice.

#include "services/mailbox-transport/settle/policy.h"

#include <algorithm>
#include <optional>

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "services/mailbox-transport/settle/error_policies.h"

namespace postern::settle {

namespace {

using Kind = Verdict::Kind;
using Wait = Verdict::Wait;

Verdict MakeVerdict(
    Kind kind, Wait wait, bool counted, mail::EnhancedStatus status, std::string error) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.wait = wait;
  verdict.counted = counted;
  verdict.status = status;
  verdict.error = std::move(error);
  return verdict;
}

// RFC 5321 §4.5.3.1.10: a 552 that means "too many recipients" is a 452.
bool TooManyRecipients(const mail::Reply& reply) {
  if (reply.code != 552) return false;
  const auto enhanced = reply.enhanced();
  if (enhanced && enhanced->subject == 5 && enhanced->detail == 3) return true;
  const std::string text = base::LowerAscii(reply.ToString());
  return text.find("too many recipients") != std::string::npos;
}

// A local error in the form of a reply, as Exchange shows it in LastError.
std::string AsReply(const absl::Status& error, mail::EnhancedStatus enhanced) {
  // What is not secure enough is 454, as in RFC 3207 and RFC 4954.
  const std::string_view later = enhanced.subject == 7 ? "454 " : "451 ";
  return base::Cat(enhanced.permanent() ? std::string_view("550 ") : later, enhanced.ToString(),
                   " ", base::MessageOf(error));
}

mail::EnhancedStatus Or(mail::EnhancedStatus status, mail::EnhancedStatus fallback) {
  return status.klass == 0 ? fallback : status;
}

// What the first host said, or what became of it.
std::string WhatHappened(const smtp::HostTried& host) {
  if (host.reply) return host.reply->ToString();
  if (absl::IsDeadlineExceeded(host.error)) return "421 4.4.1 Connection timed out";
  if (host.stage <= smtp::Stage::kConnect) {
    // Ours to mend: it says how.
    const bool ours = absl::IsFailedPrecondition(host.error);
    return base::Cat("421 4.2.1 Unable to connect", ours ? ": " : "",
                     ours ? base::MessageOf(host.error) : std::string_view());
  }
  if (host.stage == smtp::Stage::kTls) {
    return base::Cat("454 4.7.5 TLS negotiation failed: ", base::MessageOf(host.error));
  }
  return base::Cat("421 4.4.2 Connection dropped: ", base::MessageOf(host.error));
}

bool ReachedTheContent(const smtp::Outcome& outcome) {
  return !outcome.hosts.empty() && outcome.hosts.back().stage >= smtp::Stage::kData;
}

int WeightOf(HopNews::Kind kind) {
  switch (kind) {
    case HopNews::Kind::kNothing:
      return 0;
    case HopNews::Kind::kFailed:
      return 1;
    case HopNews::Kind::kHeld:
      return 2;
    case HopNews::Kind::kDeferred:
      return 3;
    case HopNews::Kind::kWorked:
      return 4;
  }
  return 0;
}

bool Closes(const std::optional<mail::Reply>& reply) {
  return reply.has_value() && reply->code == 421;
}

// The last host said 421, or what it did not mend was a 421, and nobody was delivered to.
bool SentAway(const smtp::Outcome& outcome) {
  if (outcome.hosts.empty()) return false;
  const smtp::HostTried& last = outcome.hosts.back();
  bool away = last.stage >= smtp::Stage::kMail && Closes(last.reply);
  for (const smtp::RecipientResult& result : outcome.recipients) {
    if (result.delivered()) return false;
    away = away || Closes(result.reply);
  }
  return away;
}

HopNews NewsOf(const smtp::Outcome& outcome,
               const smtp::RecipientResult& result,
               const Verdict& verdict) {
  HopNews news;
  if (result.reply) {
    const bool later = result.reply->transient() || verdict.kind == Kind::kRetry;
    news.kind = later ? HopNews::Kind::kDeferred : HopNews::Kind::kWorked;
    return news;
  }
  if (absl::IsCancelled(result.error)) return news;
  switch (result.origin) {
    case smtp::Origin::kNone:
    case smtp::Origin::kLocal:
    case smtp::Origin::kRemote:
      return news;
    case smtp::Origin::kFrontEnd:
      news.kind = HopNews::Kind::kHeld;
      news.error = AsReply(result.error, Or(result.enhanced, mail::transient::kOtherNetworkStatus));
      return news;
    case smtp::Origin::kDns:
    case smtp::Origin::kConnect:
      if (result.enhanced.permanent()) return news;
      if (result.origin == smtp::Origin::kConnect && ReachedTheContent(outcome)) return news;
      break;
    case smtp::Origin::kTlsPolicy:
      break;
  }
  news.kind = HopNews::Kind::kFailed;
  news.error = HopError(outcome, result);
  return news;
}

// A recipient that did not get through while its hop works must not come back at once.
void WaitAlone(Verdict& verdict) {
  verdict.wait = Wait::kMessageInterval;
  verdict.counted = true;
}

}  // namespace

std::string_view NameOf(Verdict::Kind kind) {
  switch (kind) {
    case Kind::kDone:
      return "done";
    case Kind::kRetry:
      return "retry";
    case Kind::kReturn:
      return "return";
  }
  return "none";
}

Verdict VerdictFor(const mail::Reply& reply) {
  const std::string text = reply.ToString();
  if (reply.code >= 200 && reply.code < 300) {
    return MakeVerdict(
        Kind::kDone, Wait::kAtOnce, true,
        Or(reply.enhanced().value_or(mail::EnhancedStatus()), mail::success::kOtherUndefinedStatus),
        "");
  }
  if (TooManyRecipients(reply)) {
    return MakeVerdict(Kind::kRetry, Wait::kMessageInterval, true,
                       mail::transient::kTooManyRecipients, text);
  }
  if (reply.permanent()) {
    const auto status = Or(reply.enhanced().value_or(mail::EnhancedStatus()),
                           mail::permanent::kOtherUndefinedStatus);
    return MakeVerdict(Kind::kReturn, Wait::kAtOnce, true, status, text);
  }
  // 4xx, and what is no answer to a message at all (3xx): neither delivered nor refused.
  const auto status =
      Or(reply.enhanced().value_or(mail::EnhancedStatus()), mail::transient::kOtherUndefinedStatus);
  return MakeVerdict(Kind::kRetry, Wait::kMessageInterval, true, status, text);
}

Verdict VerdictFor(const absl::Status& error, smtp::Origin origin, mail::EnhancedStatus enhanced) {
  if (absl::IsCancelled(error) || origin == smtp::Origin::kNone) {
    return MakeVerdict(Kind::kRetry, Wait::kAtOnce, false, mail::transient::kOtherNetworkStatus,
                       "");
  }
  switch (origin) {
    case smtp::Origin::kFrontEnd:
    case smtp::Origin::kTlsPolicy: {
      const auto fallback = origin == smtp::Origin::kTlsPolicy
                                ? mail::transient::kCryptographicFailure
                                : mail::transient::kOtherNetworkStatus;
      auto status = Or(enhanced, fallback);
      status.klass = 4;
      return MakeVerdict(Kind::kRetry, Wait::kAtOnce, false, status, AsReply(error, status));
    }
    case smtp::Origin::kDns:
    case smtp::Origin::kConnect: {
      const auto fallback = origin == smtp::Origin::kDns ? mail::transient::kDirectoryServerFailure
                                                         : mail::transient::kNoAnswerFromHost;
      const auto status = Or(enhanced, fallback);
      const Kind kind = status.permanent() ? Kind::kReturn : Kind::kRetry;
      return MakeVerdict(kind, Wait::kAtOnce, status.permanent(), status, AsReply(error, status));
    }
    case smtp::Origin::kLocal:
    case smtp::Origin::kRemote:
    case smtp::Origin::kNone:
      break;
  }
  const auto status = Or(enhanced, mail::transient::kOtherMailSystemStatus);
  // All our sessions are in use: the attempt has waited for one already.
  if (absl::IsResourceExhausted(error) && !status.permanent()) {
    return MakeVerdict(Kind::kRetry, Wait::kPause, false, status, AsReply(error, status));
  }
  const Kind kind = status.permanent() ? Kind::kReturn : Kind::kRetry;
  return MakeVerdict(kind, Wait::kMessageInterval, true, status, AsReply(error, status));
}

namespace {

// A reply whose kind the connector's policies have changed.
Verdict VerdictFor(const mail::Reply& reply, mail::EnhancedStatus judged) {
  const bool final = judged.permanent();
  return MakeVerdict(final ? Kind::kReturn : Kind::kRetry,
                     final ? Wait::kAtOnce : Wait::kMessageInterval, true, judged,
                     reply.ToString());
}

}  // namespace

Verdicts VerdictsFor(const smtp::Outcome& outcome, const connector::ErrorPolicies& policies) {
  Verdicts verdicts;
  bool any_settled = false;
  for (const smtp::RecipientResult& given : outcome.recipients) {
    const std::optional<mail::EnhancedStatus> judged = JudgedBy(policies, given);
    std::optional<smtp::RecipientResult> changed;
    if (judged && !given.reply) {
      changed = given;
      changed->enhanced = *judged;
    }
    const smtp::RecipientResult& result = changed ? *changed : given;
    Verdict verdict;
    if (!result.reply) {
      verdict = VerdictFor(result.error, result.origin, result.enhanced);
    } else {
      verdict = judged ? VerdictFor(*result.reply, *judged) : VerdictFor(*result.reply);
    }
    any_settled |= verdict.kind != Kind::kRetry || verdict.wait == Wait::kMessageInterval;
    HopNews news = NewsOf(outcome, result, verdict);
    if (WeightOf(news.kind) > WeightOf(verdicts.hop.kind)) verdicts.hop = std::move(news);
    verdicts.recipients.push_back(std::move(verdict));
  }
  if (SentAway(outcome)) {
    verdicts.hop = {HopNews::Kind::kFailed, HopError(outcome, outcome.recipients.front())};
  }
  // After the dot the hop has done its part, whatever became of its answer.
  if (outcome.ambiguous) verdicts.hop = HopNews{HopNews::Kind::kWorked, ""};

  const bool hop_works =
      verdicts.hop.kind == HopNews::Kind::kWorked || verdicts.hop.kind == HopNews::Kind::kDeferred;
  const bool no_news = verdicts.hop.kind == HopNews::Kind::kNothing;
  for (std::size_t i = 0; i < verdicts.recipients.size(); ++i) {
    Verdict& verdict = verdicts.recipients[i];
    const smtp::RecipientResult& result = outcome.recipients[i];
    if (verdict.kind != Kind::kRetry || verdict.wait != Wait::kAtOnce) continue;
    if (!result.reply && absl::IsCancelled(result.error) && !outcome.ambiguous) continue;
    if (outcome.ambiguous) {
      WaitAlone(verdict);
      if (verdict.error.empty()) verdict.error = "421 4.4.2 Connection dropped after the content";
    } else if (result.origin == smtp::Origin::kNone) {
      if (!any_settled && no_news) verdict.wait = Wait::kPause;
    } else if (hop_works || no_news) {
      WaitAlone(verdict);
    }
  }
  return verdicts;
}

std::string HopError(const smtp::Outcome& outcome, const smtp::RecipientResult& result) {
  const absl::Status& error = result.error;
  if (result.origin == smtp::Origin::kDns) {
    return base::Cat("451 4.4.0 DNS query failed. The error was: ", base::MessageOf(error));
  }
  if (result.origin == smtp::Origin::kTlsPolicy) {
    return AsReply(error, Or(result.enhanced, mail::transient::kCryptographicFailure));
  }
  if (outcome.hosts.empty()) return AsReply(error, mail::transient::kOtherNetworkStatus);
  std::string text = base::Cat(
      "451 4.4.0 Primary target IP address responded with: \"", WhatHappened(outcome.hosts.front()),
      ".\" Attempted failover to alternate host, but that did not succeed. "
      "Either there are no alternate hosts, or delivery failed to all "
      "alternate hosts.");
  const smtp::HostTried& last = outcome.hosts.back();
  if (!last.address.empty()) text += base::Cat(" The last endpoint attempted was ", last.address);
  return text;
}

}  // namespace postern::settle
