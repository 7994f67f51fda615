// services/mailbox-transport/deliver/proxy.h
//
// Proxy: hands deliveries to the front ends of the local site, and keeps the streams to them open.
//
// Flow      SetFrontEnds from the directory; Attempt; Stop, Join.
// Failure   Attempt always gives an Outcome. Origin::kFrontEnd: no front end could take it; the
//           queue is held, and `available` tells when to try again. Never direct instead.
// Lifetime  One executor; borrows the probe. Destroy after Join.
// Limits    deliver.proxy_streams streams to each of at most kFrontEndsMax front ends; a delivery
//           waits deliver.proxy_slot_wait for a slot; it is offered to at most kOffersMax front
//           ends. `available` is called at most once a second for want of a slot.
//           Openings and lines about a front end that refuses them: reconnect.h.
// See       docs/architecture.md "Egress"; docs/kubernetes/scaling.md

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/io/alarm.h"
#include "common/io/event.h"
#include "common/io/scope.h"
#include "common/rpc/settings.h"
#include "common/smtp/engine.h"
#include "services/mailbox-transport/deliver/front_end.h"
#include "services/mailbox-transport/deliver/front_end_names.h"
#include "services/mailbox-transport/deliver/probe.h"
#include "services/mailbox-transport/deliver/settings.h"

namespace postern::deliver {

inline constexpr int kOffersMax = 3;

class Proxy {
 public:
  // `available` is called when a front end can take deliveries again after none could. Without a
  // resolver the names of front ends are looked up as FrontEndNames says.
  Proxy(io::Executor& executor,
        const rpc::RpcSettings& rpc,
        const DeliverSettings& settings,
        std::string site,
        Probe& probe,
        std::function<void()> available,
        dns::Resolver* resolver = nullptr);
  ~Proxy();

  // The front ends of the site, "host:7170" or "dns:///name:7170". Each address behind a name is a
  // front end; streams to those that are gone end after their deliveries.
  void SetFrontEnds(const std::vector<std::string>& names);

  io::Task<smtp::Outcome> Attempt(const smtp::Delivery& delivery, smtp::BodySource& body);

  // Front ends that have a usable stream.
  std::size_t front_ends_usable() const;

  void Stop();
  io::Task<void> Join();

 private:
  struct Chosen {
    std::shared_ptr<FrontEnd> front_end;
    FrontEndStream* stream = nullptr;
  };

  void SetAddresses(const std::vector<std::string>& addresses);
  void Add(const std::string& address);
  io::Task<void> KeepOpen(std::shared_ptr<FrontEnd> front_end, std::size_t number);
  io::Task<smtp::Outcome> Offer(const Chosen& chosen,
                                const smtp::Delivery& delivery,
                                const std::string& hop,
                                smtp::BodySource& body);
  io::Task<Chosen> Choose(const std::string& hop, absl::Status* why);
  Chosen FirstWithSlot(const std::string& hop) const;
  bool Hopeful() const;
  absl::Status WhyNone() const;
  void Tell();
  void Changed();
  void Wake();

  io::Executor& executor_;
  const rpc::RpcSettings& rpc_;
  const DeliverSettings& settings_;
  std::string site_;
  Probe& probe_;
  std::function<void()> available_;
  std::vector<std::shared_ptr<FrontEnd>> front_ends_;
  bool was_usable_ = false;
  bool starved_ = false;  // a delivery found no slot and went back to its queue
  absl::Time woken_ = absl::InfinitePast();
  io::Alarm wake_soon_;
  io::Event changed_;
  io::Scope scope_;
  FrontEndNames names_;
};

}  // namespace postern::deliver
