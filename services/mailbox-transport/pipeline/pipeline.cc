#include "services/mailbox-transport/pipeline/pipeline.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::pipeline {

Pipeline::Pipeline(const Parts& parts)
    : store_(parts.store),
      registry_(parts.registry),
      settings_(parts.settings),
      queue_settings_(parts.shard.queue),
      server_(parts.shard.server),
      clock_(parts.clock),
      router_(parts.shard.server, parts.routing_log),
      queue_probe_(parts.registry),
      mx_sets_(parts.shard.queue, queue_probe_, parts.executors.size()),
      settle_probe_(parts.registry),
      sts_(parts.store, parts.clock),
      tls_reports_(parts.clock, parts.shard.deliver.TlsReportOptions()),
      tls_feed_(tls_reports_, parts.registry),
      shared_{parts.store,
              parts.disk,
              parts.clock,
              parts.random,
              parts.registry,
              queue_probe_,
              settle_probe_,
              router_,
              at_hand_,
              parts.dialer,
              parts.tls,
              parts.engine_counters,
              [this](model::MessagePtr message) { Place(message, /*keep_message=*/true); },
              [this](model::MessagePtr message, const std::vector<std::uint32_t>& recipients) {
                PlaceOnly(message, recipients);
              },
              parts.engine_stores,
              sts_,
              tls_feed_,
              parts.lookup,
              on_the_way_,
              parts.tracking,
              [this](model::Message& message) { RouteNew(message); }},
      body_bytes_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      suspects_(store_, queue_settings_) {
  AddReadings(registry_, router_.counts());
  AddSubmissionReading(registry_, [this] { return Submission().message_count; });
  POSTERN_CHECK(parts.executors.size() == parts.resolvers.size() && !parts.executors.empty());
  for (std::size_t i = 0; i < parts.executors.size(); ++i) {
    dns::Resolver* const external =
        i < parts.external_resolvers.size() ? parts.external_resolvers[i] : nullptr;
    parts.executors[i]->Run([&] {
      shards_.push_back(std::make_unique<Shard>(
          *parts.executors[i], *parts.resolvers[i], external, parts.shard, shared_,
          queue::ShardPlace{i, parts.executors.size(), &mx_sets_}));
    });
  }
  for (const auto& shard : shards_) {
    shard->executor().Run([&] { shard->Start(&shards_); });
  }
}

Pipeline::~Pipeline() {
  for (auto& shard : shards_) {
    io::Executor& executor = shard->executor();
    executor.Run([&] { shard.reset(); });
  }
}

void Pipeline::SetDirectory(directory::SnapshotPtr snapshot) {
  POSTERN_LOG(kInfo, "route", "directory in force",
              {{"snapshot", snapshot->version()},
               {"connectors", snapshot->connectors().size()},
               {"stale", snapshot->stale()}});
  router_.SetSnapshot(snapshot);
  for (const auto& shard : shards_) {
    shard->executor().Run([&] { shard->DirectoryChanged(snapshot); });
  }
}

absl::Status Pipeline::Restore() {
  if (const absl::Status read = RestoreSuspensions(); !read.ok()) return read;
  std::vector<model::MessagePtr> were_in_hand;
  const auto visit = [this, &were_in_hand](model::MessagePtr message, model::InHand in_hand) {
    ++restored_;
    if (in_hand) {
      ++restored_in_hand_;
      deliver::AmbiguousCounter(registry_, deliver::AmbiguousReason::kRestart).Add();
      POSTERN_LOG(kWarning, "deliver", "an attempt may have been under way at the last end",
                  {{"message_id", message->id.ToString()}});
    }
    if (in_hand == model::kInHand) return were_in_hand.push_back(std::move(message));
    Place(Rerouted(std::move(message)), /*keep_message=*/false);
  };
  if (const absl::Status scanned = store_.Scan(visit); !scanned.ok()) return scanned;
  PlaceInHand(std::move(were_in_hand));
  if (const absl::Status read = sts_.Restore(); !read.ok()) {
    POSTERN_LOG(kWarning, "deliver", "the kept MTA-STS policies cannot be read: they are asked for",
                {{"error", read}});
  }
  POSTERN_LOG(kInfo, "queue", "restored",
              {{"messages", restored_}, {"in_hand", restored_in_hand_}});
  open_ = true;
  return absl::OkStatus();
}

// The directory may have changed since the last end.
model::MessagePtr Pipeline::Rerouted(model::MessagePtr message) const {
  if (unreachable_suspended_ || !router_.RouteUnreachable(*message)) return message;
  while (shared_.TooMuchUnwritten())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  shared_.WriteRouted(message);
  return message;
}

void Pipeline::StopWork() {
  ending_ = true;
  for (const auto& shard : shards_) {
    shard->executor().Run([&] { shard->StopWork(); });
  }
}

