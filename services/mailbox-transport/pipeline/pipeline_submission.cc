// The two queues at the ends of the line: Submission, before routing, and Poison, beside it.

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "common/observe/log.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::pipeline {

namespace {

constexpr std::size_t kLetGoSlice = 256;
constexpr std::chrono::seconds kCountsWrittenMax{5};

bool IsHeld(const model::Message& message) {
  return !message.recipients.empty() && model::IsSubmission(message.recipients.front().next_hop);
}

// Another server had set it apart.
bool IsPoison(const model::Message& message) {
  return !message.recipients.empty() &&
         message.recipients.front().next_hop.type == model::DeliveryType::kPoison;
}

}  // namespace

// What is accepted while the queue is suspended is stored as such, so that a restart knows.
void Pipeline::RouteNew(model::Message& message) const {
  if (IsPoison(message)) return;
  if (!submission_suspended_) return router_.Route(message);
  message.recipients.resize(message.envelope.recipients.size());
  for (model::RecipientState& state : message.recipients)
    state.next_hop = model::SubmissionHop();
}

bool Pipeline::HoldBack(const model::Message& message) {
  if (!IsHeld(message)) return false;
  {
    const std::lock_guard lock(held_mutex_);
    held_.push_back(message.id);
  }
  // It may have been resumed since the message was accepted.
  if (!submission_suspended_) LetGoSoon();
  return true;
}

void AddSubmissionReading(observe::Registry& registry, std::function<std::size_t()> read) {
  registry.AddReading(
      "postern_queue_submission_messages",
      "Messages in the Submission queue: before their receipt, or held while it is suspended.",
      [read = std::move(read)] { return static_cast<double>(read()); });
}

queue::QueueView Pipeline::Submission() const {
  queue::QueueView view;
  view.hop = model::SubmissionHop();
  view.status = submission_suspended_ ? queue::QueueStatus::kSuspended : queue::QueueStatus::kReady;
  const std::lock_guard lock(held_mutex_);
  view.message_count = submission_length() + held_.size() + suspects_.size();
  if (!held_.empty()) view.first = {1};  // of those that are held nobody knows the oldest
  return view;
}

void Pipeline::LetGoSoon() {
  Shard& first = *shards_.front();
  first.executor().Post([this, &first] { first.Spawn(LetGo()); });
}

// On the executor of the first shard. What a stop leaves the next start finds.
io::Task<void> Pipeline::LetGo() {
  while (!submission_suspended_) {
    const absl::StatusOr<bool> more = co_await LetGoSome(/*suspended=*/false);
    if (absl::IsCancelled(more.status()) || (more.ok() && !*more)) co_return;
    if (more.ok()) continue;
    const absl::Status slept = co_await io::Sleep(kUnreadablePause);
    if (!slept.ok()) co_return;
  }
}

io::Task<bool> Pipeline::LetGoSuspended() {
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more)
    more = co_await LetGoSome(/*suspended=*/true);
  co_return more.ok();
}

// Whether there were any; the error of one that cannot be read now, which stays with those behind
// it.
io::Task<absl::StatusOr<bool>> Pipeline::LetGoSome(bool suspended) {
  std::vector<base::MessageId> ids;
  std::optional<OnTheWay::Some> some;
  {
    const std::lock_guard lock(held_mutex_);
    const auto slice = static_cast<std::ptrdiff_t>(std::min(kLetGoSlice, held_.size()));
    ids.assign(held_.end() - slice, held_.end());
    some.emplace(on_the_way_, ids.size());
    held_.resize(held_.size() - ids.size());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const base::MessageId id = ids[i];
    if (ending_) {
      const std::lock_guard lock(held_mutex_);
      held_.insert(held_.end(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids.end());
      co_return absl::CancelledError("the service is stopping");
    }
    absl::AnyInvocable<absl::StatusOr<model::Message>()> load = [this, id] {
      return store_.Load(id);
    };
    auto loaded = co_await io::OnDisk(shared_.disk, std::move(load));
    if (!loaded.ok()) {
      POSTERN_LOG(kError, "store", "message cannot be read",
                  {{"message_id", id.ToString()}, {"error", loaded.status()}});
      if (!model::IsLost(loaded.status())) {
        const std::lock_guard lock(held_mutex_);
        held_.insert(held_.end(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids.end());
        co_return loaded.status();
      }
      some->Arrived();
      continue;
    }
    auto message = std::make_shared<model::Message>(*std::move(loaded));
    router_.Route(*message);
    for (model::RecipientState& state : message->recipients)
      state.suspended = state.suspended || suspended;
    shared_.Write(message, nullptr);
    Place(message, /*keep_message=*/false);
    some->Arrived();
  }
  co_return !ids.empty();
}

void Pipeline::SetApart(model::Message& message) {
  for (model::RecipientState& state : message.recipients) {
    if (state.phase == model::Phase::kPending) state.next_hop = model::PoisonHop();
  }
  POSTERN_LOG(kError, "queue", "set apart as poison: it was in hand as the process crashed",
              {{"message_id", message.id.ToString()}, {"crashes", message.crashes}});
  if (shared_.tracking != nullptr) shared_.tracking->Poisoned(message);
}

// Nothing is tried before it is on the disk that this was one crash more; while the disk is full
// the count is in memory alone.
void Pipeline::PlaceInHand(std::vector<model::MessagePtr> in_hand) {
  if (in_hand.empty()) return;
  if (!CountCrash(queue_settings_, in_hand)) {
    POSTERN_LOG(
        kWarning, "queue",
        "more messages were in hand at one crash after another than can be told apart: they "
        "are tried a few at a time",
        {{"messages", in_hand.size()}, {"at_a_time", *queue_settings_.poison_suspects}});
  }
  const auto written = std::make_shared<std::promise<void>>();
  for (const model::MessagePtr& message : in_hand) {
    if (IsPoisonous(queue_settings_, *message)) SetApart(*message);
    // The store commits in order: with the last one all are written.
    const bool last = message == in_hand.back();
    shared_.Write(message, [written, last](const absl::Status&) {
      if (last) written->set_value();
    });
  }
  if (written->get_future().wait_for(kCountsWrittenMax) != std::future_status::ready) {
    POSTERN_LOG(kWarning, "queue", "crashes are not counted on the disk yet: it is full or slow",
                {{"messages", in_hand.size()}});
  }
  for (model::MessagePtr& message : in_hand) {
    const bool suspect = suspects_.AreMeant(*message);
    message = Rerouted(std::move(message));
    suspect ? suspects_.Add(std::move(message)) : Place(message, /*keep_message=*/false);
  }
  if (suspects_.size() == 0) return;
  Shard& first = *shards_.front();
  first.executor().Post([this, &first] { first.Spawn(LetSuspectsGo()); });
}

// On the executor of the first shard.
io::Task<void> Pipeline::LetSuspectsGo() {
  while (!ending_ && suspects_.size() > 0) {
    const std::vector<model::MessagePtr> next = suspects_.Next(clock_.Now());
    for (const model::MessagePtr& message : next)
      Place(message, /*keep_message=*/false);
    const absl::Status slept = co_await io::Sleep(Suspects::kLook);
    if (!slept.ok()) co_return;
  }
}

}  // namespace postern::pipeline
