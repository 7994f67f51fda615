#include "services/mailbox-transport/app/rescue.h"

#include <filesystem>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/io/completion.h"
#include "common/io/event.h"
#include "common/io/executor.h"
#include "common/io/on_disk.h"
#include "common/io/scope.h"
#include "services/mailbox-transport/deliver/relay.h"
#include "services/mailbox-transport/deliver/stored_body.h"
#include "services/mailbox-transport/store/rocks_store.h"

namespace postern::app {

namespace {

constexpr std::uint64_t kProgressEach = 100;
// Stands for the server that does not run among those that had the message.
constexpr std::string_view kRelayedBy = "Rescue-Queue";
constexpr absl::Duration kRemovedWithin = absl::Seconds(30);

class Rescuer {
 public:
  Rescuer(const RescueOptions& options, store::RocksStore& store, io::Executor& executor)
      : options_(options),
        store_(store),
        executor_(executor),
        relay_({executor, options.rpc, settings_, std::string(kRelayedBy), store.database_id()}) {
    plan_.groups = {{{options.server, "", options.server, true}}};
  }

  absl::Status Find() {
    absl::Status found =
        store_.ScanSuspensions([this](const model::NextHop& hop) { suspended_.insert(hop); });
    if (!found.ok()) return found;
    found = store_.Scan([this](const model::MessagePtr& message, model::InHand in_hand) {
      ids_.push_back(message->id);
      if (in_hand != model::kNotInHand) ++report_.in_hand;
      if (in_hand == model::kInHand) in_hand_.insert(message->id);
    });
    report_.found = ids_.size();
    // Scan has counted the marks; of a message that stays here the next start is to know it still.
    for (const base::MessageId id : in_hand_)
      store_.MarkInHand(id);
    return found;
  }

  io::Task<void> Run() {
    io::Scope workers(executor_);
    for (std::size_t i = 0; i < kRescueWorkers; ++i)
      workers.Spawn(Worker());
    co_await workers.Join();
    report_.kept = report_.found - report_.rescued;
  }

  const RescueReport& report() const { return report_; }

 private:
  io::Task<void> Worker() {
    while (next_ < ids_.size() && failures_ < kRescueFailuresMax) {
      const absl::Status done = co_await One(ids_[next_++]);
      if (done.ok()) {
        failures_ = 0;
        ++report_.rescued;
      } else {
        ++failures_;
        report_.error = base::MessageOf(done);
      }
      if (options_.progress && (report_.rescued + failures_) % kProgressEach == 0) {
        options_.progress(report_);
      }
    }
  }

  io::Task<absl::Status> One(base::MessageId id) {
    absl::AnyInvocable<absl::StatusOr<model::Message>()> load = [this, id] {
      return store_.Load(id);
    };
    auto loaded = co_await io::OnDisk(disk_, std::move(load));
    if (!loaded.ok()) co_return loaded.status();
    model::Batch batch;
    batch.message = std::make_shared<model::Message>(*std::move(loaded));
    if (in_hand_.contains(id)) ++batch.message->crashes;  // as its own server would have counted
    for (std::uint32_t i = 0; i < batch.message->recipients.size(); ++i) {
      model::RecipientState& state = batch.message->recipients[i];
      if (state.phase != model::Phase::kPending) continue;
      batch.recipients.push_back(i);
      batch.next_hop = state.next_hop;  // all are poison, or none
      state.suspended = state.suspended || suspended_.contains(model::QueueOf(state.next_hop));
    }
    if (batch.recipients.empty()) co_return co_await Removed(batch.message);
    deliver::StoredBody body(store_, disk_, batch.message);
    const smtp::Outcome outcome = co_await relay_.Attempt(batch, plan_, body);
    if (absl::Status handed = deliver::HandedOver(outcome); !handed.ok()) co_return handed;
    for (const std::uint32_t i : batch.recipients)
      batch.message->recipients[i].phase = model::Phase::kDone;
    co_return co_await Removed(batch.message);
  }

  // Counted as rescued only when the store will not bring it back.
  io::Task<absl::Status> Removed(model::MessagePtr message) {
    auto kept = std::make_shared<io::Completion<absl::Status>>(executor_);
    const bool in_hand = in_hand_.contains(message->id);
    model::Settlement settlement{.message = std::move(message), .in_hand = in_hand};
    store_.Settle(std::move(settlement),
                  [kept](absl::Status status) { kept->Set(std::move(status)); });
    const auto status = co_await kept->Until(kRemovedWithin);
    if (status.has_value()) co_return *status;
    co_return absl::UnavailableError(
        "the other server has it, but it cannot be removed here: is the volume full?");
  }

  const RescueOptions& options_;
  const deliver::DeliverSettings settings_;
  store::RocksStore& store_;
  io::Executor& executor_;
  io::DiskPool disk_{2};
  deliver::Relay relay_;
  model::RelayPlan plan_;
  std::unordered_set<model::NextHop> suspended_;  // queues
  std::unordered_set<base::MessageId> in_hand_;
  std::vector<base::MessageId> ids_;
  std::size_t next_ = 0;
  std::uint64_t failures_ = 0;  // in a row
  RescueReport report_;
};

}  // namespace

absl::StatusOr<RescueReport> Rescue(const RescueOptions& options) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::path(options.store_path) / "CURRENT", error)) {
    return base::Error(absl::StatusCode::kNotFound, options.store_path, ": there is no store");
  }
  observe::Registry registry;
  store::StoreSettings settings;
  settings.path.value = options.store_path;
  POSTERN_ASSIGN_OR_RETURN(auto store, store::RocksStore::Open(settings, registry));
  io::Executor executor("rescue");
  executor.Start();
  auto rescuer = std::make_unique<Rescuer>(options, *store, executor);
  absl::Status found = rescuer->Find();
  if (found.ok()) io::RunTask(executor, rescuer->Run());
  const RescueReport report = rescuer->report();
  store.reset();  // what was settled is written and synced
  executor.Run([&] { rescuer.reset(); });
  executor.Stop();
  if (!found.ok()) return found;
  return report;
}

}  // namespace postern::app
