// Answers become results here. For each recipient, first rule that fits:
//
//   MAIL, RCPT or DATA refused over  of a host with IPv4 too: as a failure of its IPv6, and it is
//   IPv6, for the address we have    asked over IPv4; what it says of a mailbox is final
//   MAIL or DATA refused, 5xx        final
//   MAIL or DATA refused, 4xx        kept, the next host may do better
//   MAIL refused for want of TLS     where we gave it up ourselves: as a lost connection
//   421 to MAIL or RCPT              as a lost connection
//   452, 552 "too many" to RCPT      beside accepted ones: the next transaction
//   RCPT refused, 5xx or 4xx         final
//   BDAT not known, though offered   the same host again, by DATA
//   content answered                 final, whatever the answer
//   the body source failed           final, local; no further host
//   lost after the final dot         final, ambiguous; no further host
//   lost before                      next host
//   REQUIRETLS, and not offered      next host; none left: final 5.7.30 when none of them offers it
#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/attempt.h"

namespace postern::smtp {

namespace {

// 452, and 552 from old servers (RFC 5321 §4.5.3.1.10). Both have other meanings too; an enhanced
// code tells them apart.
bool SaysTooMany(const mail::Reply& reply) {
  if (reply.code != 452 && reply.code != 552) return false;
  const mail::EnhancedStatus said = reply.enhanced().value_or(mail::transient::kTooManyRecipients);
  return said.subject == mail::transient::kTooManyRecipients.subject &&
         said.detail == mail::transient::kTooManyRecipients.detail;
}

// 530 before STARTTLS (RFC 3207 §4), or x.7.10 "encryption needed" (the registry of RFC 5248).
bool WantsTls(const mail::Reply& reply) {
  if (reply.positive()) return false;
  const mail::EnhancedStatus said = reply.enhanced().value_or(mail::EnhancedStatus{});
  return reply.code == 530 || (said.subject == 7 && said.detail == 10);
}

// Without the envelope nothing is taken, whatever lies behind it: a whole message that went with
// its envelope in one write, too, unless its end is taken all the same.
bool RefusedWhole(const Transaction& transaction) {
  const bool answered = transaction.body.has_value();
  if (answered && transaction.body->positive()) return false;
  if (transaction.mail.has_value() && !transaction.mail->positive()) return true;
  const auto refused = [](const auto& reply) { return reply.has_value() && !reply->positive(); };
  return answered &&
         std::all_of(transaction.recipients.begin(), transaction.recipients.end(), refused);
}

// The reply to a command before the content that refuses all of the message for our address; null
// when there is none, or the message may be taken.
const mail::Reply* RefusalOfAddress(const Transaction& transaction) {
  const auto blames = [](const std::optional<mail::Reply>& reply) {
    return reply.has_value() && BlamesAddress(*reply);
  };
  if (transaction.body_ended && !RefusedWhole(transaction)) return nullptr;
  if (blames(transaction.mail)) return &*transaction.mail;
  if (transaction.accepted() > 0) return blames(transaction.data) ? &*transaction.data : nullptr;
  const auto found =
      std::find_if(transaction.recipients.begin(), transaction.recipients.end(), blames);
  return found == transaction.recipients.end() ? nullptr : &**found;
}

absl::Status ErrorFrom(const mail::Reply& reply, Stage stage) {
  return base::Error(absl::StatusCode::kUnavailable, NameOf(stage), " is answered with \"",
                     base::Printable(reply.ToString()), "\"");
}

// The 421 with which the peer left, if it did.
const mail::Reply* ServiceClosing(const Transaction& transaction) {
  const auto closes = [](const std::optional<mail::Reply>& reply) {
    return reply.has_value() && reply->code == 421;
  };
  if (closes(transaction.mail)) return &*transaction.mail;
  for (const std::optional<mail::Reply>& reply : transaction.recipients) {
    if (closes(reply)) return &*reply;
  }
  if (closes(transaction.data)) return &*transaction.data;
  if (closes(transaction.body)) return &*transaction.body;
  return nullptr;
}

// The answer that tells most about the transaction.
const mail::Reply* LastWords(const Transaction& transaction) {
  const bool taken = transaction.body.has_value() && transaction.body->positive();
  const mail::Reply* closing = taken ? nullptr : ServiceClosing(transaction);
  if (closing != nullptr) return closing;
  if (transaction.body.has_value()) return &*transaction.body;
  if (transaction.mail.has_value() && !transaction.mail->positive()) return &*transaction.mail;
  for (const std::optional<mail::Reply>& reply : transaction.recipients) {
    if (reply.has_value() && !reply->positive() && transaction.accepted() == 0) return &*reply;
  }
  if (transaction.data.has_value()) return &*transaction.data;
  return nullptr;
}

}  // namespace

void Attempt::Decide(std::size_t index,
                     Origin origin,
                     absl::Status error,
                     mail::EnhancedStatus enhanced) {
  RecipientResult& result = outcome_.recipients[index];
  result = RecipientResult();
  result.origin = origin;
  result.error = std::move(error);
  result.enhanced = enhanced;
  if (!outcome_.hosts.empty()) result.host = Tried().host;
  std::erase(pending_, index);
}

void Attempt::RecordReply(std::size_t index, const mail::Reply& reply, bool final) {
  RecipientResult& result = outcome_.recipients[index];
  result = RecipientResult();
  result.origin = Origin::kRemote;
  result.reply = reply;
  result.host = Tried().host;
  if (final) std::erase(pending_, index);
}

void Attempt::NoteLeft(Origin origin, const absl::Status& error, mail::EnhancedStatus enhanced) {
  for (const std::size_t i : pending_) {
    RecipientResult& result = outcome_.recipients[i];
    if (result.origin == Origin::kRemote) continue;
    // For want of a place of ours a host was not asked: what others lack does not make up for it.
    if (absl::IsResourceExhausted(result.error) && origin != Origin::kLocal) continue;
    result = RecipientResult();
    result.origin = origin;
    result.error = error;
    result.enhanced = enhanced;
    if (!outcome_.hosts.empty()) result.host = Tried().host;
  }
}

void Attempt::NoteLookup(const dns::HostsAnswer& answer) {
  const Route& route = delivery_.route;
  HostTried tried;
  tried.host = route.dns_routing ? route.domain : base::Join(route.smart_hosts, ",");
  tried.error = answer.error;
  outcome_.hosts.push_back(std::move(tried));
  const bool cancelled = absl::IsCancelled(answer.error);
  if (const auto record = cancelled ? nullptr : BeginRecord()) {
    record->Failed(base::Cat("DNS: ", base::MessageOf(answer.error)));
  }
  NoteLeft(cancelled ? Origin::kLocal : Origin::kDns, answer.error,
           cancelled ? mail::transient::kSystemNotAcceptingNetworkMessages : answer.enhanced);
}

void Attempt::NoteRefusal(const Refusal& refusal) {
  Tried().stage = refusal.stage;
  Tried().reply = refusal.reply;
  Tried().error = refusal.error;
  Tried().tls_result = refusal.tls_result;
  if (refusal.origin == Origin::kTlsPolicy) parts_.counters.security_refusals.Add();
  absl::Status error = refusal.error;
  if (error.ok()) error = ErrorFrom(*refusal.reply, refusal.stage);
  error = base::Annotate(error, Tried().host);
  if (absl::IsCancelled(refusal.error)) {
    stopped_ = true;
    return NoteLeft(Origin::kLocal, error, mail::transient::kSystemNotAcceptingNetworkMessages);
  }
  if (!require_tls_ || refusal.origin != Origin::kTlsPolicy || refusal.stage == Stage::kAuth) {
    return NoteLeft(refusal.origin, error, refusal.enhanced);
  }
  // The message asks for more than others do: its hop has not failed them.
  ++insecure_;
  if (refusal.no_starttls) {
    ++lacking_;
    lacking_host_ = Tried().host;
  }
  NoteLeft(Origin::kLocal, error, refusal.enhanced);
}

void Attempt::NoteLack() {
  parts_.counters.security_refusals.Add();
  Tried().stage = Stage::kHello;
  Tried().error = absl::FailedPreconditionError("requiretls is not offered");
  ++insecure_;
  ++lacking_;
  lacking_host_ = Tried().host;
  NoteLeft(Origin::kLocal, base::Annotate(Tried().error, Tried().host),
           mail::transient::kRequireTlsSupportRequired);
}

void Attempt::NoteLacking(std::size_t tried) {
  // Once a bounce has yielded it, what hosts lacked before is no reason any more.
  const bool demanded = require_tls_ && !YieldsRequireTls();
  if (lacking_ == 0 || stopped_ || !demanded) return;
  const absl::Status error =
      base::Error(absl::StatusCode::kFailedPrecondition, "REQUIRETLS support required: ", lacking_,
                  " of ", tried, " addresses do not offer it, the last one is of ", lacking_host_);
  const bool none_offers = lacking_ == tried && !partial_;
  for (const std::size_t i : std::vector<std::size_t>(pending_)) {
    if (outcome_.recipients[i].origin == Origin::kRemote) continue;
    Decide(i, Origin::kLocal, error,
           none_offers ? mail::permanent::kRequireTlsSupportRequired
                       : mail::transient::kRequireTlsSupportRequired);
  }
}

bool Attempt::YieldsRequireTls() const {
  if (!MayYieldRequireTls() || insecure_ == 0) return false;
  const bool answered = std::any_of(pending_.begin(), pending_.end(), [this](std::size_t i) {
    return outcome_.recipients[i].origin == Origin::kRemote;
  });
  return !over() && !answered && !outcome_.body_ended;
}

void Attempt::NoteTransaction(const Transaction& transaction) {
  Tried().stage = transaction.stage;
  Tried().error = transaction.error;
  Tried().reply.reset();
  if (const mail::Reply* words = LastWords(transaction)) Tried().reply = *words;
  const bool ended = transaction.body_ended && !RefusedWhole(transaction);
  outcome_.body_ended = outcome_.body_ended || ended;
  if (!transaction.ambiguous()) return;
  outcome_.ambiguous = true;
}

bool Attempt::NoteTlsWanted(PooledSession& pooled, const Transaction& transaction) {
  const bool fell_back = pooled.clear_instead || pooled.helo_instead;
  if (!fell_back || !transaction.mail.has_value() || !WantsTls(*transaction.mail)) return false;
  parts_.clear_hosts.Forget(pooled.address);
  Refusal wanted = Refusal::RefusedAt(Stage::kMail, *transaction.mail);
  wanted.enhanced = mail::transient::kSecurityFeaturesNotSupported;
  NoteRefusal(wanted);
  pooled.session->Quit();
  return true;
}

bool Attempt::NoteIpv6Refused(HostTrial& trial,
                              PooledSession& pooled,
                              const Transaction& transaction,
                              const std::vector<std::size_t>& offered) {
  if (pooled.address.address.is_v4() || !trial.both_families) return false;
  const mail::Reply* const refused = RefusalOfAddress(transaction);
  if (refused == nullptr) return false;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const std::optional<mail::Reply>& answer = transaction.recipients[i];
    const bool of_mailbox = answer.has_value() && !answer->positive() && !BlamesAddress(*answer);
    if (transaction.mail->positive() && of_mailbox) RecordRecipient(transaction, i, offered[i]);
  }
  const absl::Status error = ErrorFrom(*refused, transaction.stage);
  NoteLeft(Origin::kConnect, base::Annotate(error, base::Cat(Tried().host, " over IPv6")),
           mail::transient::kDeliveryNotAuthorized);
  ForgoIpv6(trial, pooled.address);
  pooled.session->Quit();
  return true;
}

