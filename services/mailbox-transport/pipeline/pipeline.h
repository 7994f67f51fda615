// services/mailbox-transport/pipeline/pipeline.h
//
// Pipeline: the straight line put together: what accept hands in is stored, routed, queued,
// delivered and settled. The only place that puts the steps in order.
//
// Flow      Construct; SetDirectory; Restore; Accept from any thread; Stop.
// Failure   Restore: what the store says. Accept: see model::Intake.
// Lifetime  Borrows store, executors and registry, which outlive it. Stop before destroying.
// Limits    server.body_memory of content in memory; beyond it a message is read again for its
//           attempt.
// See       docs/architecture.md

#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/mailbox-transport/model/intake.h"
#include "services/mailbox-transport/model/stored_time.h"
#include "services/mailbox-transport/pipeline/ask.h"
#include "services/mailbox-transport/pipeline/pressure.h"
#include "services/mailbox-transport/pipeline/settings.h"
#include "services/mailbox-transport/pipeline/shard.h"
#include "services/mailbox-transport/pipeline/suspects.h"
#include "services/mailbox-transport/pipeline/tickets.h"

namespace postern::pipeline {

class Pipeline final : public model::Intake {
 public:
  struct Parts {
    std::vector<io::Executor*> executors;   // one shard on each
    std::vector<dns::Resolver*> resolvers;  // one for each executor
    model::MessageStore& store;
    io::DiskPool& disk;
    base::Clock& clock;
    base::Random& random;
    observe::Registry& registry;
    io::Dialer& dialer;
    const tls::ClientContext& tls;
    smtp::EngineCounters& engine_counters;
    const PipelineSettings& settings;
    ShardSettings shard;
    smtp::EngineStores engine_stores = {};
    std::vector<dns::Resolver*> external_resolvers = {};  // as resolvers; none: those
    dns::LookupRules lookup = {};
    Tracking* tracking = nullptr;       // null: no log; outlives the pipeline
    RoutingLog* routing_log = nullptr;  // the same
  };

  explicit Pipeline(const Parts& parts);
  ~Pipeline() override;

  // From any thread that runs no executor; the first call before Restore.
  void SetDirectory(directory::SnapshotPtr snapshot);
  // Reads the store and fills the queues; then Accept takes mail.
  absl::Status Restore();

  // Nothing is taken any more, not even what has begun to arrive.
  void Close() { open_ = false; }

  // Refuses new mail until then, because what is here goes to other servers.
  void RefuseUntil(absl::Time until);

  // Who is told of it, on any executor; before Restore.
  void OnRefusal(std::function<void(absl::Time until)> told) { on_refusal_ = std::move(told); }

  // One round of a drain over all shards, on any executor; see drain.h. No relay goes on after
  // `at_latest`.
  io::Task<DrainRound> DrainOnce(model::RelayPlan plan,
                                 absl::Duration within,
                                 absl::Time at_latest);
  // Messages for each next hop that wait here or are under way; asks the shards.
  io::Task<absl::StatusOr<std::uint64_t>> QueuedNow();

  // No message begins to arrive and no delivery begins; what still arrives is for the next start.
  void StopWork();
  // Closes, lets the deliveries under way end within `grace`, and cancels the rest.
  void Stop(absl::Duration grace);

  base::MessageId NextId() override { return store_.NextId(); }

  void PutChunk(base::MessageId id,
                std::uint32_t number,
                std::string bytes,
                absl::AnyInvocable<void(absl::Status)> done) override;
  void DropChunks(base::MessageId id, std::uint32_t chunks) override;
  void Accept(model::MessagePtr message, Done done) override;
  absl::Status Ready(model::Submitter submitter) const override;

  absl::Duration Hold() const override { return pressure_.hold(); }

  // Who watches the machine sets it.
  Pressure& pressure() { return pressure_; }

  // Accepted messages that wait for their commit.
  std::size_t submission_length() const { return submissions_.load(std::memory_order_relaxed); }

