// services/frontend-transport/egress/egress.h
//
// Egress: every proxy stream of one executor, the SMTP engine that they share, and the division of
// slots.
//
// Flow      Open for each new stream (rpc::ProxyServer calls it); Drain.
// Failure   Nothing fails here; see MailboxStream.
// Lifetime  One executor. Destroy after Drain.
// Limits    egress.slots over all streams of the service: each executor has its share, each stream
//           an equal part of that, up to egress.slots_per_stream_max.

#pragma once

#include <list>
#include <memory>
#include <string>

#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/smtp/engine.h"
#include "services/frontend-transport/egress/destinations.h"
#include "services/frontend-transport/egress/mailbox_stream.h"

namespace postern::egress {

class Egress {
 public:
  Egress(io::Executor& executor,
         smtp::Engine& engine,
         const EgressSettings& settings,
         Probe& probe,
         std::uint32_t slots);
  ~Egress();

  rpc::ToMailbox::Handler* Open(std::shared_ptr<rpc::ToMailbox> stream, const std::string& caller);

  // No new offers, on any stream.
  void BeginDrain();

  // Begins that, waits at most `within` for outcomes, then ends what is left without a final dot.
  io::Task<void> Drain(absl::Duration within);

  std::size_t deliveries_open() const;

 private:
  void Finished(MailboxStream* stream);
  void DivideSlots();
  void Attempted(const smtp::Delivery& delivery, const smtp::Outcome& outcome);

  io::Executor& executor_;
  smtp::Engine& engine_;
  const EgressSettings& settings_;
  Probe& probe_;
  std::uint32_t slots_;
  bool draining_ = false;
  Destinations destinations_;
  std::list<std::unique_ptr<MailboxStream>> streams_;
  io::Event ended_;
};

}  // namespace postern::egress
