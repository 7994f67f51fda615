#include "services/mailbox-transport/settle/settle.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/observe/log.h"

namespace postern::settle {

namespace {

constexpr std::string_view kRemovedError =
    "550 4.3.2 QUEUE.Admin;message deleted by administrative action";

// True when the peer speaks DSN: then it is the peer who reports success.
bool SpeaksDsn(const std::vector<std::string>& keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [](const std::string& keyword) {
    return base::EqualsIgnoreCase(std::string_view(keyword).substr(0, keyword.find(' ')), "DSN");
  });
}

Decision Begin(const model::Batch& batch, model::Ticket ticket) {
  POSTERN_CHECK(batch.message != nullptr && !batch.recipients.empty());
  Decision decision;
  decision.message = batch.message;
  decision.ticket = std::move(ticket);
  decision.ticket.recipients = batch.recipients;
  return decision;
}

// A report of thousands of recipients must not grow by what a remote says of each.
constexpr std::size_t kDiagnosticsBytesMax = 256 * 1024;
constexpr std::size_t kDiagnosticBytesMin = 200;

void CutDiagnostics(std::vector<ReportedRecipient>& recipients) {
  const std::size_t share = kDiagnosticsBytesMax / recipients.size();
  const std::size_t each = std::clamp(share, kDiagnosticBytesMin, kDiagnosticBytesMax);
  for (ReportedRecipient& one : recipients) {
    if (one.reply) one.error = one.reply->ToString();
    if (one.error.size() <= each) continue;
    one.reply.reset();
    one.error.resize(each);
  }
}

absl::Duration HopFailedPause(absl::Duration age) {
  return std::clamp(age / 8, kHopFailedPauseMin, kHopFailedPauseMax);
}

// The code in "451 4.4.0 ...", if there is one.
std::optional<mail::EnhancedStatus> StatusIn(std::string_view error) {
  if (error.size() < 5 || error[3] != ' ') return std::nullopt;
  return mail::EnhancedStatus::Parse(error.substr(4));
}

}  // namespace

Settler::Settler(model::MessageStore& store,
                 base::Clock& clock,
                 base::Random& random,
                 SenderRules rules,
                 Probe& probe,
                 Terms terms)
    : store_(store),
      clock_(clock),
      random_(random),
      rules_(std::move(rules)),
      probe_(probe),
      terms_(std::move(terms)) {}

void Settler::OnNotice(absl::AnyInvocable<void(model::Message&)> route) {
  route_ = std::move(route);
}

Decision Settler::Decide(const model::Batch& batch,
                         model::Ticket ticket,
                         const smtp::Outcome& outcome,
                         const connector::ErrorPolicies& policies) {
  Decision decision = Begin(batch, std::move(ticket));
  decision.attempted = decision.in_hand = true;
  const bool complete = outcome.recipients.size() == batch.recipients.size();
  smtp::Outcome completed;
  if (!complete) {
    // A result that a front end left out is a recipient that was not tried.
    completed = outcome;
    completed.recipients.resize(batch.recipients.size());
  }
  const smtp::Outcome& judged = complete ? outcome : completed;
  Verdicts verdicts = VerdictsFor(judged, policies);
  for (const Verdict& verdict : verdicts.recipients)
    probe_.Judged(verdict.kind);
  decision.verdicts = std::move(verdicts.recipients);
  decision.results = judged.recipients;
  decision.hop = std::move(verdicts.hop);
  PlanReports(decision, SpeaksDsn(outcome.keywords));
  return decision;
}

Decision Settler::Fail(const model::Batch& batch,
                       model::Ticket ticket,
                       const absl::Status& error,
                       mail::EnhancedStatus enhanced) {
  Decision decision = Begin(batch, std::move(ticket));
  const Verdict verdict = VerdictFor(error, smtp::Origin::kLocal, enhanced);
  decision.verdicts.assign(batch.recipients.size(), verdict);
  for (std::size_t i = 0; i < batch.recipients.size(); ++i)
    probe_.Judged(verdict.kind);
  PlanReports(decision, false);
  return decision;
}

Decision Settler::Expire(const model::Batch& batch, model::Ticket ticket) {
  Decision decision = Begin(batch, std::move(ticket));
  for (const std::uint32_t index : batch.recipients) {
    const std::string& last = batch.message->recipients[index].last_error;
    Verdict verdict;
    verdict.kind = Verdict::Kind::kReturn;
    verdict.status = mail::permanent::kDeliveryTimeExpired;
    verdict.error = "550 4.4.7 QUEUE.Expired;message expired";
    if (!last.empty()) verdict.error += base::Cat("; last error: ", last);
    decision.verdicts.push_back(std::move(verdict));
    probe_.Expired();
  }
  PlanReports(decision, false);
  return decision;
}