void Attempt::RecordRecipient(const Transaction& transaction,
                              std::size_t place,
                              std::size_t index) {
  if (transaction.mail.has_value() && !transaction.mail->positive()) {
    if (transaction.mail->code == 421) return;
    return RecordReply(index, *transaction.mail, transaction.mail->permanent());
  }
  const std::optional<mail::Reply>& answer = transaction.recipients[place];
  if (answer.has_value() && !answer->positive()) {
    if (answer->code == 421) return;
    if (SaysTooMany(*answer) && transaction.accepted() > 0) return;
    return RecordReply(index, *answer, true);
  }
  if (transaction.body.has_value()) return RecordReply(index, *transaction.body, true);
  if (transaction.data.has_value() && !transaction.data->positive()) {
    return RecordReply(index, *transaction.data, transaction.data->permanent());
  }
  if (transaction.body_failed) {
    return Decide(index, Origin::kLocal, transaction.error,
                  mail::transient::kOtherMailSystemStatus);
  }
  if (transaction.body_ended) {
    Decide(index, Origin::kConnect,
           base::Annotate(transaction.error, base::Cat(Tried().host, ": after the final dot")),
           mail::transient::kBadConnection);
  }
}

bool Attempt::RecordAll(HostTrial& trial,
                        PooledSession& pooled,
                        const Transaction& transaction,
                        const std::vector<std::size_t>& offered) {
  NoteTransaction(transaction);
  if (NoteTlsWanted(pooled, transaction)) return false;
  if (NoteIpv6Refused(trial, pooled, transaction, offered)) return false;
  return Record(transaction, offered);
}

