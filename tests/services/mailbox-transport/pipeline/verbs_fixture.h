// tests/services/mailbox-transport/pipeline/verbs_fixture.h
//
// The straight line with the verbs of an administrator, told from the test's thread.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/services/mailbox-transport/pipeline/line_fixture.h"

namespace postern::pipeline {

class VerbsFixture : public LineFixture {
 protected:
  static constexpr char kBob[] = "192.0.2.1";
  static constexpr char kHome[] = "192.0.2.200";

  VerbsFixture() { Domain("b.test", kBob); }

  static model::NextHop Bobs() {
    return {model::DeliveryType::kDnsConnectorDelivery, "b.test", "Internet"};
  }

  template <typename T>
  T Await(io::Task<T> task) {
    return io::RunTask(pipeline_->shards().front()->executor(), std::move(task));
  }

  absl::Status SuspendQueue(const model::NextHop& hop) {
    return Await(pipeline_->SuspendQueue(hop));
  }

  absl::Status ResumeQueue(const model::NextHop& hop) { return Await(pipeline_->ResumeQueue(hop)); }

  // "1 done, 0 pending, 0 absent", or the status.
  std::string Suspend(const model::NextHop& hop, const std::vector<base::MessageId>& ids) {
    return Text(Await(pipeline_->ChangeMessages(hop, ids, queue::Wish::kSuspend)));
  }

  std::string Resume(const model::NextHop& hop, const std::vector<base::MessageId>& ids) {
    return Text(Await(pipeline_->ChangeMessages(hop, ids, queue::Wish::kResume)));
  }

  std::string Remove(const model::NextHop& hop,
                     const std::vector<base::MessageId>& ids,
                     bool with_ndr) {
    const auto wish = with_ndr ? queue::Wish::kRemoveWithNdr : queue::Wish::kRemove;
    return Text(Await(pipeline_->ChangeMessages(hop, ids, wish)));
  }

  // Accepts, and waits until it is in the queue.
  base::MessageId Queued(const std::vector<std::string>& to, const model::NextHop& hop) {
    const std::size_t before = Waiting(hop);
    const model::MessagePtr message = Message(to);
    const base::MessageId id = message->id;
    Accept(message);
    EXPECT_TRUE(Soon([&] { return Waiting(hop) == before + 1; }));
    return id;
  }

  // "Suspended", or "" when the queue has no such message.
  std::string StatusOf(const model::NextHop& hop, base::MessageId id) {
    std::string status;
    for (const auto& shard : pipeline_->shards()) {
      shard->executor().Run([&] {
        for (const queue::TicketView& view : shard->queue().Tickets(hop, 1000)) {
          if (view.id == id) status = queue::NameOf(view.status);
        }
      });
    }
    return status;
  }

  std::size_t Attempts(const std::string& address) {
    return static_cast<std::size_t>(Heard(address, "MAIL"));
  }

  void Restart(std::string_view connectors) {
    Stop(absl::ZeroDuration());
    Run(connectors);
  }

 private:
  static std::string Text(const absl::StatusOr<Changed>& changed) {
    if (!changed.ok()) return changed.status().ToString();
    return base::Cat(changed->done, " done, ", changed->pending, " pending, ", changed->absent,
                     " absent");
  }
};

}  // namespace postern::pipeline