void Pipeline::Stop(absl::Duration grace) {
  const absl::Time deadline = clock_.Now() + grace;
  Close();
  StopWork();
  for (const auto& shard : shards_)
    io::RunTask(shard->executor(), shard->Finish(deadline));
}

io::Task<DrainRound> Pipeline::DrainOnce(model::RelayPlan plan,
                                         absl::Duration within,
                                         absl::Time at_latest) {
  const absl::Time until = clock_.Now() + within;
  DrainRound sum;
  if (submission_suspended_) {
    Shard& first = *shards_.front();
    io::Task<bool> let_go = LetGoSuspended();
    const auto gone = co_await AskShardTask(first, std::move(let_go), within + kDrainAnswer);
    if (!gone.ok()) sum.error = base::MessageOf(gone.status());
  }
  for (const auto& shard : shards_) {
    io::Task<DrainRound> drain = shard->Drain(plan, until, at_latest);
    const auto round = co_await AskShardTask(*shard, std::move(drain), within + kDrainAnswer);
    if (!round.ok()) {
      sum.error = base::MessageOf(round.status());
      co_return sum;
    }
    sum.moved += round->moved;
    sum.kept += round->kept;
    if (!round->error.empty()) sum.error = round->error;
  }
  co_return sum;
}

// A message that moves while the shards are asked, one after the other, may be missed by each: then
// it has begun its way meanwhile, or was on it before.
io::Task<absl::StatusOr<std::uint64_t>> Pipeline::QueuedNow() {
  const std::uint64_t begun = on_the_way_.begun();
  const std::uint64_t before = on_the_way_.now();
  std::uint64_t sum = Submission().message_count;
  // What has left there since has been given to its shard before that is asked.
  std::atomic_thread_fence(std::memory_order_acquire);
  for (const auto& shard : shards_) {
    absl::AnyInvocable<std::uint64_t()> count = [at = shard.get()] {
      return at->queue().message_count();
    };
    const auto queued = co_await AskShard<std::uint64_t>(*shard, std::move(count), kCountAnswer);
    if (!queued.ok()) co_return queued.status();
    sum += *queued;
  }
  sum += on_the_way_.now();
  co_return sum > 0 ? sum : before + (on_the_way_.begun() - begun);
}

void Pipeline::PutChunk(base::MessageId id,
                        std::uint32_t number,
                        std::string bytes,
                        absl::AnyInvocable<void(absl::Status)> done) {
  store_.PutChunk(id, number, std::move(bytes), std::move(done));
}

void Pipeline::DropChunks(base::MessageId id, std::uint32_t chunks) {
  store_.DropChunks(id, chunks);
}

absl::Status Pipeline::Ready(model::Submitter submitter) const {
  if (ending_) return absl::UnavailableError("the service is stopping");
  if (absl::Status open = Open(); !open.ok()) return open;
  return pressure_.Admit(submitter);
}

void Pipeline::RefuseUntil(absl::Time until) {
  refuses_until_ = model::StoredTime(until);
  if (on_refusal_ != nullptr) on_refusal_(until);
}

absl::Status Pipeline::Open() const {
  if (!open_) return absl::UnavailableError("the service is starting or stopping");
  if (refuses_until_.load(std::memory_order_relaxed) > absl::ToUnixMillis(clock_.Now())) {
    return absl::UnavailableError("the server hands its queues to others");
  }
  if (store_.full()) return absl::ResourceExhaustedError("the store is full");
  return absl::OkStatus();
}

void Pipeline::Accept(model::MessagePtr message, Done done) {
  if (const absl::Status open = Open(); !open.ok()) return done(open);
  if (AnswerFromKey(message, done)) return;
  message->priority = PriorityOf(*message);
  // What another server relayed keeps the times that it has had since it was accepted first.
  if (message->servers.empty()) {
    message->accepted = clock_.Now();
    message->expires = message->accepted + queue::ExpirationOf(queue_settings_, message->priority);
  }
  RouteNew(*message);
  CountBody(*message);
  submissions_.fetch_add(1, std::memory_order_relaxed);
  store_.Put(message, [this, message, done = std::move(done)](absl::Status status) mutable {
    Kept(message, status, std::move(done));
  });
}

// What its sender asks for, as far as we grant it.
model::Priority Pipeline::PriorityOf(const model::Message& message) const {
  if (!*queue_settings_.priority_queuing_enabled) return model::Priority::kNormal;
  const bool large = message.size > queue_settings_.max_high_priority_message_size->bytes;
  return message.priority == model::Priority::kHigh && large ? model::Priority::kNormal
                                                             : message.priority;
}

