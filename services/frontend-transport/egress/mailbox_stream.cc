#include "services/frontend-transport/egress/mailbox_stream.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/enhanced_status.h"
#include "common/observe/log.h"
#include "common/smtp/wire.h"

namespace postern::egress {

MailboxStream::MailboxStream(io::Executor& executor,
                             smtp::Engine& engine,
                             const EgressSettings& settings,
                             Probe& probe,
                             std::shared_ptr<rpc::ToMailbox> stream,
                             std::string caller,
                             Attempted attempted,
                             std::function<void(MailboxStream*)> finished)
    : engine_(engine),
      settings_(settings),
      probe_(probe),
      stream_(std::move(stream)),
      caller_(std::move(caller)),
      attempted_(std::move(attempted)),
      finished_(std::move(finished)),
      deliveries_(executor),
      leaving_(executor),
      ending_(executor) {
  probe_.StreamOpened();
  POSTERN_LOG(kInfo, "egress", "stream opened", {{"caller", caller_}});
}

void MailboxStream::GiveCredit(std::uint32_t slots) {
  if (slots == slots_) return;
  slots_ = slots;
  v1::ProxyToMailbox frame;
  frame.mutable_credit()->set_slots(slots);
  stream_->Send(std::move(frame));
}

void MailboxStream::GoAway(const std::string& reason) {
  if (closed_ || std::exchange(going_away_, true)) return;
  v1::ProxyToMailbox frame;
  frame.mutable_go_away()->set_reason(reason);
  stream_->Send(std::move(frame));
  leaving_.Spawn(LeaveWhenEmpty());
}

void MailboxStream::Tell(const v1::Destination& destination) {
  if (closed_) return;
  v1::ProxyToMailbox frame;
  *frame.add_destinations() = destination;
  stream_->Send(std::move(frame));
}

io::Task<void> MailboxStream::LeaveWhenEmpty() {
  co_await deliveries_.Join();
  // An offer that crossed our word is refused, not left without an outcome.
  if (!closed_) co_await left_.Until(kCallerEndMax);
  stream_->Close();
}

void MailboxStream::OnFrame(v1::ProxyToFrontEnd frame) {
  for (v1::Offer& offer : *frame.mutable_offers())
    Take(offer);
  for (v1::Data& data : *frame.mutable_data()) {
    const auto found = open_.find(data.delivery());
    if (found != open_.end()) found->second->Add(std::move(data));
  }
  for (const v1::Cancel& cancel : frame.cancels()) {
    const auto found = open_.find(cancel.delivery());
    if (found != open_.end())
      found->second->Cancel(absl::CancelledError("cancelled by the caller"));
    Answer(cancel.delivery(), false);
  }
  for (const v1::Admission& admission : frame.admissions())
    Answer(admission.delivery(), admission.admitted());
}

void MailboxStream::Take(v1::Offer& offer) {
  if (open_.size() >= slots_) {
    return Refuse(offer, base::Error(absl::StatusCode::kResourceExhausted, "more than ", slots_,
                                     " deliveries on one stream"));
  }
  if (going_away_ || closed_) return Refuse(offer, absl::UnavailableError("going away"));
  if (offer.first().size() > offer.size() || open_.contains(offer.delivery())) {
    return Refuse(offer, absl::InvalidArgumentError("the offer contradicts itself"));
  }
  auto body = std::make_shared<OfferedBody>(
      offer.delivery(), offer.size(), std::move(*offer.mutable_first()),
      *settings_.body_stall_timeout,
      [stream = stream_](v1::ProxyToMailbox frame) { stream->Send(std::move(frame)); });
  open_.emplace(offer.delivery(), body);
  probe_.OfferTaken();
  auto owned = std::make_shared<v1::Offer>();
  owned->Swap(&offer);
  deliveries_.Spawn(Serve(std::move(owned), std::move(body)));
}

void MailboxStream::Refuse(const v1::Offer& offer, absl::Status why) {
  probe_.OfferRefused();
  SendFailure(offer, std::move(why), mail::transient::kSystemIncorrectlyConfigured);
}

io::Task<bool> MailboxStream::Admits(const v1::Offer& offer,
                                     std::string mx_set,
                                     absl::Duration ttl) {
  if (mx_set == offer.mx_set()) co_return true;
  Question question;
  asking_.emplace(offer.delivery(), &question);
  v1::ProxyToMailbox frame;
  v1::Ask& ask = *frame.add_asks();
  ask.set_delivery(offer.delivery());
  ask.set_mx_set(std::move(mx_set));
  ask.set_ttl_seconds(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(absl::ToInt64Seconds(ttl), 0, UINT32_MAX)));
  stream_->Send(std::move(frame));
  const absl::Status answered = co_await question.answered.Until(kAdmissionMax);
  asking_.erase(offer.delivery());
  co_return answered.ok() && question.admitted;
}

