// services/mailbox-transport/deliver/front_end_stream.h
//
// FrontEndStream: the mailbox side of one proxy stream: offers deliveries, feeds bodies, takes
// outcomes.
//
// Flow      Attach a stream; Deliver while HasSlot(hop); Drain before the end. When the front end
//           asks whether the hosts may be connected to, Delivery::admits is asked.
// Failure   Deliver always gives an Outcome. A stream that ends without the outcome of a delivery
//           gives Origin::kFrontEnd; ambiguous when the last byte of the body was already handed
//           over.
// Lifetime  Outlives its stream: destroy only after closed(). One executor.
// Limits    Slots by the front end's Credit, a quarter of them for one next hop; 64 KiB a frame;
//           256 KiB of a large body on the way; each delivery has its deadline.
// See       docs/architecture.md "Egress"; proto/postern/v1/proxy.proto

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/rpc/frame_stream.h"
#include "common/smtp/engine.h"

namespace postern::deliver {

inline constexpr std::size_t kOfferBodyBytesMax = 64 * 1024;
inline constexpr std::size_t kDataBytesMax = 64 * 1024;

class FrontEndStream final : public rpc::ToFrontEnd::Handler {
 public:
  using Told = std::function<void(const v1::Destination&)>;

  // `changed` is called when a slot, credit or the stream itself comes or goes; `told` when the
  // front end says something of a destination.
  FrontEndStream(std::string front_end, std::function<void()> changed, Told told = {});
  ~FrontEndStream() override;

  void Attach(std::shared_ptr<rpc::ToFrontEnd> stream);

  // Whether a delivery for `hop` may be offered now.
  bool HasSlot(const std::string& hop) const;

  // Credit has come and the front end is not going away.
  bool usable() const { return stream_ != nullptr && slots_ > 0 && !going_away_; }

  // It is being opened: credit may come.
  bool connecting() const { return stream_ != nullptr && slots_ == 0 && !going_away_; }

  bool closed() const { return stream_ == nullptr; }

  // The stream that was attached last gave slots at some time.
  bool had_slots() const { return had_slots_; }

  bool going_away() const { return going_away_; }

  // A slot is free, for some hop.
  bool has_room() const { return usable() && pending_.size() < slots_; }

  // How often a stream was attached: another number is another stream.
  std::uint64_t openings() const { return openings_; }

  const absl::Status& last_error() const { return last_error_; }

  std::size_t in_use() const { return pending_.size(); }

  io::Task<smtp::Outcome> Deliver(const smtp::Delivery& delivery,
                                  std::string hop,
                                  smtp::BodySource& body);

  // Ends the stream: politely when nothing is under way, else at once.
  void End();
  // Ends it at once.
  void Abort();

  void OnFrame(v1::ProxyToMailbox frame) override;
  void OnClosed(absl::Status status) override;

 private:
  struct Pending;

  io::Task<smtp::Outcome> Await(const smtp::Delivery& delivery,
                                Pending& pending,
                                smtp::BodySource& body);
  io::Task<absl::Status> SendOffer(const smtp::Delivery& delivery,
                                   Pending& pending,
                                   smtp::BodySource& body);
  io::Task<absl::Status> SendBody(Pending& pending, smtp::BodySource& body);
  io::Task<absl::Status> SendPart(Pending& pending,
                                  std::uint32_t round,
                                  std::string_view part,
                                  bool last);
  // Answers the question that has come.
  io::Task<void> Admit(const smtp::Delivery& delivery, Pending& pending);
  void SendCancel(const Pending& pending);
  // When the front end goes away and has answered everything, it waits for our end of the stream.
  void LeaveIfDone();
  smtp::Outcome Lost(const smtp::Delivery& delivery,
                     const Pending& pending,
                     absl::Status why) const;
  void TakeOutcome(v1::DeliveryOutcome& outcome);

  std::string front_end_;
  std::function<void()> changed_;
  Told told_;
  std::shared_ptr<rpc::ToFrontEnd> stream_;
  absl::Status last_error_;
  std::uint64_t last_delivery_ = 0;
  std::uint32_t slots_ = 0;
  bool had_slots_ = false;
  bool going_away_ = false;
  std::uint64_t openings_ = 0;
  std::unordered_map<std::uint64_t, Pending*> pending_;
  std::unordered_map<std::string, std::uint32_t> in_use_by_hop_;
};

}  // namespace postern::deliver