Decision Settler::Remove(const model::Batch& batch, model::Ticket ticket, bool with_ndr) {
  Decision decision = Begin(batch, std::move(ticket));
  Verdict verdict;
  verdict.kind = Verdict::Kind::kReturn;
  verdict.status = mail::permanent::kSystemNotAcceptingNetworkMessages;
  verdict.error = std::string(kRemovedError);
  decision.verdicts.assign(batch.recipients.size(), verdict);
  probe_.Removed(batch.recipients.size());
  const bool nobody = batch.message->envelope.sender.empty() || batch.message->notice;
  if (with_ndr && !nobody) PlanReports(decision, false);
  return decision;
}

Decision Settler::Delay(const model::Batch& batch, model::Ticket ticket) {
  Decision decision = Begin(batch, std::move(ticket));
  decision.delayed = true;
  const model::Message& message = *batch.message;
  if (message.envelope.sender.empty() || message.notice) return decision;
  const DsnRules& rules = rules_.For(message.envelope.sender);
  std::vector<std::size_t> places;
  for (std::size_t place = 0; place < batch.recipients.size(); ++place) {
    const std::uint32_t index = batch.recipients[place];
    if (message.recipients[index].delay_notified) continue;
    const bool wanted = rules.delay_dsn_enabled &&
                        Wanted(DsnKind::kDelayed, message.envelope.recipients[index].notify);
    wanted ? places.push_back(place) : probe_.NotAsked();
  }
  AddReport(decision, DsnKind::kDelayed, std::move(places));
  return decision;
}

void Settler::PlanReports(Decision& decision, bool peer_reports) {
  const model::Message& message = *decision.message;
  const bool nobody = message.envelope.sender.empty() || message.notice;
  std::vector<std::size_t> failed;
  std::vector<std::size_t> relayed;
  bool dropped = false;
  for (std::size_t place = 0; place < decision.verdicts.size(); ++place) {
    const auto& recipient = message.envelope.recipients[decision.ticket.recipients[place]];
    const Verdict::Kind kind = decision.verdicts[place].kind;
    if (kind == Verdict::Kind::kReturn) {
      dropped |= nobody;
      if (nobody) continue;
      const bool wanted = Wanted(DsnKind::kFailed, recipient.notify);
      wanted ? failed.push_back(place) : probe_.NotAsked();
    } else if (kind == Verdict::Kind::kDone && !nobody && !peer_reports) {
      if (Wanted(DsnKind::kRelayed, recipient.notify)) relayed.push_back(place);
    }
  }
  if (dropped) {
    probe_.DoubleBounce();
    POSTERN_LOG(kWarning, "settle", "dropped a message that nobody can be told of",
                {{"message_id", message.id.ToString()},
                 {"internet_message_id", message.internet_message_id},
                 {"error", std::string_view(decision.verdicts.front().error)}});
  }
  AddReport(decision, DsnKind::kFailed, std::move(failed));
  AddReport(decision, DsnKind::kRelayed, std::move(relayed));
}

void Settler::AddReport(Decision& decision, DsnKind kind, std::vector<std::size_t> places) {
  if (places.empty()) return;
  decision.reports.push_back({kind, std::move(places)});
  // RFC 3461 §4.3: RET is about the return of failed messages. RFC 8689 §5: REQUIRETLS is RET=HDRS.
  const model::Message& message = *decision.message;
  const bool headers_only =
      message.envelope.ret == mail::Ret::kHeaders || message.envelope.require_tls;
  const std::uint64_t whole_max =
      std::min(rules_.For(message.envelope.sender).max_message_attach_size, kWholeOriginalMax);
  const bool whole = kind == DsnKind::kFailed && !headers_only && message.size <= whole_max;
  decision.original =
      std::max(decision.original, whole ? OriginalPart::kWhole : OriginalPart::kHeaders);
}

// Changes the recipients; the tickets are what still waits, by when it is due.
std::vector<model::Ticket> Settler::Apply(const Decision& decision, absl::Time now) {
  const absl::Time later =
      now + random_.Around(terms_.message_retry_interval, terms_.retry_jitter_percent);
  absl::Time with_hop = now;
  if (decision.hop.kind == HopNews::Kind::kFailed) {
    with_hop += HopFailedPause(now - decision.message->accepted);
  }
  std::vector<model::Ticket> tickets;
  for (std::size_t place = 0; place < decision.verdicts.size(); ++place) {
    const Verdict& verdict = decision.verdicts[place];
    const std::uint32_t index = decision.ticket.recipients[place];
    model::RecipientState& state = decision.message->recipients[index];
    if (verdict.counted) ++state.attempts;
    if (verdict.kind == Verdict::Kind::kDone) state.last_error.clear();
    if (!verdict.error.empty()) state.last_error = model::LastErrorOf(verdict.error);
    if (verdict.kind != Verdict::Kind::kRetry) {
      state.phase = model::Phase::kDone;
      continue;
    }
    absl::Time due = with_hop;
    if (verdict.wait == Verdict::Wait::kMessageInterval) due = later;
    if (verdict.wait == Verdict::Wait::kPause) due = now + kNotTriedPause;
    state.next_attempt = due;
    auto same = std::find_if(tickets.begin(), tickets.end(),
                             [due](const model::Ticket& ticket) { return ticket.due == due; });
    if (same == tickets.end()) {
      tickets.push_back(decision.ticket);
      same = std::prev(tickets.end());
      same->recipients.clear();
      same->due = due;
    }
    same->recipients.push_back(index);
  }
  return tickets;
}

