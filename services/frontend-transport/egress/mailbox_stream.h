// services/frontend-transport/egress/mailbox_stream.h
//
// MailboxStream: the front end's side of one proxy stream: takes offers, delivers them, answers
// each once.
//
// Flow      Made with its stream, gives Credit; each Offer becomes a fiber with one Outcome, which
//           asks its caller before the first connection to an MX set in which it has no place;
//           GoAway before the end of the service.
// Failure   Offers beyond the credit, or malformed, get an Outcome of Origin::kFrontEnd. When the
//           stream is lost every SMTP conversation is closed at once, without a final dot.
// Lifetime  Owned by the service; it may be destroyed after finished(). One executor.
// Limits    egress.slots_per_stream_max deliveries; 64 KiB each, 256 KiB more for a large one. The
//           answer to a question is awaited for kAdmissionMax.
// See       docs/architecture.md "Egress"; proto/postern/v1/proxy.proto

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/io/event.h"
#include "common/io/scope.h"
#include "common/mail/enhanced_status.h"
#include "common/rpc/frame_stream.h"
#include "common/smtp/engine.h"
#include "services/frontend-transport/egress/offered_body.h"
#include "services/frontend-transport/egress/probe.h"
#include "services/frontend-transport/egress/settings.h"

namespace postern::egress {

// How long a caller may take to end a stream on which nothing is left.
inline constexpr absl::Duration kCallerEndMax = absl::Seconds(2);
// How long a caller may take to say whether hosts may be connected to.
inline constexpr absl::Duration kAdmissionMax = absl::Seconds(30);

class MailboxStream final : public rpc::ToMailbox::Handler {
 public:
  using Attempted = std::function<void(const smtp::Delivery&, const smtp::Outcome&)>;

  // `attempted` is called before an outcome is sent; `finished` when the stream has ended and no
  // delivery is left.
  MailboxStream(io::Executor& executor,
                smtp::Engine& engine,
                const EgressSettings& settings,
                Probe& probe,
                std::shared_ptr<rpc::ToMailbox> stream,
                std::string caller,
                Attempted attempted,
                std::function<void(MailboxStream*)> finished);

  // How many deliveries the caller may have open; may shrink, then those that are open still end.
  void GiveCredit(std::uint32_t slots);
  // Tells the caller to bring nothing more. When the last delivery has its outcome the caller ends
  // the stream, so that every offer on its way is answered; after kCallerEndMax we do.
  void GoAway(const std::string& reason);
  // What the caller should know of a destination.
  void Tell(const v1::Destination& destination);

  void Abort() { stream_->Abort(); }

  std::size_t open() const { return open_.size(); }

  void OnFrame(v1::ProxyToFrontEnd frame) override;
  void OnClosed(absl::Status status) override;

 private:
  struct Question {
    bool admitted = false;
    io::Event answered;
  };

  io::Task<void> Serve(std::shared_ptr<v1::Offer> offer, std::shared_ptr<OfferedBody> body);
  // Whether hosts of this MX set may be connected to; only a set that the offer does not name is a
  // question for its caller.
  io::Task<bool> Admits(const v1::Offer& offer, std::string mx_set, absl::Duration ttl);
  void Answer(std::uint64_t delivery, bool admitted);
  void LeaveUntried(const v1::Offer& offer);
  io::Task<void> LeaveWhenEmpty();
  void Take(v1::Offer& offer);
  void Refuse(const v1::Offer& offer, absl::Status why);
  // The outcome of an offer of which nothing was sent.
  void SendFailure(const v1::Offer& offer, absl::Status why, mail::EnhancedStatus status);
  void SendOutcome(std::uint64_t delivery, const smtp::Outcome& outcome);

  smtp::Engine& engine_;
  const EgressSettings& settings_;
  Probe& probe_;
  std::shared_ptr<rpc::ToMailbox> stream_;
  std::string caller_;
  Attempted attempted_;
  std::function<void(MailboxStream*)> finished_;
  std::uint32_t slots_ = 0;
  bool going_away_ = false;
  bool closed_ = false;
  std::unordered_map<std::uint64_t, std::shared_ptr<OfferedBody>> open_;
  std::unordered_map<std::uint64_t, Question*> asking_;  // some of these
  io::Event left_;                                       // the stream has ended
  io::Scope deliveries_;
  io::Scope leaving_;
  io::Scope ending_;
};

}  // namespace postern::egress
