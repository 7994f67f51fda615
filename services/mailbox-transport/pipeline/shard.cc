#include "services/mailbox-transport/pipeline/shard.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/sender_rules.h"

namespace postern::pipeline {

namespace {

// One line for each attempt: where it went, by which way, and what the last host said.
void LogAttempt(const model::Batch& batch, deliver::Way way, const smtp::Outcome& outcome) {
  if (!observe::Enabled(observe::Level::kInfo)) return;
  std::size_t delivered = 0;
  for (const auto& result : outcome.recipients)
    delivered += result.delivered() ? 1 : 0;
  const smtp::RecipientResult& first = outcome.recipients.front();
  observe::Log(observe::Level::kInfo, "deliver",
               delivered == outcome.recipients.size() ? "delivered" : "not delivered to all",
               {{"message_id", batch.message->id.ToString()},
                {"connector", batch.next_hop.connector},
                {"next_hop", batch.next_hop.domain},
                {"way", deliver::NameOf(way)},
                {"host", first.host},
                {"recipients", outcome.recipients.size()},
                {"delivered", delivered},
                {"result", first.Said()}});
}

// Whether no host came as far as a transaction, so that it concerns all domains of these hosts.
bool HostsDown(const smtp::Outcome& outcome) {
  const auto before_mail = [](const smtp::HostTried& tried) {
    return tried.stage == smtp::Stage::kConnect || tried.stage == smtp::Stage::kGreeting ||
           tried.stage == smtp::Stage::kHello;
  };
  return !outcome.hosts.empty() &&
         std::all_of(outcome.hosts.begin(), outcome.hosts.end(), before_mail);
}

// For the count of possible doubles.
deliver::AmbiguousReason WhoLost(deliver::Way way, const smtp::Outcome& outcome) {
  using Reason = deliver::AmbiguousReason;
  if (way == deliver::Way::kRelay) return Reason::kRelayLost;
  const bool front_end =
      !outcome.recipients.empty() && outcome.recipients.front().origin == smtp::Origin::kFrontEnd;
  return front_end ? Reason::kFrontEndLost : Reason::kConnectionLost;
}

// A relay has none: the source server's verdict is by the connector, and comes to us as it is.
connector::ErrorPolicies ErrorPoliciesOf(const model::NextHop& hop,
                                         const route::RouteTable& table) {
  if (model::IsRelay(hop.type)) return {};
  return table.snapshot().FindConnector(hop.connector)->error_policies;
}

settle::Terms TermsOf(const ShardSettings& settings) {
  settle::Terms terms;
  terms.server = settings.outside_name();
  terms.message_retry_interval = *settings.queue.message_retry_interval;
  terms.retry_jitter_percent = *settings.queue.retry_jitter_percent;
  terms.message_expiration_timeout = queue::ExpirationOf(settings.queue, model::Priority::kNormal);
  return terms;
}

smtp::Engine::Parts EngineParts(io::Executor& executor,
                                dns::Resolver& resolver,
                                dns::Resolver* external,
                                const ShardSettings& settings,
                                ShardShared& shared,
                                std::size_t shards) {
  return {executor,
          shared.dialer,
          resolver,
          shared.tls,
          settings.outside_name(),
          settings.deliver.SmtpLimits(static_cast<int>(shards)),
          &shared.engine_counters,
          shared.engine_stores,
          external,
          shared.lookup};
}

}  // namespace

Shard::Shard(io::Executor& executor,
             dns::Resolver& resolver,
             dns::Resolver* external,
             const ShardSettings& settings,
             ShardShared& shared,
             queue::ShardPlace place)
    : executor_(executor),
      settings_(settings),
      shared_(shared),
      queue_(executor, shared.clock, shared.random, settings.queue, shared.queue_probe, place),
      settler_(shared.store,
               shared.clock,
               shared.random,
               settle::RulesFrom(settings.settle),
               shared.settle_probe,
               TermsOf(settings)),
      engine_(EngineParts(executor, resolver, external, settings, shared, place.of)),
      deliver_probe_(shared.registry, settings.site),
      proxy_(executor,
             settings.rpc,
             settings.deliver,
             settings.site,
             deliver_probe_,
             [this] { queue_.WakeHeld(); }),
      relay_(
          {executor, settings.rpc, settings.deliver, settings.server, shared.store.database_id()}),
      deliver_({engine_, proxy_, relay_, shared.store, shared.disk, settings.deliver,
                deliver_probe_, shared.sts, shared.engine_stores.web != nullptr, shared.tls_feed}),
      workers_(executor),
      loops_(executor) {}

Shard::~Shard() = default;

void Shard::Start(const std::vector<std::unique_ptr<Shard>>* shards) {
  shards_ = shards;
  queue_.OnWanted([this](queue::Lane lane) { workers_.Spawn(RunWorker(std::move(lane))); });
  queue_.OnOverdue([this](model::NextHop hop) { Resubmit(std::move(hop)); });
  queue_.OnSpareWanted(
      [this](const queue::MxSet& set) { engine_.CloseIdle(set.connector(), set.name()); });
  settler_.OnNotice([this](model::Message& notice) { shared_.route(notice); });
  loops_.Spawn(queue_.Run());
}

void Shard::DirectoryChanged(directory::SnapshotPtr snapshot) {
  snapshot_ = std::move(snapshot);
  settler_.SetRules(SenderRulesOf(snapshot_, settings_.settle));
  proxy_.SetFrontEnds(snapshot_->FrontEndsOf(settings_.site));
  std::vector<std::string> addresses;
  for (const directory::TransportServer& server : snapshot_->servers())
    addresses.push_back(server.relay_address);
  relay_.SetServers(addresses);
  RerouteSoon();
}

void Shard::RerouteSoon() {
  reroute_again_ = true;
  if (!std::exchange(rerouting_, true)) loops_.Spawn(Reroute());
}

void Shard::Add(const model::NextHop& hop, model::Ticket ticket) {
  if (hop.type != model::DeliveryType::kUnreachable || ticket.message == nullptr) {
    return queue_.Add(hop, std::move(ticket));
  }
  // What waits is kept by the store, not by memory.
  const model::MessagePtr message = std::exchange(ticket.message, nullptr);
  const std::vector<std::uint32_t> recipients = ticket.recipients;
  const bool suspended = ticket.suspended || queue_.Suspended(hop);
  queue_.Add(hop, std::move(ticket));
  NoteError(hop, *message, recipients);
  if (!suspended) CatchUp(*message, recipients);  // else whoever resumes it looks
}

// What was routed before a change of the directory and comes to the unreachable ones after it would
// wait for the next change.
void Shard::CatchUp(const model::Message& message, const std::vector<std::uint32_t>& recipients) {
  const bool waits = std::all_of(recipients.begin(), recipients.end(), [&](std::uint32_t i) {
    return shared_.router.IsUnreachable(message, i);
  });
  if (!waits) RerouteSoon();
}

void Shard::Refuse(model::MessagePtr message, std::vector<std::uint32_t> recipients) {
  if (stopped_) return;
  workers_.Spawn(RefuseAll(std::move(message), std::move(recipients)));
}

void Shard::StopWork() {
  stopped_ = true;
  queue_.Stop();
}

io::Task<void> Shard::Finish(absl::Time deadline) {
  while (workers_.size() > 0) {
    const absl::Status waited = co_await worker_ended_.Until(deadline - shared_.clock.Now());
    if (!waited.ok()) break;
  }
  workers_.Stop();
  co_await workers_.Join();
  engine_.Stop();
  co_await engine_.Join();
  proxy_.Stop();
  co_await proxy_.Join();
  loops_.Stop();
  co_await loops_.Join();
}

io::Task<void> Shard::RunWorker(queue::Lane lane) {
  while (auto work = queue_.TryTake(lane)) {
    co_await Handle(std::move(*work));
  }
  queue_.WorkerEnded(lane);
  worker_ended_.NotifyAll();
}

io::Task<void> Shard::Handle(queue::Work work) {
  auto message = co_await MessageOf(work.ticket);
  if (!message.ok()) {
    if (work.kind == queue::Work::Kind::kDelayed) {
      work.ticket.notify_delay_at = shared_.clock.Now() + kUnreadablePause;
    }
    NoteUnreadable(work.hop, std::move(work.ticket), message.status());
    co_return;
  }
  const bool read = work.ticket.message == nullptr;
  work.ticket.message = std::move(*message);
  if (read) {
    const queue::Pending pending = queue_.PendingOf(work.hop, work.ticket.key());
    if (pending != queue::Pending::kNothing) {
      co_return co_await EndBeforeAttempt(std::move(work), pending);
    }
  }
  const auto place = under_way_.emplace(
      work.ticket.id, UnderWay{work.hop, work.ticket.message, work.ticket.recipients});
  if (work.kind == queue::Work::Kind::kAttempt) {
    co_await Attempt(std::move(work));
  } else if (work.kind == queue::Work::Kind::kRemoved) {
    co_await RemoveTicket(std::move(work));
  } else {
    co_await Lapse(std::move(work));
  }
  under_way_.erase(place);
}

void Shard::NoteUnreadable(const model::NextHop& hop,
                           model::Ticket ticket,
                           const absl::Status& error) {
  POSTERN_LOG(kError, "store", "message cannot be read",
              {{"message_id", ticket.id.ToString()}, {"error", error}});
  if (model::IsLost(error)) return queue_.Done(hop, ticket.key());
  ticket.due = shared_.clock.Now() + kUnreadablePause;
  // What is over is told as soon as it can be read, and no sooner looked at either.
  ticket.expires = std::max(ticket.expires, ticket.due);
  queue_.Retry(hop, std::move(ticket));
}

io::Task<absl::StatusOr<model::MessagePtr>> Shard::MessageOf(model::Ticket ticket) {
  if (ticket.message != nullptr) co_return ticket.message;
  if (model::MessagePtr there = shared_.at_hand.FindOrLoad(ticket.id)) co_return there;
  absl::AnyInvocable<absl::StatusOr<model::Message>()> load = [this, id = ticket.id] {
    return shared_.store.Load(id);
  };
  auto loaded = co_await io::OnDisk(shared_.disk, std::move(load));
  if (!loaded.ok()) {
    shared_.at_hand.NotLoaded(ticket.id);
    co_return loaded.status();
  }
  co_return shared_.at_hand.Loaded(std::make_shared<model::Message>(std::move(*loaded)));
}

bool Shard::StillGoes(const queue::Work& work, const route::RouteTable& table) const {
  if (!model::IsRelay(work.hop.type)) return table.StillRight(work.hop);
  // What waits for a relay is looked at once more: its connector may be ours by now, and a message
  // that was queued before the last start has seen no change of the directory since.
  return std::all_of(work.ticket.recipients.begin(), work.ticket.recipients.end(),
                     [&](std::uint32_t recipient) {
                       return shared_.router.Goes(*work.ticket.message, recipient, work.hop);
                     });
}

io::Task<smtp::Outcome> Shard::Deliver(const model::Batch& batch,
                                       model::TicketKey key,
                                       const route::RouteTable& table,
                                       Course& course) {
  if (model::IsRelay(batch.next_hop.type)) {
    course.way = deliver::Way::kRelay;
    MarkInHand(batch, course);
    const model::RelayPlan plan = table.Plan(batch.next_hop);
    co_return co_await deliver_.RelayOn(batch, plan);
  }
  const connector::SendConnector* const connector =
      table.snapshot().FindConnector(batch.next_hop.connector);
  course.way = connector->frontend_proxy_enabled ? deliver::Way::kProxy : deliver::Way::kDirect;
  const bool domain_listed = table.snapshot().SendsDomainSecure(batch.next_hop.domain);
  std::string mx_set;
  if (course.way == deliver::Way::kProxy) {
    MarkInHand(batch, course);
    mx_set = queue_.PlaceOf(batch.next_hop, key);
  }
  smtp::Admits admits = [this, &batch, key, &course](std::string found, absl::Duration ttl) {
    return Admit(batch, key, course, std::move(found), ttl);
  };
  co_return co_await deliver_.Attempt(batch, *connector, domain_listed, std::move(admits),
                                      std::move(mx_set));
}

io::Task<bool> Shard::Admit(const model::Batch& batch,
                            model::TicketKey key,
                            Course& course,
                            std::string mx_set,
                            absl::Duration ttl) {
  if (!queue_.Admit(batch.next_hop, key, mx_set, ttl)) co_return false;
  MarkInHand(batch, course);
  co_return true;
}

void Shard::MarkInHand(const model::Batch& batch, Course& course) {
  if (std::exchange(course.in_hand, true)) return;
  shared_.store.MarkInHand(batch.message->id);
}

// One delivery attempt, from the connector as it is now to the settled state.
io::Task<void> Shard::Attempt(queue::Work work) {
  const RouteTablePtr table = shared_.router.table();
  if (!StillGoes(work, *table)) {
    model::NextHop hop = work.hop;
    const OnTheWay::Some some(shared_.on_the_way);
    queue_.Done(work.hop, work.ticket.key());
    co_return co_await RerouteTicket(std::move(hop), std::move(work.ticket), Due::kAsBefore);
  }
  const model::MessagePtr message = work.ticket.message;
  const model::Batch batch{message, work.hop, work.ticket.recipients};

  Course course;
  const smtp::Outcome outcome = co_await Deliver(batch, work.ticket.key(), *table, course);
  if (outcome.put_off) {
    if (course.in_hand) shared_.store.ClearInHand(message->id);
    co_return queue_.PutOff(work.hop, std::move(work.ticket));
  }

  if (outcome.ambiguous) deliver_probe_.Ambiguous(WhoLost(course.way, outcome));
  LogAttempt(batch, course.way, outcome);
  const model::Ticket ticket = work.ticket;
  const connector::ErrorPolicies policies = ErrorPoliciesOf(work.hop, *table);
  const bool in_hand = course.in_hand;
  Decide decide = [&batch, &ticket, &outcome, policies, in_hand](settle::Settler& settler) {
    settle::Decision decision = settler.Decide(batch, ticket, outcome, policies);
    decision.in_hand = in_hand;
    return decision;
  };
  TrackedWork tracked;
  tracked.hop = work.hop;
  tracked.outcome = &outcome;
  tracked.way = deliver::NameOf(course.way);
  settle::Settled settled =
      co_await Settle(OwnerOf(*message), message, std::move(decide), std::move(tracked));

  switch (settled.hop.kind) {
    case settle::HopNews::Kind::kWorked:
      queue_.HopWorked(work.hop);
      break;
    case settle::HopNews::Kind::kDeferred:
      queue_.HopDeferred(work.hop);
      break;
    case settle::HopNews::Kind::kFailed:
      queue_.HopFailed(work.hop, settled.hop.error, HostsDown(outcome));
      break;
    case settle::HopNews::Kind::kHeld:
      queue_.HopHeld(work.hop, settled.hop.error);
      break;
    case settle::HopNews::Kind::kNothing:
      break;
  }
  Requeue(work.hop, ticket, *message, std::move(settled));
}

// Expired, or late enough for a notice of delay.
io::Task<void> Shard::Lapse(queue::Work work) {
  const model::MessagePtr message = work.ticket.message;
  const model::Batch batch{message, work.hop, work.ticket.recipients};
  const model::Ticket ticket = work.ticket;
  const bool expired = work.kind == queue::Work::Kind::kExpired;
  Decide decide = [&batch, &ticket, expired](settle::Settler& settler) {
    return expired ? settler.Expire(batch, ticket) : settler.Delay(batch, ticket);
  };
  TrackedWork tracked;
  tracked.hop = work.hop;
  tracked.source = TrackingSource::kQueue;
  settle::Settled settled =
      co_await Settle(OwnerOf(*message), message, std::move(decide), std::move(tracked));
  const bool stays = !settled.tickets.empty();
  Requeue(work.hop, ticket, *message, std::move(settled));
  if (stays && work.hop.type == model::DeliveryType::kUnreachable) {
    CatchUp(*message, ticket.recipients);
  }
}

void Shard::Requeue(const model::NextHop& hop,
                    const model::Ticket& taken,
                    const model::Message& message,
                    settle::Settled settled) {
  if (settled.tickets.empty()) return queue_.Done(hop, taken.key());
  for (model::Ticket& waiting : settled.tickets) {
    NoteError(hop, message, waiting.recipients);
    // What waits is kept by the store, not by memory.
    waiting.message = nullptr;
  }
  queue_.Retry(hop, taken.key(), std::move(settled.tickets));
}

}  // namespace postern::pipeline
