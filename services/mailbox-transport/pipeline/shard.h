// services/mailbox-transport/pipeline/shard.h
//
// Shard: the part of the straight line that lives on one executor: its queue, and the workers that
// take work from it, deliver it and settle it.
//
// Flow      Start; DirectoryChanged; Add; ...; StopWork; Finish.
// Failure   A message that the store cannot give back is left out, logged and counted by the
//           store; one that it cannot read now waits for kUnreadablePause.
// Lifetime  Every call on its executor, unless it says otherwise. The shards know one another: a
//           message with several recipients is settled by its owner, which its id decides.
// Limits    As the queue's settings say.
// See       docs/architecture.md

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/io/completion.h"
#include "common/io/scope.h"
#include "services/mailbox-transport/deliver/deliver.h"
#include "services/mailbox-transport/model/message_store.h"
#include "services/mailbox-transport/pipeline/changed.h"
#include "services/mailbox-transport/pipeline/drain.h"
#include "services/mailbox-transport/pipeline/shard_shared.h"
#include "services/mailbox-transport/queue/queue.h"
#include "services/mailbox-transport/settle/settle.h"

namespace postern::pipeline {

inline constexpr absl::Duration kUnreadablePause = absl::Minutes(1);

class Shard {
 public:
  // `external`: for connectors that ask for it; null is `resolver`.
  Shard(io::Executor& executor,
        dns::Resolver& resolver,
        dns::Resolver* external,
        const ShardSettings& settings,
        ShardShared& shared,
        queue::ShardPlace place);
  ~Shard();

  // `shards`: all of them, itself included, for the life of the service.
  void Start(const std::vector<std::unique_ptr<Shard>>* shards);
  void DirectoryChanged(directory::SnapshotPtr snapshot);
  // Looks once more at what is unreachable and at what waits for a hop that is not right any more.
  void RerouteSoon();
  void Add(const model::NextHop& hop, model::Ticket ticket);
  // Retry-Queue -Resubmit: routes up to `most` tickets of `hop` again that were there before `mark`
  // (Queue::Mark), as if they had just come, and gives how many there were.
  io::Task<std::size_t> ResubmitSome(model::NextHop hop, std::uint64_t mark, std::size_t most);

  // One round of a drain: no message is begun after `until`, none goes on after `at_latest`.
  io::Task<DrainRound> Drain(model::RelayPlan plan, absl::Time until, absl::Time at_latest);

  // Returns to its sender what routing refused for ever for these recipients, which have no ticket.
  // Nothing after StopWork: the next start does it.
  void Refuse(model::MessagePtr message, std::vector<std::uint32_t> recipients);

  void StopWork();
  // Waits until `deadline` for deliveries under way, then cancels them.
  io::Task<void> Finish(absl::Time deadline);

  // Suspends, resumes or removes messages of one queue, one after the other; the answer when the
  // store knows. Several calls wait for one another.
  io::Task<Changed> Change(model::NextHop hop, std::vector<base::MessageId> ids, queue::Wish wish);

  // For what the pipeline does in the background.
  void Spawn(io::Task<void> task) { loops_.Spawn(std::move(task)); }

  // Routes what waits in a queue again, in the background.
  void Resubmit(model::NextHop hop);

  // The one that changes the message's recipients.
  Shard& OwnerOf(const model::Message& message);

  queue::Queue& queue() { return queue_; }

  io::Executor& executor() { return executor_; }

  const deliver::Proxy& proxy() const { return proxy_; }

 private:
  io::Task<void> RunWorker(queue::Lane lane);
  io::Task<void> Handle(queue::Work work);
  io::Task<void> Attempt(queue::Work work);

  struct Course {
    deliver::Way way = deliver::Way::kDirect;
    bool in_hand = false;  // the store has a mark of it
  };

  // By the way that the hop of the batch demands; `course` says which.
  io::Task<smtp::Outcome> Deliver(const model::Batch& batch,
                                  model::TicketKey key,
                                  const route::RouteTable& table,
                                  Course& course);
  // Whether the hosts of an attempt may be connected to; from then on somebody has its content.
  io::Task<bool> Admit(const model::Batch& batch,
                       model::TicketKey key,
                       Course& course,
                       std::string mx_set,
                       absl::Duration ttl);
  void MarkInHand(const model::Batch& batch, Course& course);
  // Whether what was queued for its hop may still go there.
  bool StillGoes(const queue::Work& work, const route::RouteTable& table) const;
  void CatchUp(const model::Message& message, const std::vector<std::uint32_t>& recipients);
  io::Task<void> Lapse(queue::Work work);
  io::Task<void> RefuseAll(model::MessagePtr message, std::vector<std::uint32_t> recipients);
  io::Task<void> RefuseTogether(model::MessagePtr message,
                                std::vector<std::uint32_t> recipients,
                                route::Reject refusal);
  io::Task<absl::StatusOr<model::MessagePtr>> MessageOf(model::Ticket ticket);
  // The ticket leaves the queue when the message is lost, else it waits for better times.
  void NoteUnreadable(const model::NextHop& hop, model::Ticket ticket, const absl::Status& error);