bool Attempt::Record(const Transaction& transaction, const std::vector<std::size_t>& offered) {
  const std::size_t pending_before = pending_.size();
  for (std::size_t i = 0; i < offered.size(); ++i)
    RecordRecipient(transaction, i, offered[i]);
  const bool progress = pending_.size() < pending_before;

  const bool mail_later = transaction.mail.has_value() && transaction.mail->transient();
  const bool data_later = transaction.data.has_value() && transaction.data->transient();
  const mail::Reply* closing = ServiceClosing(transaction);
  if (transaction.body_failed || transaction.ambiguous()) {
    stopped_ = true;  // those without a result were not tried
  } else if (absl::IsCancelled(transaction.error)) {
    NoteLeft(Origin::kLocal, transaction.error,
             mail::transient::kSystemNotAcceptingNetworkMessages);
    stopped_ = true;
  } else if (!transaction.error.ok()) {
    const std::string where = base::Cat(Tried().host, ": ", NameOf(transaction.stage));
    NoteLeft(Origin::kConnect, base::Annotate(transaction.error, where),
             mail::transient::kBadConnection);
  } else if (closing != nullptr) {
    const absl::Status error = ErrorFrom(*closing, transaction.stage);
    NoteLeft(Origin::kConnect, base::Annotate(error, Tried().host),
             mail::transient::kBadConnection);
  } else if (mail_later) {
    // It holds for those as well whose turn had not come.
    for (const std::size_t i : pending_)
      RecordReply(i, *transaction.mail, false);
  }
  return progress && !stopped_ && transaction.error.ok() && closing == nullptr && !mail_later &&
         !data_later;
}

}  // namespace postern::smtp
