// services/mailbox-transport/deliver/front_end.h
//
// FrontEnd: one front end of the site: its streams, and whether it is trusted with mail.
//
// Flow      Proxy keeps its streams open and asks Takes; Begins and Ended around each delivery.
// Failure   After deliver.front_end_failures_max failures in a row it is out for
//           deliver.front_end_out_time, longer each time; then one delivery tries it.
// Lifetime  Shared by the fibers that use it. One executor.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/io/alarm.h"
#include "common/io/event.h"
#include "common/rpc/proxy_client.h"
#include "services/mailbox-transport/deliver/destinations.h"
#include "services/mailbox-transport/deliver/front_end_stream.h"
#include "services/mailbox-transport/deliver/reconnect.h"
#include "services/mailbox-transport/deliver/settings.h"

namespace postern::deliver {

// What a delivery told about its front end.
enum class Health : std::uint8_t {
  kGood,     // it did what a front end is for, whatever the remote said
  kFailed,   // it could not, or did not answer
  kNothing,  // it is full, or going away, or we gave up
};

class FrontEnd {
 public:
  // `back` is called when the time is over for which it was out.
  FrontEnd(io::Executor& executor,
           const DeliverSettings& settings,
           std::string address,
           std::function<void()> back);

  // Of the streams with a slot for `hop` the first with few deliveries, else the one with the
  // fewest; null when there is none, or when it is out.
  FrontEndStream* StreamFor(const std::string& hop) const;

  // Around each delivery; Begins tells Ended whether it was the one that tries.
  bool Begins();
  // Ended: true when this changed whether it takes mail.
  bool Ended(bool tries, Health health);

  // It has a stream, and is not out.
  bool usable() const;
  // ... or may have one soon.
  bool hopeful() const;
  // A delivery of some hop could start now.
  bool has_room() const;

  bool out() const { return out_; }

  const std::string address;
  Destinations destinations;
  std::unique_ptr<rpc::ProxyClient> client;
  std::vector<std::unique_ptr<FrontEndStream>> streams;
  io::Event closed;
  EndCount ends;      // of its streams
  bool gone = false;  // no longer one of the site's

 private:
  void Note(bool tries, Health health);
  // For how long it is left out now; twice as long the next time.
  absl::Duration NextTimeOut();

  // While it is out, a single delivery is let through when its time has come.
  bool Takes() const { return !gone && (!out_ || (due_ && !trying_)); }

  const DeliverSettings& settings_;
  int failures_ = 0;  // in a row
  int times_out_ = 0;
  bool out_ = false;
  bool due_ = false;
  bool trying_ = false;
  io::Alarm back_;
};

}  // namespace postern::deliver
