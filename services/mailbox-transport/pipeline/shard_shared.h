// services/mailbox-transport/pipeline/shard_shared.h
//
// ShardSettings and ShardShared: what the shards of a pipeline have in common.
//
// Lifetime  The pipeline has it, and outlives its shards. Thread-safe.
// See       shard.h

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/mailbox-transport/deliver/deliver.h"
#include "services/mailbox-transport/model/message_store.h"
#include "services/mailbox-transport/pipeline/at_hand.h"
#include "services/mailbox-transport/pipeline/on_the_way.h"
#include "services/mailbox-transport/pipeline/router.h"
#include "services/mailbox-transport/pipeline/tracking.h"
#include "services/mailbox-transport/queue/probe.h"
#include "services/mailbox-transport/queue/settings.h"
#include "services/mailbox-transport/settle/probe.h"
#include "services/mailbox-transport/settle/settings.h"

namespace postern::pipeline {

// Settings that the shards share.
struct ShardSettings {
  const queue::QueueSettings& queue;
  const settle::SettleSettings& settle;
  const deliver::DeliverSettings& deliver;
  const rpc::RpcSettings& rpc;
  std::string server;
  std::string site;
  std::string fqdn;  // for the outside; empty is `server`

  const std::string& outside_name() const { return fqdn.empty() ? server : fqdn; }
};

// Things that the shards share; all thread-safe.
struct ShardShared {
  model::MessageStore& store;
  io::DiskPool& disk;
  base::Clock& clock;
  base::Random& random;
  observe::Registry& registry;
  queue::Probe& queue_probe;
  settle::Probe& settle_probe;
  Router& router;
  AtHand& at_hand;
  io::Dialer& dialer;
  const tls::ClientContext& tls;
  smtp::EngineCounters& engine_counters;
  // Hands the pending recipients of a message in the store to the queues; from any thread.
  std::function<void(model::MessagePtr)> place;
  // The same for some recipients, which have been routed again; on the owner of the message.
  std::function<void(model::MessagePtr, const std::vector<std::uint32_t>&)> place_recipients;
  smtp::EngineStores engine_stores;
  deliver::StsCache& sts;
  deliver::TlsFeed& tls_feed;
  dns::LookupRules lookup;
  OnTheWay& on_the_way;
  Tracking* tracking = nullptr;
  // Gives a new message its next hops, unless the Submission queue is suspended.
  std::function<void(model::Message&)> route;

  // Recipients of what was routed again and is not written yet; the store may answer after us.
  std::shared_ptr<std::atomic<std::size_t>> unwritten =
      std::make_shared<std::atomic<std::size_t>>(0);

  // Writes a new state of a message that no attempt has in hand.
  void Write(const model::MessagePtr& message, model::MessageStore::Done done) const;
  // Writes new next hops when the store comes to it; not when it is full.
  void WriteRouted(const model::MessagePtr& message) const;
  // Whoever routes many messages again waits meanwhile.
  bool TooMuchUnwritten() const;
};

}  // namespace postern::pipeline
