// tests/services/mailbox-transport/deliver/scripted_front_end.h
//
// The front end's side of a proxy stream, which says what the test tells it to.
//
// Lifetime  Everything on the executor of the stream.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"

#include "common/rpc/frame_stream.h"
#include "common/smtp/wire.h"

namespace postern::deliver {

class ScriptedFrontEnd final : public rpc::ToMailbox::Handler {
 public:
  void Uses(std::shared_ptr<rpc::ToMailbox> stream) { stream_ = std::move(stream); }

  void Credit(std::uint32_t slots) {
    v1::ProxyToMailbox frame;
    frame.mutable_credit()->set_slots(slots);
    stream_->Send(std::move(frame));
  }

  void GoAway() {
    v1::ProxyToMailbox frame;
    frame.mutable_go_away()->set_reason("test");
    stream_->Send(std::move(frame));
  }

  // With a window merged into the same frame when it is not 0.
  void Ready(std::uint64_t delivery, std::uint32_t round, std::uint32_t window_bytes = 0) {
    v1::ProxyToMailbox frame;
    frame.add_ready()->set_delivery(delivery);
    frame.mutable_ready(0)->set_round(round);
    if (window_bytes != 0) {
      frame.add_windows()->set_delivery(delivery);
      frame.mutable_windows(0)->set_bytes(window_bytes);
    }
    stream_->Send(std::move(frame));
  }

  void Window(std::uint64_t delivery, std::uint32_t bytes) {
    v1::ProxyToMailbox frame;
    frame.add_windows()->set_delivery(delivery);
    frame.mutable_windows(0)->set_bytes(bytes);
    stream_->Send(std::move(frame));
  }

  void Ask(std::uint64_t delivery, const std::string& mx_set, std::uint32_t ttl_seconds = 300) {
    v1::ProxyToMailbox frame;
    v1::Ask& ask = *frame.add_asks();
    ask.set_delivery(delivery);
    ask.set_mx_set(mx_set);
    ask.set_ttl_seconds(ttl_seconds);
    stream_->Send(std::move(frame));
  }

  // No mail exchanger of the domain answers, for the next minute.
  void Block(const std::string& domain, const std::string& mx_set) {
    v1::ProxyToMailbox frame;
    v1::Destination& told = *frame.add_destinations();
    told.set_domain(domain);
    told.set_mx_set_id(mx_set);
    told.set_ttl_seconds(300);
    told.set_blocked_until_unix_ms(
        static_cast<std::uint64_t>(absl::ToUnixMillis(absl::Now() + absl::Minutes(1))));
    stream_->Send(std::move(frame));
  }

  // The remote said so to every recipient.
  void Answer(std::uint64_t delivery, int code, std::size_t recipients = 1) {
    smtp::Outcome outcome;
    smtp::RecipientResult result;
    result.origin = smtp::Origin::kRemote;
    mail::Reply reply;
    reply.code = code;
    reply.lines = {"2.0.0 as told"};
    result.reply = reply;
    outcome.recipients.assign(recipients, result);
    outcome.body_ended = true;
    Send(delivery, outcome);
  }

  // The front end itself could not.
  void Fail(std::uint64_t delivery) {
    Send(delivery, smtp::Outcome::Failed(1, smtp::Origin::kFrontEnd,
                                         absl::UnavailableError("the front end is full"),
                                         mail::EnhancedStatus{4, 3, 2}));
  }

  void Leave() { stream_->Close(); }

  void OnFrame(v1::ProxyToFrontEnd frame) override {
    for (const v1::Offer& offer : frame.offers()) {
      offers.push_back(offer);
      if (answers_at_once != 0) Answer(offer.delivery(), answers_at_once);
      if (fails_at_once) Fail(offer.delivery());
    }
    for (const v1::Data& data : frame.data()) {
      content[data.round()] += data.bytes();
      ended |= data.last();
    }
    for (const v1::Cancel& cancel : frame.cancels())
      cancelled.push_back(cancel.delivery());
    for (const v1::Admission& admission : frame.admissions())
      admitted.push_back(admission.admitted());
  }

  void OnClosed(absl::Status) override {
    closed = true;
    stream_ = nullptr;
  }

  std::vector<v1::Offer> offers;
  std::map<std::uint32_t, std::string> content;  // by round
  std::vector<std::uint64_t> cancelled;
  std::vector<bool> admitted;
  bool ended = false;  // the last part came
  bool closed = false;
  int answers_at_once = 0;
  bool fails_at_once = false;

 private:
  void Send(std::uint64_t delivery, const smtp::Outcome& outcome) {
    v1::ProxyToMailbox frame;
    frame.add_outcomes()->set_delivery(delivery);
    smtp::ToWire(outcome, *frame.mutable_outcomes(0)->mutable_outcome());
    stream_->Send(std::move(frame));
  }

  std::shared_ptr<rpc::ToMailbox> stream_;
};

}  // namespace postern::deliver
