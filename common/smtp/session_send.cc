// A transaction, as it goes over the wire:
//
//   PIPELINING and CHUNKING, small body at hand   MAIL RCPT... BDAT n LAST body | all replies
//   PIPELINING                                    MAIL RCPT... DATA | replies   body . | reply
//   neither                                       MAIL | RCPT | ... | DATA | body . |
//
// A large body goes by DATA, also to a peer with CHUNKING: no need to wait for an answer to each
// chunk.
//
// body_ended is set when the write that holds the last byte succeeds. A write that fails has kept
// back at least that byte, so the peer cannot have the end of the content, and the next host may be
// tried.
#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/smtp/dot_writer.h"
#include "common/smtp/session.h"

namespace postern::smtp {

namespace {

constexpr std::size_t kBesideBytesMax = 64 * 1024;
constexpr std::size_t kBlockBytes = 256 * 1024;

bool FitsOneChunk(const Outgoing& content) {
  return content.at_hand() && content.size() <= kBesideBytesMax;
}

}  // namespace

void Session::AppendMail(const Offer& offer) {
  mail::Envelope head;
  head.ret = offer.envelope.ret;
  head.envid = offer.envelope.envid;
  head.body = offer.eight_bit ? mail::BodyType::k8BitMime : mail::BodyType::k7Bit;
  head.smtputf8 = offer.envelope.smtputf8;
  head.require_tls = offer.require_tls;
  out_.append("MAIL FROM:<").append(offer.envelope.sender).append(">");
  out_.append(mail::MailParameters(head, capabilities_.Features(offer.size)));
  out_.append("\r\n");
}

void Session::AppendRecipient(const Offer& offer, std::size_t index) {
  const mail::Recipient& recipient = offer.envelope.recipients[offer.recipients[index]];
  out_.append("RCPT TO:<").append(recipient.address).append(">");
  if (capabilities_.dsn && !capabilities_.smtputf8 && !mail::IsAscii(recipient.orcpt)) {
    mail::Recipient plain;
    plain.notify = recipient.notify;
    out_.append(mail::RecipientParameters(plain));
  } else if (capabilities_.dsn) {
    out_.append(mail::RecipientParameters(recipient));
  }
  out_.append("\r\n");
}

void Session::AppendWhole(const Outgoing& content) {
  if (!content.first().empty()) parts_.push_back(content.first());
  parts_.push_back(content.rest());
}

io::Task<Transaction> Session::Send(const Offer& offer, Outgoing& content, bool beside) {
  POSTERN_CHECK(usable_ && !reset_due_ && !offer.recipients.empty());
  Transaction transaction;
  transaction.recipients.resize(offer.recipients.size());
  out_.clear();
  if (SpokeOutOfTurn(transaction)) co_return transaction;
  if (capabilities_.pipelining) {
    co_await SendTogether(offer, content, beside, transaction);
  } else {
    co_await SendStepwise(offer, content, transaction);
  }
  // One answer too many: whose turn it is nobody knows.
  if (!reader_.buffered().empty()) usable_ = false;
  const bool opened = transaction.mail.has_value() && transaction.mail->positive();
  const bool closed = transaction.body.has_value() &&
                      (transaction.body->positive() || transaction.data.has_value());
  reset_due_ = opened && !closed;
  co_return transaction;
}

io::Task<void> Session::SendTogether(const Offer& offer,
                                     Outgoing& content,
                                     bool beside,
                                     Transaction& into) {
  const bool chunk = beside && takes_bdat_ && capabilities_.chunking && FitsOneChunk(content);
  AppendMail(offer);
  for (std::size_t i = 0; i < offer.recipients.size(); ++i)
    AppendRecipient(offer, i);
  parts_.clear();
  if (chunk) {
    out_.append(base::Cat("BDAT ", content.size(), " LAST\r\n"));
    parts_.push_back(out_);
    AppendWhole(content);
  } else {
    out_.append("DATA\r\n");
    parts_.push_back(out_);
  }
  if (log_ != nullptr) log_->Sent(out_);
  const absl::Status written = co_await WriteParts(limits_.mail);
  if (!written.ok()) co_return Break(written, into);
  into.body_ended = into.by_bdat = chunk;

  const bool going_on = co_await HearEnvelope(into);
  if (!going_on) co_return;
  if (chunk) {
    co_await HearBody(into);
    // Such an answer is none of an envelope's that was taken whole: lines of content are behind it.
    const bool unknown = into.bdat_unknown() && into.accepted() == into.recipients.size();
    if (MayBeShifted() && !unknown) {
      into.body.reset();
      Break(absl::UnavailableError("the peer gave an answer too many"), into);
    }
  } else {
    co_await HearData(content, into);
  }
}

// The answer taken for that to the content may be one of the envelope's, said twice: it proves
// nothing. Words of leaving behind it are in order.
bool Session::MayBeShifted() {
  const std::string_view behind = reader_.buffered();
  return !behind.empty() && !behind.starts_with("421") && !behind.starts_with("221");
}

io::Task<void> Session::SendStepwise(const Offer& offer, Outgoing& content, Transaction& into) {
  AppendMail(offer);
  for (std::size_t i = 0; i <= offer.recipients.size(); ++i) {
    if (i > 0) AppendRecipient(offer, i - 1);
    if (SpokeOutOfTurn(into)) co_return;
    parts_.assign(1, out_);
    if (log_ != nullptr) log_->Sent(out_);
    const absl::Status written = co_await WriteParts(limits_.mail);
    if (!written.ok()) co_return Break(written, into);
    bool going_on = false;
    if (i == 0) {
      going_on = co_await HearMail(into);
    } else {
      going_on = co_await HearRecipient(i - 1, into);
    }
    if (!going_on || !into.mail->positive()) co_return;
    out_.clear();
  }
  if (into.accepted() == 0 || SpokeOutOfTurn(into)) co_return;

  const bool chunk = takes_bdat_ && capabilities_.chunking && FitsOneChunk(content);
  out_ = chunk ? base::Cat("BDAT ", content.size(), " LAST\r\n") : "DATA\r\n";
  parts_.assign(1, out_);
  if (chunk) AppendWhole(content);
  if (log_ != nullptr) log_->Sent(out_);
  into.stage = Stage::kData;
  const absl::Status written = co_await WriteParts(limits_.data);
  if (!written.ok()) co_return Break(written, into);
  into.body_ended = into.by_bdat = chunk;
  if (chunk) {
    co_await HearBody(into);
  } else {
    co_await HearData(content, into);
  }
}

bool Session::SpokeOutOfTurn(Transaction& into) {
  if (reader_.buffered().empty()) return false;
  Break(base::Error(absl::StatusCode::kUnavailable, "the peer spoke out of turn: \"",
                    base::Printable(reader_.buffered(), 80), "\""),
        into);
  return true;
}

// Only DATA is answered with 3xx: the peer counts differently than we do.
bool Session::OutOfTurn(const mail::Reply& reply, Transaction& into) {
  if (reply.code < 300 || reply.code >= 400) return false;
  Break(base::Error(absl::StatusCode::kUnavailable, NameOf(into.stage), " is answered with \"",
                    base::Printable(reply.ToString()), "\""),
        into);
  return true;
}

io::Task<bool> Session::HearMail(Transaction& into) {
  absl::StatusOr<mail::Reply> reply = co_await ReadReply(limits_.mail);
  if (!reply.ok()) {
    Break(reply.status(), into);
    co_return false;
  }
  if (OutOfTurn(*reply, into)) co_return false;
  into.mail = *std::move(reply);
  // A peer that leaves with this answer has taken nothing, whatever lies behind it on the wire.
  if (!usable_) into.body_ended = false;
  co_return usable_;
}

io::Task<bool> Session::HearRecipient(std::size_t index, Transaction& into) {
  into.stage = Stage::kRecipient;
  absl::StatusOr<mail::Reply> reply = co_await ReadReply(limits_.recipient);
  if (!reply.ok()) {
    Break(reply.status(), into);
    co_return false;
  }
  if (OutOfTurn(*reply, into)) co_return false;
  into.recipients[index] = *std::move(reply);
  if (!usable_) into.body_ended = false;
  co_return usable_;
}

io::Task<bool> Session::HearEnvelope(Transaction& into) {
  bool going_on = co_await HearMail(into);
  for (std::size_t i = 0; going_on && i < into.recipients.size(); ++i) {
    going_on = co_await HearRecipient(i, into);
  }
  co_return going_on;
}

io::Task<void> Session::HearBody(Transaction& into) {
  into.stage = Stage::kBody;
  absl::StatusOr<mail::Reply> reply = co_await ReadReply(limits_.final_dot);
  if (!reply.ok()) co_return Break(reply.status(), into);
  if (OutOfTurn(*reply, into)) co_return;
  into.body = *std::move(reply);
}

io::Task<void> Session::HearData(Outgoing& content, Transaction& into) {
  into.stage = Stage::kData;
  absl::StatusOr<mail::Reply> reply = co_await ReadReply(limits_.data);
  if (!reply.ok()) co_return Break(reply.status(), into);
  into.data = *std::move(reply);
  if (into.data->code != 354) {
    if (into.data->positive()) {
      const absl::Status error =
          base::Error(absl::StatusCode::kUnavailable, "data is answered with ",
                      base::Printable(into.data->ToString()));
      Break(error, into);
    }
    co_return;
  }
  if (!reader_.buffered().empty()) {
    // Whatever it says is no answer to content that it has not got.
    const absl::Status early = absl::UnavailableError("the peer spoke before the content began");
    co_return co_await HearEarly(limits_.data, early, into);
  }
  if (into.accepted() == 0 || !into.mail->positive()) {
    // Nobody is to get it: an empty message ends the exchange (RFC 2920 §3.1).
    const absl::StatusOr<mail::Reply> ended = co_await Ask(".", limits_.final_dot);
    if (!ended.ok()) co_return Break(ended.status(), into);
    OutOfTurn(*ended, into);
    co_return;
  }
  into.stage = Stage::kBody;
  if (content.at_hand()) {
    co_await SendWhole(content, into);
  } else {
    co_await SendStream(content, into);
  }
  if (into.body_ended) co_await HearBody(into);
}

io::Task<bool> Session::WriteBlock(bool final, Transaction& into) {
  const absl::Status written = co_await WriteParts(limits_.data_block);
  if (!written.ok()) {
    co_await HearEarly(limits_.quit, written, into);
    co_return false;
  }
  into.body_ended = final;
  co_return true;
}

// Under TLS the peer's tickets look the same as an answer; there a failed write tells soon enough.
bool Session::AnsweredEarly() {
  return !reader_.buffered().empty() || (!tls_facts_.has_value() && stream_->Disturbed());
}

io::Task<bool> Session::StopEarly(Transaction& into) {
  if (!AnsweredEarly()) co_return false;
  const absl::Status error = absl::UnavailableError("the peer spoke before the content ended");
  co_await HearEarly(limits_.data_block, error, into);
  co_return true;
}

// A refusal of the content may stand in what the peer sent before it stopped listening.
io::Task<void> Session::HearEarly(absl::Duration wait,
                                  const absl::Status& error,
                                  Transaction& into) {
  absl::StatusOr<mail::Reply> reply = co_await ReadReply(wait);
  Break(error, into);
  if (!reply.ok() || reply->positive()) co_return;
  into.body = *std::move(reply);
  into.error = absl::OkStatus();
}

io::Task<void> Session::SendWhole(Outgoing& content, Transaction& into) {
  DotWriter dots;
  std::string_view first = content.first();
  std::string_view rest = content.rest();
  bool going_on = true;
  while (going_on) {
    std::string_view& from = first.empty() ? rest : first;
    const std::string_view block = from.substr(0, kBlockBytes);
    from.remove_prefix(block.size());
    parts_.clear();
    dots.Add(block, parts_);
    if (first.empty() && rest.size() + block.size() <= kBlockBytes) {
      // A header that was written anew goes in one write with a body that is small.
      dots.Add(rest, parts_);
      rest = {};
    }
    const bool last = first.empty() && rest.empty();
    if (last) dots.Finish(parts_);
    going_on = co_await WriteBlock(last, into);
    if (!going_on || into.body_ended) co_return;
    const bool stopped = co_await StopEarly(into);
    going_on = !stopped;
  }
}

io::Task<void> Session::SendStream(Outgoing& content, Transaction& into) {
  DotWriter dots;
  absl::Status failed = co_await content.Rewind();
  while (failed.ok()) {
    const absl::StatusOr<std::string_view> view = co_await content.Next();
    if (!view.ok()) {
      failed = view.status();
      break;
    }
    parts_.clear();
    if (view->empty()) {
      dots.Finish(parts_);
      break;
    }
    dots.Add(*view, parts_);
    const bool stopped = co_await StopEarly(into);
    if (stopped) co_return;
    const bool going_on = co_await WriteBlock(false, into);
    if (!going_on) co_return;
  }
  if (!failed.ok()) {
    // Without the dot the peer throws away what it has.
    into.body_failed = true;
    co_return Break(failed, into);
  }
  co_await WriteBlock(true, into);
}

}  // namespace postern::smtp
