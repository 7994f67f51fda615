// services/mailbox-transport/deliver/proxy.h
//
// Proxy: hands deliveries to the front ends of the local site, and keeps the streams to them open.
//
// Flow      SetFrontEnds from the directory; Attempt; Stop, Join.
// Failure   Attempt always gives an Outcome. Origin::kFrontEnd: no front end could take it; the
// queue is
//           held, and `available` tells when to try again. Never direct instead.
// Lifetime  One executor. Destroy after Join.
// Limits    deliver.proxy_streams streams to each of at most kFrontEndsMax front ends; a delivery
// waits
//           deliver.proxy_slot_wait for a slot; it is offered to at most kOffersMax front ends.
// See       docs/architecture.md "Front-end proxying"

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/io/event.h"
#include "common/io/scope.h"
#include "common/rpc/proxy_client.h"
#include "common/rpc/settings.h"
#include "common/smtp/engine.h"
#include "services/mailbox-transport/deliver/front_end_stream.h"
#include "services/mailbox-transport/deliver/settings.h"

namespace postern::deliver {

inline constexpr std::size_t kFrontEndsMax = 64;
inline constexpr int kOffersMax = 3;

class Proxy {
 public:
  // `available` is called when a front end can take deliveries again after none could.
  Proxy(io::Executor& executor,
        const rpc::RpcSettings& rpc,
        const DeliverSettings& settings,
        std::string site,
        std::function<void()> available);
  ~Proxy();

  // The front ends of the site, "host:port". Streams to those that are gone end after their
  // deliveries.
  void SetFrontEnds(const std::vector<std::string>& addresses);

  io::Task<smtp::Outcome> Attempt(const smtp::Delivery& delivery, smtp::BodySource& body);

  // Front ends that have a usable stream.
  std::size_t front_ends_usable() const;

  void Stop();
  io::Task<void> Join();

 private:
  struct FrontEnd;

  io::Task<void> KeepOpen(std::shared_ptr<FrontEnd> front_end, std::size_t number);
  io::Task<FrontEndStream*> Choose(const std::string& hop, absl::Status* why);
  FrontEndStream* FirstWithSlot(const std::string& hop);
  absl::Status WhyNone() const;
  void Changed();

  io::Executor& executor_;
  const rpc::RpcSettings& rpc_;
  const DeliverSettings& settings_;
  std::string site_;
  std::function<void()> available_;
  std::vector<std::shared_ptr<FrontEnd>> front_ends_;
  bool was_usable_ = false;
  io::Event changed_;
  io::Scope scope_;
};

}  // namespace postern::deliver