  // What administrators do to queues and messages, awaited on any executor. `hop` is the key of the
  // queue. kUnavailable: a part of the queue does not answer in time; kFailedPrecondition: the
  // queue is not in a state for it. Messages are taken in their order, at most kChangeMax a call.
  io::Task<absl::Status> SuspendQueue(model::NextHop hop);
  io::Task<absl::Status> ResumeQueue(model::NextHop hop);
  io::Task<absl::Status> RetryQueue(model::NextHop hop);
  io::Task<absl::StatusOr<Changed>> ChangeMessages(model::NextHop hop,
                                                   std::vector<base::MessageId> ids,
                                                   queue::Wish wish);

  // Messages that are not routed yet: between acceptance and sync, and those that it holds while it
  // is suspended.
  queue::QueueView Submission() const;

  const Router& router() const { return router_; }

  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }

  model::MessageStore& store() { return store_; }

  const smtp::TlsReports& tls_reports() const { return tls_reports_; }

  const std::string& server() const { return server_; }

  std::size_t restored() const { return restored_; }

  std::size_t restored_in_hand() const { return restored_in_hand_; }

 private:
  struct Waiting {
    std::string content_hash;
    std::vector<Done> others;  // the same submission, at the same time
  };

  absl::Status Open() const;
  model::Priority PriorityOf(const model::Message& message) const;
  bool AnswerFromKey(const model::MessagePtr& message, Done& done);
  void Kept(const model::MessagePtr& message, const absl::Status& status, Done done);
  void CountBody(model::Message& message);
  void Place(const model::MessagePtr& message, bool keep_message);
  void PlaceOnly(const model::MessagePtr& message, const std::vector<std::uint32_t>& recipients);
  void PlaceAll(const model::MessagePtr& message, std::vector<PlacedTicket> tickets);
  void PlaceTicket(PlacedTicket placed);
  Shard& ShardOf(const model::NextHop& hop) const;
  absl::Status RestoreSuspensions();
  model::MessagePtr Rerouted(model::MessagePtr message) const;
  void SetApart(model::Message& message);
  // Counts the crash for what was in hand; returns when the store has the counts: only then may an
  // attempt begin.
  void PlaceInHand(std::vector<model::MessagePtr> in_hand);
  io::Task<void> LetSuspectsGo();
  void RouteNew(model::Message& message) const;
  // False when the Submission queue lets it go.
  bool HoldBack(const model::Message& message);
  void LetGoSoon();
  io::Task<void> LetGo();
  // What the Submission queue holds goes into its queues, suspended; true when all of it has.
  io::Task<bool> LetGoSuspended();
  io::Task<absl::StatusOr<bool>> LetGoSome(bool suspended);
  io::Task<absl::Status> KeepSuspension(model::NextHop hop, bool suspended);

  model::MessageStore& store_;
  observe::Registry& registry_;
  const PipelineSettings& settings_;
  const queue::QueueSettings& queue_settings_;
  std::string server_;
  base::Clock& clock_;
  Router router_;
  AtHand at_hand_;
  queue::Probe queue_probe_;
  queue::MxSets mx_sets_;
  settle::Probe settle_probe_;
  deliver::StsCache sts_;
  smtp::TlsReports tls_reports_;
  deliver::TlsFeed tls_feed_;
  OnTheWay on_the_way_;
  ShardShared shared_;
  std::vector<std::unique_ptr<Shard>> shards_;

  Pressure pressure_;
  std::atomic<std::size_t> submissions_{0};
  std::atomic<bool> open_{false};
  std::atomic<bool> ending_{false};  // what arrives may come to its end, and nothing begins
  std::atomic<std::int64_t> refuses_until_{0};  // as StoredTime
  std::function<void(absl::Time until)> on_refusal_;
  std::shared_ptr<std::atomic<std::uint64_t>> body_bytes_;
  std::mutex keys_mutex_;
  std::map<std::pair<std::string, std::string>, Waiting> keys_under_way_;
  bool unreachable_suspended_ = false;  // at the start
  std::atomic<bool> submission_suspended_{false};
  mutable std::mutex held_mutex_;
  std::vector<base::MessageId> held_;  // while the Submission queue is suspended
  Suspects suspects_;                  // after Restore: of the first shard
  std::size_t restored_ = 0;
  std::size_t restored_in_hand_ = 0;
};

// The length of the Submission queue as a metric; `read` from any thread.
void AddSubmissionReading(observe::Registry& registry, std::function<std::size_t()> read);

}  // namespace postern::pipeline