void MailboxStream::Answer(std::uint64_t delivery, bool admitted) {
  const auto found = asking_.find(delivery);
  if (found == asking_.end()) return;
  found->second->admitted = admitted;
  found->second->answered.NotifyAll();
}

// Nothing was tried, which says nothing of anybody: its caller knows why, or was too slow.
void MailboxStream::LeaveUntried(const v1::Offer& offer) {
  open_.erase(offer.delivery());
  probe_.LeftUntried();
  if (closed_) return;
  SendFailure(offer, absl::CancelledError("not admitted by the caller"),
              mail::transient::kSystemNotAcceptingNetworkMessages);
}

void MailboxStream::SendFailure(const v1::Offer& offer,
                                absl::Status why,
                                mail::EnhancedStatus status) {
  const auto recipients = static_cast<std::size_t>(offer.envelope().recipients_size());
  SendOutcome(offer.delivery(),
              smtp::Outcome::Failed(recipients, smtp::Origin::kFrontEnd, std::move(why), status));
}

io::Task<void> MailboxStream::Serve(std::shared_ptr<v1::Offer> offer,
                                    std::shared_ptr<OfferedBody> body) {
  const absl::Time started = absl::Now();
  smtp::Outcome outcome;
  auto delivery = smtp::DeliveryFromWire(*offer);
  if (delivery.ok()) {
    if (offer->has_mx_set()) {
      delivery->admits = [this, offer](std::string mx_set, absl::Duration ttl) {
        return Admits(*offer, std::move(mx_set), ttl);
      };
    }
    outcome = co_await engine_.Attempt(*delivery, *body);
    if (outcome.put_off) co_return LeaveUntried(*offer);
    attempted_(*delivery, outcome);
  } else {
    outcome = smtp::Outcome::Failed(static_cast<std::size_t>(offer->envelope().recipients_size()),
                                    smtp::Origin::kFrontEnd, delivery.status(),
                                    mail::transient::kSystemIncorrectlyConfigured);
  }
  open_.erase(offer->delivery());
  probe_.Settled(outcome, absl::Now() - started);
  POSTERN_LOG(kDebug, "egress", "delivery ended",
              {{"connector", offer->policy().connector()},
               {"next_hop", offer->route().domain()},
               {"hosts", outcome.hosts.size()},
               {"body_ended", outcome.body_ended},
               {"ambiguous", outcome.ambiguous}});
  if (!closed_) SendOutcome(offer->delivery(), outcome);
}

void MailboxStream::SendOutcome(std::uint64_t delivery, const smtp::Outcome& outcome) {
  v1::ProxyToMailbox frame;
  v1::DeliveryOutcome& wire = *frame.add_outcomes();
  wire.set_delivery(delivery);
  smtp::ToWire(outcome, *wire.mutable_outcome());
  stream_->Send(std::move(frame));
}

void MailboxStream::OnClosed(absl::Status status) {
  closed_ = true;
  left_.NotifyAll();
  POSTERN_LOG(kInfo, "egress", "stream ended",
              {{"caller", caller_}, {"deliveries_open", open_.size()}, {"status", status}});
  for (const auto& [delivery, body] : open_)
    body->Cancel(absl::CancelledError("stream lost"));
  deliveries_.Stop();

  struct Finish {
    static io::Task<void> Run(MailboxStream* self) {
      co_await self->deliveries_.Join();
      co_await self->leaving_.Join();
      self->probe_.StreamEnded();
      // The owner destroys the stream on a later turn of the loop, when this fiber has ended.
      self->finished_(self);
    }
  };

  ending_.Spawn(Finish::Run(this));
}

}  // namespace postern::egress