  // Settling: decided and committed by the owner, the original read here in between. `kept` is set
  // when the store has it; null: nobody waits for that.
  using Decide = absl::AnyInvocable<settle::Decision(settle::Settler&)>;
  using Kept = std::shared_ptr<io::Completion<absl::Status>>;
  io::Task<settle::Settled> Settle(Shard& owner,
                                   model::MessagePtr message,
                                   Decide decide,
                                   TrackedWork work,
                                   Kept kept = nullptr);
  io::Task<settle::Original> OriginalOf(model::MessagePtr message, settle::OriginalPart part);
  io::Task<void> PlaceWhenKept(Kept kept, Shard* owner, model::Settlement settlement);
  io::Task<std::optional<absl::Status>> KeepLate(Shard* owner, model::Settlement settlement);
  // The queue tells why these recipients wait. Their ticket is in our hands, so their state is too.
  void NoteError(const model::NextHop& hop,
                 const model::Message& message,
                 const std::vector<std::uint32_t>& recipients);
  // What became of the ticket that was taken: done, or waiting as the settlement says.
  void Requeue(const model::NextHop& hop,
               const model::Ticket& taken,
               const model::Message& message,
               settle::Settled settled);

  // What Change did to one message.
  struct ChangedOne {
    bool done = false;
    bool pending = false;
    Kept kept;  // null: nothing was told to the store

    // The store was told once more, unless `last` is null.
    void Told(Kept last) {
      if (last != nullptr) kept = std::move(last);
    }
  };

  io::Task<ChangedOne> ChangeOne(model::NextHop hop, base::MessageId id, queue::Wish wish);
  io::Task<void> ChangeWork(queue::Work work, queue::Wish wish, ChangedOne& change);
  // On the owner of the message: tells the store what its recipients' states are now.
  void Keep(const model::MessagePtr& message, const Kept& kept);
  // Writes whether these recipients, which are of this hop, are suspended; null when none waits.
  io::Task<Kept> KeepSuspended(model::NextHop hop,
                               model::MessagePtr message,
                               std::vector<std::uint32_t> recipients,
                               bool suspended);
  // Out of the Poison queue, to be routed again.
  io::Task<Kept> Pardon(queue::Work work);
  io::Task<Kept> RemoveTicket(queue::Work work);
  // An administrator was quicker than the disk from which the message was read for its attempt.
  io::Task<void> EndBeforeAttempt(queue::Work work, queue::Pending pending);

  struct Draining;
  bool Over(const Draining& drain) const;
  io::Task<void> DrainWorker(std::shared_ptr<Draining> drain);
  io::Task<void> DrainTicket(std::shared_ptr<Draining> drain, model::Ticket ticket);

  io::Task<void> Reroute();
  bool Stays(const model::NextHop& hop, const route::RouteTable& table) const;

  // When a message that is routed again may go, if its hop stays the same.
  enum class Due : std::uint8_t { kAsBefore, kNow };

  io::Task<void> RerouteQueue(model::NextHop hop, Due due);
  io::Task<std::size_t> RerouteSome(model::NextHop hop,
                                    std::uint64_t mark,
                                    std::size_t most,
                                    Due due);
  // Waits for the store when too much of what was routed again is not written yet.
  io::Task<void> RerouteTicket(model::NextHop hop, model::Ticket ticket, Due due);
  // On the owner of the message. Gives the error with which one waits for `hop` as before.
  std::string RouteAgain(const model::MessagePtr& message,
                         const std::vector<std::uint32_t>& recipients,
                         const model::NextHop& hop,
                         Due due);

  template <typename T>
  io::Task<T> On(Shard& other, absl::AnyInvocable<T()> fn);

  io::Executor& executor_;
  ShardSettings settings_;
  ShardShared& shared_;
  const std::vector<std::unique_ptr<Shard>>* shards_ = nullptr;
  directory::SnapshotPtr snapshot_;

  queue::Queue queue_;
  settle::Settler settler_;
  smtp::Engine engine_;
  deliver::Probe deliver_probe_;
  deliver::Proxy proxy_;
  deliver::Relay relay_;
  deliver::Deliver deliver_;

  // What the workers have.
  struct UnderWay {
    model::NextHop hop;
    model::MessagePtr message;
    std::vector<std::uint32_t> recipients;
  };

  std::multimap<base::MessageId, UnderWay> under_way_;
  std::size_t late_bytes_ = 0;  // of notices that the store had no room for
  bool changing_ = false;
  io::Event change_ended_;

  RouteTablePtr routed_by_;  // by which the queues are known to be right
  bool rerouting_ = false;
  bool reroute_again_ = false;
  bool stopped_ = false;
  io::Event worker_ended_;
  io::Scope workers_;
  io::Scope loops_;
};

template <typename T>
io::Task<T> Shard::On(Shard& other, absl::AnyInvocable<T()> fn) {
  if (&other == this) co_return fn();
  auto done = std::make_shared<io::Completion<T>>(executor_);
  other.executor_.Post([done, &fn] { done->Set(fn()); });
  co_return co_await done->Wait();
}

}  // namespace postern::pipeline