// True when `done` was answered, or will be with the same submission under way.
bool Pipeline::AnswerFromKey(const model::MessagePtr& message, Done& done) {
  const auto key = model::KeyOf(*message);
  if (key.second.empty()) return false;
  absl::StatusOr<model::Receipt> answer =
      base::Error(absl::StatusCode::kAlreadyExists, "idempotency_key \"",
                  base::Printable(key.second), "\" was used with another content or envelope");
  {
    const std::lock_guard lock(keys_mutex_);
    const auto under_way = keys_under_way_.find(key);
    if (under_way != keys_under_way_.end()) {
      if (under_way->second.content_hash == message->content_hash) {
        under_way->second.others.push_back(std::move(done));
        return true;
      }
    } else if (const auto known = store_.FindKey(key.first, key.second)) {
      if (known->content_hash == message->content_hash) {
        answer = model::Receipt{known->id, known->internet_message_id, true};
      }
    } else {
      keys_under_way_[key].content_hash = message->content_hash;
      return false;
    }
  }
  done(std::move(answer));
  return true;
}

// On the commit thread: the sync is done, or it failed.
void Pipeline::Kept(const model::MessagePtr& message, const absl::Status& status, Done done) {
  std::vector<Done> others;
  if (const auto key = model::KeyOf(*message); !key.second.empty()) {
    const std::lock_guard lock(keys_mutex_);
    const auto under_way = keys_under_way_.find(key);
    others = std::move(under_way->second.others);
    keys_under_way_.erase(under_way);
  }
  if (!status.ok()) {
    submissions_.fetch_sub(1, std::memory_order_relaxed);
    done(status);
    for (Done& other : others)
      other(status);
    return;
  }
  done(model::Receipt{message->id, message->internet_message_id, false});
  for (Done& other : others) {
    other(model::Receipt{message->id, message->internet_message_id, true});
  }
  // After the receipts, which do not wait for it; before the message is in other hands.
  if (shared_.tracking != nullptr) shared_.tracking->Received(*message);
  Place(message, body_bytes_->load(std::memory_order_relaxed) <= settings_.body_memory->bytes);
  // Only now, so that at no moment it is counted nowhere (QueuedNow).
  submissions_.fetch_sub(1, std::memory_order_release);
}

// The content's memory is counted until the last who holds it lets go.
void Pipeline::CountBody(model::Message& message) {
  if (message.body == nullptr) return;
  const std::uint64_t bytes = message.body->size();
  body_bytes_->fetch_add(bytes, std::memory_order_relaxed);
  const std::string* const content = message.body.get();
  message.body = std::shared_ptr<const std::string>(
      content, [counted = body_bytes_, bytes, kept = std::move(message.body)](const std::string*) {
        counted->fetch_sub(bytes, std::memory_order_relaxed);
      });
}

void Pipeline::Place(const model::MessagePtr& message, bool keep_message) {
  if (HoldBack(*message)) return;
  if (keep_message) at_hand_.Note(message);
  const absl::Duration delay_after = queue::DelayOf(queue_settings_, message->priority);
  PlaceAll(message, TicketsOf(message, delay_after, keep_message));
}

// On the owner of the message. Recipients of one ticket may part now; the others have tickets of
// their own and stay where they are.
void Pipeline::PlaceOnly(const model::MessagePtr& message,
                         const std::vector<std::uint32_t>& recipients) {
  const absl::Duration delay_after = queue::DelayOf(queue_settings_, message->priority);
  auto tickets = TicketsOf(message, recipients, delay_after, /*keep_message=*/false);
  for (PlacedTicket& one : tickets)
    one.ticket.message = message;
  PlaceAll(message, std::move(tickets));
}

void Pipeline::PlaceAll(const model::MessagePtr& message, std::vector<PlacedTicket> tickets) {
  // Who refuses and who delivers must change one and the same object.
  const bool refuses = std::any_of(tickets.begin(), tickets.end(), [](const PlacedTicket& one) {
    return one.hop.type == model::DeliveryType::kUndefined;
  });
  if (refuses) at_hand_.Note(message);
  std::vector<std::uint32_t> refused;
  for (PlacedTicket& placed : tickets) {
    if (placed.hop.type == model::DeliveryType::kUndefined) {
      const auto& recipients = placed.ticket.recipients;
      refused.insert(refused.end(), recipients.begin(), recipients.end());
    } else {
      PlaceTicket(std::move(placed));
    }
  }
  if (refused.empty()) return;
  Shard& owner = shards_.front()->OwnerOf(*message);
  owner.executor().Post([&owner, message, refused = std::move(refused)]() mutable {
    owner.Refuse(message, std::move(refused));
  });
}

void Pipeline::PlaceTicket(PlacedTicket placed) {
  Shard& shard = ShardOf(placed.hop);
  shard.executor().Post([&shard, placed = std::move(placed)]() mutable {
    shard.Add(placed.hop, std::move(placed.ticket));
  });
}

Shard& Pipeline::ShardOf(const model::NextHop& hop) const {
  return *shards_[std::hash<model::NextHop>()(model::QueueOf(hop)) % shards_.size()];
}

}  // namespace postern::pipeline
