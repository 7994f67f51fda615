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

bool FitsOneChunk(std::string_view whole) {
  return !whole.empty() && whole.size() <= kBesideBytesMax;
}

}  // namespace

void Session::AppendMail(const Offer& offer) {
  mail::Envelope head;
  head.ret = offer.envelope.ret;
  head.envid = offer.envelope.envid;
  head.body = offer.eight_bit ? mail::BodyType::k8BitMime : mail::BodyType::k7Bit;
  head.smtputf8 = offer.envelope.smtputf8;
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

io::Task<Transaction> Session::Send(const Offer& offer, BodySource& body, bool beside) {
  POSTERN_CHECK(usable_ && !reset_due_ && !offer.recipients.empty());
  Transaction transaction;
  transaction.recipients.resize(offer.recipients.size());
  out_.clear();
  if (!reader_.buffered().empty()) {
    Break(absl::UnavailableError("the peer spoke out of turn"), transaction);
  } else if (capabilities_.pipelining) {
    co_await SendTogether(offer, body, beside, transaction);
  } else {
    co_await SendStepwise(offer, body, transaction);
  }
  const bool opened = transaction.mail.has_value() && transaction.mail->positive();
  const bool closed = transaction.body.has_value() &&
                      (transaction.body->positive() || transaction.data.has_value());
  reset_due_ = opened && !closed;
  co_return transaction;
}

io::Task<void> Session::SendTogether(const Offer& offer,
                                     BodySource& body,
                                     bool beside,
                                     Transaction& into) {
  const std::string_view whole = body.whole();
  const bool chunk = beside && capabilities_.chunking && FitsOneChunk(whole);
  AppendMail(offer);
  for (std::size_t i = 0; i < offer.recipients.size(); ++i)
    AppendRecipient(offer, i);
  parts_.clear();
  if (chunk) {
    out_.append(base::Cat("BDAT ", whole.size(), " LAST\r\n"));
    parts_.push_back(out_);
    parts_.push_back(whole);
  } else {
    out_.append("DATA\r\n");
    parts_.push_back(out_);
  }
  const absl::Status written = co_await WriteParts(limits_.mail);
  if (!written.ok()) co_return Break(written, into);
  into.body_ended = chunk;

  const bool going_on = co_await HearEnvelope(into);
  if (!going_on) co_return;
  if (chunk) {
    co_await HearBody(into);
  } else {
    co_await HearData(body, into);
  }
}

io::Task<void> Session::SendStepwise(const Offer& offer, BodySource& body, Transaction& into) {
  AppendMail(offer);
  for (std::size_t i = 0; i <= offer.recipients.size(); ++i) {
    if (i > 0) AppendRecipient(offer, i - 1);
    parts_.assign(1, out_);
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
  if (into.accepted() == 0) co_return;

  const std::string_view whole = body.whole();
  const bool chunk = capabilities_.chunking && FitsOneChunk(whole);
  out_ = chunk ? base::Cat("BDAT ", whole.size(), " LAST\r\n") : "DATA\r\n";
  parts_.assign(1, out_);
  if (chunk) parts_.push_back(whole);
  into.stage = Stage::kData;
  const absl::Status written = co_await WriteParts(limits_.data);
  if (!written.ok()) co_return Break(written, into);
  into.body_ended = chunk;
  if (chunk) {
    co_await HearBody(into);
  } else {
    co_await HearData(body, into);
  }
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

io::Task<void> Session::HearData(BodySource& body, Transaction& into) {
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
  if (into.accepted() == 0 || !into.mail->positive()) {
    // Nobody is to get it: an empty message ends the exchange (RFC 2920 §3.1).
    const absl::StatusOr<mail::Reply> ended = co_await Ask(".", limits_.final_dot);
    if (!ended.ok()) Break(ended.status(), into);
    co_return;
  }
  into.stage = Stage::kBody;
  const std::string_view whole = body.whole();
  if (whole.empty()) {
    co_await SendStream(body, into);
  } else {
    co_await SendWhole(whole, into);
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

io::Task<void> Session::SendWhole(std::string_view content, Transaction& into) {
  DotWriter dots;
  bool going_on = true;
  while (going_on) {
    const std::string_view block = content.substr(0, kBlockBytes);
    content.remove_prefix(block.size());
    parts_.clear();
    dots.Add(block, parts_);
    if (content.empty()) dots.Finish(parts_);
    going_on = co_await WriteBlock(content.empty(), into);
    if (!going_on || into.body_ended) co_return;
    const bool stopped = co_await StopEarly(into);
    going_on = !stopped;
  }
}

io::Task<void> Session::SendStream(BodySource& body, Transaction& into) {
  DotWriter dots;
  std::uint64_t sent = 0;
  absl::Status failed = co_await body.Rewind();
  while (failed.ok()) {
    const absl::StatusOr<std::string_view> view = co_await body.Next();
    if (!view.ok()) {
      failed = view.status();
      break;
    }
    sent += view->size();
    parts_.clear();
    if (view->empty()) {
      if (sent == body.size()) dots.Finish(parts_);
      break;
    }
    dots.Add(*view, parts_);
    const bool stopped = co_await StopEarly(into);
    if (stopped) co_return;
    const bool going_on = co_await WriteBlock(false, into);
    if (!going_on) co_return;
  }
  if (failed.ok() && sent != body.size()) {
    failed = base::Error(absl::StatusCode::kDataLoss, "the content has ", sent,
                         " bytes instead of ", body.size());
  }
  if (!failed.ok()) {
    // Without the dot the peer throws away what it has.
    into.body_failed = true;
    co_return Break(failed, into);
  }
  co_await WriteBlock(true, into);
}

}  // namespace postern::smtp