ReportedRecipient Settler::Reported(const Decision& decision,
                                    DsnKind kind,
                                    std::size_t place) const {
  const std::uint32_t index = decision.ticket.recipients[place];
  ReportedRecipient reported;
  reported.recipient = decision.message->envelope.recipients[index];
  if (kind == DsnKind::kDelayed) {
    reported.error = decision.message->recipients[index].last_error;
    reported.status = StatusIn(reported.error).value_or(mail::transient::kDeliveryTimeExpired);
    reported.status.klass = 4;  // what is only delayed has not failed
    return reported;
  }
  const Verdict& verdict = decision.verdicts[place];
  reported.status = verdict.status;
  reported.error = verdict.error;
  if (decision.results.empty()) return reported;
  const smtp::RecipientResult& result = decision.results[place];
  reported.origin = result.origin;
  reported.reply = result.reply;
  reported.host = result.host;
  return reported;
}

Report Settler::ReportOf(const Decision& decision,
                         const Decision::Report& planned,
                         absl::Time now) const {
  const model::Message& message = *decision.message;
  Report report;
  report.kind = planned.kind;
  report.reporting_mta = terms_.server;
  const DsnRules& rules = rules_.For(message.envelope.sender);
  report.authority = rules.reporting_authority.empty() ? terms_.server : rules.reporting_authority;
  report.from = rules.postmaster_address.empty() ? base::Cat("postmaster@", report.authority)
                                                 : rules.postmaster_address;
  report.html = rules.send_html;
  report.to = message.envelope.sender;
  report.subject = message.subject;
  report.references = message.internet_message_id;
  report.envid = message.envelope.envid;
  report.smtputf8 = message.envelope.smtputf8;
  report.now = now;
  report.arrived = message.accepted;
  report.retry_until = message.expires;
  for (const std::size_t place : planned.places)
    report.recipients.push_back(Reported(decision, planned.kind, place));
  CutDiagnostics(report.recipients);
  return report;
}

model::MessagePtr Settler::MakeNotice(const Decision& decision,
                                      const Decision::Report& planned,
                                      const Original& original,
                                      absl::Time now) {
  Original part;
  part.headers = original.headers;
  if (planned.kind == DsnKind::kFailed && decision.original == OriginalPart::kWhole) {
    part.body = original.body;
    part.body_asked = decision.message->envelope.ret == mail::Ret::kFull;
  }
  Dsn dsn = BuildDsn(ReportOf(decision, planned, now), part, random_);

  auto notice = std::make_shared<model::Message>();
  notice->id = store_.NextId();
  notice->envelope.body = dsn.eight_bit ? mail::BodyType::k8BitMime : mail::BodyType::k7Bit;
  notice->envelope.smtputf8 = dsn.smtputf8;
  notice->envelope.require_tls = decision.message->envelope.require_tls;
  mail::Recipient to;
  to.address = decision.message->envelope.sender;
  to.notify = mail::kNotifyNever;
  notice->envelope.recipients.push_back(std::move(to));
  notice->recipients.resize(1);
  notice->size = dsn.bytes.size();
  notice->header_bytes = dsn.header_bytes;
  notice->eight_bit = dsn.eight_bit;
  notice->notice = true;
  notice->internet_message_id = dsn.message_id;
  notice->subject = dsn.subject;
  notice->source_name = "DSN";
  notice->accepted = now;
  notice->expires = now + terms_.message_expiration_timeout;
  notice->body = std::make_shared<const std::string>(std::move(dsn.bytes));
  return notice;
}

Settled Settler::Commit(Decision decision, Original original, model::MessageStore::Done done) {
  const absl::Time now = clock_.Now();
  Settled settled;
  settled.hop = decision.hop;
  for (const Decision::Report& planned : decision.reports) {
    settled.notices.push_back(MakeNotice(decision, planned, original, now));
    if (route_) route_(*settled.notices.back());
    probe_.Sent(planned.kind);
    POSTERN_LOG(kInfo, "settle", "made a dsn",
                {{"message_id", decision.message->id.ToString()},
                 {"notice_id", settled.notices.back()->id.ToString()},
                 {"kind", NameOf(planned.kind)},
                 {"recipients", planned.places.size()}});
  }
  if (decision.delayed) {
    for (const std::uint32_t index : decision.ticket.recipients)
      decision.message->recipients[index].delay_notified = true;
    decision.ticket.notify_delay_at = absl::InfiniteFuture();
    settled.tickets.push_back(decision.ticket);
  } else {
    settled.tickets = Apply(decision, now);
  }
  // An attempt that came to its end did not bring the process down.
  if (decision.attempted) decision.message->crashes = 0;

  model::Settlement settlement;
  settlement.message = decision.message;
  settlement.notices = settled.notices;
  settlement.in_hand = decision.in_hand;
  store_.Settle(std::move(settlement), std::move(done));
  return settled;
}

}  // namespace postern::settle
