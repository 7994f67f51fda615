#include "services/mailbox-transport/deliver/front_end_stream.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/dns/mx_set.h"
#include "common/mail/enhanced_status.h"
#include "common/smtp/wire.h"

namespace postern::deliver {

namespace {

// The front end fails a delivery at its deadline; its word is awaited this much longer.
constexpr absl::Duration kOutcomeGrace = absl::Seconds(30);

}  // namespace

// One delivery between its offer and its outcome.
struct FrontEndStream::Pending {
  std::uint64_t delivery = 0;
  std::size_t recipients = 0;
  absl::Time deadline;
  std::uint32_t round = 0;   // of the last Ready; 0 until content is wanted
  std::uint64_t window = 0;  // bytes that may still be sent in this round
  bool last_sent = false;    // the whole body of this round has been handed over
  bool may_be_out = false;   // ... or of an earlier one that some recipients may have had
  bool lost = false;         // the stream ended first
  std::optional<v1::Ask> asked;
  bool put_off = false;  // ... and answered with no: its outcome says nothing
  std::optional<smtp::Outcome> outcome;
  io::Event changed;

  bool over() const { return lost || outcome.has_value(); }
};

FrontEndStream::FrontEndStream(std::string front_end, std::function<void()> changed, Told told)
    : front_end_(std::move(front_end)), changed_(std::move(changed)), told_(std::move(told)) {}

FrontEndStream::~FrontEndStream() {
  POSTERN_CHECK(closed() && pending_.empty());
}

void FrontEndStream::Attach(std::shared_ptr<rpc::ToFrontEnd> stream) {
  POSTERN_CHECK(closed());
  stream_ = std::move(stream);
  slots_ = 0;
  had_slots_ = going_away_ = false;
  ++openings_;
}

bool FrontEndStream::HasSlot(const std::string& hop) const {
  if (!usable() || pending_.size() >= slots_) return false;
  const auto used = in_use_by_hop_.find(hop);
  return used == in_use_by_hop_.end() || used->second < std::max(1U, slots_ / 4);
}

io::Task<smtp::Outcome> FrontEndStream::Deliver(const smtp::Delivery& delivery,
                                                std::string hop,
                                                smtp::BodySource& body) {
  POSTERN_CHECK(HasSlot(hop));
  Pending pending;
  pending.delivery = ++last_delivery_;
  pending.recipients = delivery.envelope.recipients.size();
  pending_.emplace(pending.delivery, &pending);
  ++in_use_by_hop_[hop];

  smtp::Outcome outcome = co_await Await(delivery, pending, body);

  pending_.erase(pending.delivery);
  if (--in_use_by_hop_[hop] == 0) in_use_by_hop_.erase(hop);
  if (pending.put_off) {
    outcome = smtp::Outcome();
    outcome.recipients.resize(pending.recipients);
    outcome.put_off = true;
  }
  LeaveIfDone();
  changed_();
  co_return outcome;
}

io::Task<smtp::Outcome> FrontEndStream::Await(const smtp::Delivery& delivery,
                                              Pending& pending,
                                              smtp::BodySource& body) {
  pending.deadline = absl::Now() + delivery.deadline + kOutcomeGrace;
  absl::Status sent = co_await SendOffer(delivery, pending, body);
  std::uint32_t rounds_sent = 0;
  while (sent.ok() && !pending.over()) {
    if (pending.asked) {
      co_await Admit(delivery, pending);
      continue;
    }
    if (!pending.last_sent && pending.round > rounds_sent) {
      rounds_sent = pending.round;
      sent = co_await SendBody(pending, body);
      continue;
    }
    const absl::Status waited = co_await pending.changed.Until(pending.deadline - absl::Now());
    if (!waited.ok() && !pending.over()) {
      SendCancel(pending);
      co_return Lost(delivery, pending, waited);
    }
  }
  if (!sent.ok() && !pending.over()) {
    SendCancel(pending);
    if (absl::Now() >= pending.deadline) co_return Lost(delivery, pending, sent);
    // Our own content cannot be had: the front end closes without a dot.
    smtp::Outcome outcome = smtp::Outcome::Failed(pending.recipients, smtp::Origin::kLocal, sent,
                                                  mail::transient::kOtherMailSystemStatus);
    outcome.body_ended = outcome.ambiguous = pending.may_be_out;
    co_return outcome;
  }
  if (pending.outcome) co_return std::move(*pending.outcome);
  co_return Lost(delivery, pending, last_error_);
}

io::Task<absl::Status> FrontEndStream::SendOffer(const smtp::Delivery& delivery,
                                                 Pending& pending,
                                                 smtp::BodySource& body) {
  v1::ProxyToFrontEnd frame;
  v1::Offer& offer = *frame.add_offers();
  smtp::ToWire(delivery, offer);
  offer.set_delivery(pending.delivery);
  const std::uint64_t most = std::max<std::uint64_t>(kOfferBodyBytesMax, delivery.header_bytes);
  const bool whole = body.size() <= most;
  std::string first(body.whole().substr(0, most));
  if (first.empty()) {
    POSTERN_CO_RETURN_IF_ERROR(co_await body.Rewind());
    while (first.size() < std::min<std::uint64_t>(body.size(), most)) {
      const auto part = co_await body.Next();
      if (!part.ok()) co_return part.status();
      if (part->empty()) co_return absl::DataLossError("the content is shorter than its size");
      first.append(part->substr(0, most - first.size()));
    }
  }
  offer.set_first(std::move(first));
  if (going_away_ || stream_ == nullptr) pending.lost = true;
  if (pending.over()) co_return absl::OkStatus();
  pending.last_sent = pending.may_be_out = whole;
  stream_->Send(std::move(frame));
  co_return absl::OkStatus();
}

// Sends the body of the current round from its beginning, until it is out, another round is asked
// for, or the delivery is over.
io::Task<absl::Status> FrontEndStream::SendBody(Pending& pending, smtp::BodySource& body) {
  const std::uint32_t round = pending.round;
  POSTERN_CO_RETURN_IF_ERROR(co_await body.Rewind());
  std::uint64_t left = body.size();
  while (left > 0 && !pending.over() && pending.round == round) {
    const auto next = co_await body.Next();
    if (!next.ok()) co_return next.status();
    if (next->empty()) co_return absl::DataLossError("the content is shorter than its size");
    std::string_view rest = *next;
    while (!rest.empty() && !pending.over() && pending.round == round) {
      const std::string_view part = rest.substr(0, kDataBytesMax);
      rest.remove_prefix(part.size());
      left -= part.size();
      POSTERN_CO_RETURN_IF_ERROR(co_await SendPart(pending, round, part, left == 0));
    }
  }
  co_return absl::OkStatus();
}

io::Task<absl::Status> FrontEndStream::SendPart(Pending& pending,
                                                std::uint32_t round,
                                                std::string_view part,
                                                bool last) {
  // The front end fails a delivery whose body stalls; unless it stands still itself.
  while (pending.window < part.size() && !pending.over() && pending.round == round) {
    const absl::Duration left = pending.deadline - absl::Now();
    POSTERN_CO_RETURN_IF_ERROR(co_await pending.changed.Until(left));
  }
  if (pending.over() || pending.round != round) co_return absl::OkStatus();
  v1::ProxyToFrontEnd frame;
  v1::Data& data = *frame.add_data();
  data.set_delivery(pending.delivery);
  data.set_bytes(std::string(part));
  data.set_last(last);
  data.set_round(round);
  pending.window -= part.size();
  pending.last_sent = last;
  pending.may_be_out = pending.may_be_out || last;
  stream_->Send(std::move(frame));
  co_return absl::OkStatus();
}

io::Task<void> FrontEndStream::Admit(const smtp::Delivery& delivery, Pending& pending) {
  const v1::Ask ask = *std::exchange(pending.asked, std::nullopt);
  bool admitted = true;
  if (delivery.admits) {
    // A name that is none of ours is of no set.
    std::string mx_set = ask.mx_set().size() <= dns::kMxSetNameMax ? ask.mx_set() : std::string();
    admitted = co_await delivery.admits(std::move(mx_set), absl::Seconds(ask.ttl_seconds()));
  }
  pending.put_off = !admitted;
  if (stream_ == nullptr || pending.over()) co_return;
  v1::ProxyToFrontEnd frame;
  v1::Admission& admission = *frame.add_admissions();
  admission.set_delivery(pending.delivery);
  admission.set_admitted(admitted);
  stream_->Send(std::move(frame));
}

void FrontEndStream::SendCancel(const Pending& pending) {
  if (stream_ == nullptr) return;
  v1::ProxyToFrontEnd frame;
  frame.add_cancels()->set_delivery(pending.delivery);
  stream_->Send(std::move(frame));
}

smtp::Outcome FrontEndStream::Lost(const smtp::Delivery& delivery,
                                   const Pending& pending,
                                   absl::Status why) const {
  smtp::Outcome outcome = smtp::Outcome::Failed(
      delivery.envelope.recipients.size(), smtp::Origin::kFrontEnd,
      base::Annotate(why.ok() ? absl::UnavailableError("the stream ended") : why,
                     base::Cat("front end ", front_end_)),
      mail::transient::kBadConnection);
  outcome.body_ended = outcome.ambiguous = pending.may_be_out;
  return outcome;
}

void FrontEndStream::LeaveIfDone() {
  if (going_away_ && pending_.empty() && stream_ != nullptr) stream_->Close();
}

void FrontEndStream::End() {
  if (stream_ == nullptr) return;
  if (pending_.empty()) {
    stream_->Close();
  } else {
    stream_->Abort();
  }
}

void FrontEndStream::Abort() {
  if (stream_ != nullptr) stream_->Abort();
}

void FrontEndStream::OnFrame(v1::ProxyToMailbox frame) {
  if (frame.has_credit()) slots_ = frame.credit().slots();
  had_slots_ = had_slots_ || slots_ > 0;
  if (frame.has_go_away()) {
    going_away_ = true;
    LeaveIfDone();
  }
  // Before what is ready: beside it in one frame a window is of the round before.
  for (const v1::Window& window : frame.windows()) {
    const auto found = pending_.find(window.delivery());
    if (found == pending_.end()) continue;
    found->second->window += window.bytes();
    found->second->changed.NotifyAll();
  }
  for (const v1::Ready& ready : frame.ready()) {
    const auto found = pending_.find(ready.delivery());
    if (found == pending_.end()) continue;
    found->second->round = ready.round();
    found->second->window = rpc::kBodyWindowBytes;
    // The body starts again. For a single recipient that is another host, as the last one failed
    // before the last byte. Of several some may have had it in a transaction before.
    found->second->last_sent = false;
    if (found->second->recipients == 1) found->second->may_be_out = false;
    found->second->changed.NotifyAll();
  }
  for (v1::Ask& ask : *frame.mutable_asks()) {
    const auto found = pending_.find(ask.delivery());
    if (found == pending_.end()) continue;
    found->second->asked = std::move(ask);
    found->second->changed.NotifyAll();
  }
  for (const v1::Destination& destination : frame.destinations()) {
    if (told_) told_(destination);
  }
  for (v1::DeliveryOutcome& outcome : *frame.mutable_outcomes())
    TakeOutcome(outcome);
  if (frame.has_credit() || frame.has_go_away()) changed_();
}

void FrontEndStream::TakeOutcome(v1::DeliveryOutcome& outcome) {
  const auto found = pending_.find(outcome.delivery());
  if (found == pending_.end()) return;  // we gave it up before
  Pending& pending = *found->second;
  auto result = smtp::OutcomeFromWire(outcome.outcome(), pending.recipients);
  if (!result.ok()) {
    result = smtp::Outcome::Failed(pending.recipients, smtp::Origin::kFrontEnd, result.status(),
                                   mail::transient::kSystemIncorrectlyConfigured);
    result->ambiguous = pending.may_be_out;
  }
  pending.outcome = std::move(*result);
  pending.changed.NotifyAll();
}

void FrontEndStream::OnClosed(absl::Status status) {
  last_error_ = std::move(status);
  stream_ = nullptr;
  slots_ = 0;
  for (const auto& [delivery, pending] : pending_) {
    pending->lost = true;
    pending->changed.NotifyAll();
  }
  changed_();
}

}  // namespace postern::deliver
