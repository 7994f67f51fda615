// tests/services/mailbox-transport/queue/schedule_driver.h
//
// ScheduleDriver: the small language of the schedule's tests: hops by name, messages by number,
// time that passes when told.

#pragma once

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "common/observe/metrics.h"
#include "services/mailbox-transport/queue/schedule.h"

namespace postern::queue {

class ScheduleDriver : public ::testing::Test {
 protected:
  static model::NextHop Hop(const std::string& domain) {
    model::NextHop hop;
    hop.type = domain == "unreachable" ? model::DeliveryType::kUnreachable
                                       : model::DeliveryType::kDnsConnectorDelivery;
    hop.domain = domain;
    hop.connector = "internet";
    return hop;
  }

  static Lane LaneOf(const std::string& domain) { return {Lane::Kind::kHop, Hop(domain)}; }

  static Lane Lapsed() { return {Lane::Kind::kLapsed, model::NextHop()}; }

  // Without the ramp, which has tests of its own.
  ScheduleDriver() { settings_.first_connections.value = 10'000; }

  Schedule& schedule() {
    if (!schedule_) {
      schedule_ = std::make_unique<Schedule>(
          settings_, random_, probe_, static_cast<std::size_t>(*settings_.max_outbound_connections),
          /*shards=*/1, sets_);
    }
    return *schedule_;
  }

  model::Ticket Ticket(std::uint64_t id) {
    model::Ticket ticket;
    ticket.id = {id};
    ticket.recipients = {0};
    ticket.expires = start_ + absl::Hours(48);
    return ticket;
  }

  void Add(const std::string& domain,
           std::uint64_t id,
           absl::Duration due_in = absl::ZeroDuration()) {
    model::Ticket ticket = Ticket(id);
    ticket.due = now_ + due_in;
    schedule().Add(Hop(domain), std::move(ticket), now_);
  }

  void AddMany(const std::string& domain, std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      Add(domain, first + i);
  }

  // The domain that gets a worker next; "lapsed" for that lane, "" for nobody.
  std::string Wanted() {
    const auto lane = schedule().NextWanted(now_);
    if (!lane) return "";
    return lane->kind == Lane::Kind::kLapsed ? "lapsed" : lane->hop.domain;
  }

  std::vector<std::string> AllWanted() {
    std::vector<std::string> all;
    for (std::string one = Wanted(); !one.empty(); one = Wanted())
      all.push_back(one);
    return all;
  }

  // The id of the message that a worker of the hop gets; 0 for none.
  std::uint64_t Take(const std::string& domain) {
    const auto work = schedule().TryTake(LaneOf(domain), now_);
    return work ? work->ticket.id.value : 0;
  }

  void Done(const std::string& domain, std::uint64_t id) {
    schedule().Done(Hop(domain), {id}, now_);
  }

  void RetryAtOnce(const std::string& domain, std::uint64_t id) {
    schedule().Retry(Hop(domain), Ticket(id), now_);
  }

  void RetryIn(const std::string& domain, std::uint64_t id, absl::Duration wait) {
    model::Ticket ticket = Ticket(id);
    ticket.due = now_ + wait;
    schedule().Retry(Hop(domain), std::move(ticket), now_);
  }

  void Worked(const std::string& domain) { schedule().HopWorked(Hop(domain), now_); }

  void Deferred(const std::string& domain) { schedule().HopDeferred(Hop(domain), now_); }

  void Failed(const std::string& domain) { schedule().HopFailed(Hop(domain), "421 no", now_); }

  void Held(const std::string& domain) { schedule().HopHeld(Hop(domain), "no front end", now_); }

  void Ended(const std::string& domain) { schedule().WorkerEnded(LaneOf(domain), now_); }

  // The attempts of these messages, each the last one of its worker.
  void FailEach(const std::string& domain, const std::vector<std::uint64_t>& ids) {
    for (const std::uint64_t id : ids) {
      Failed(domain);
      RetryAtOnce(domain, id);
      Ended(domain);
    }
  }

  void Pass(absl::Duration span) { now_ += span; }

  // Delivers all that one worker gets.
  std::vector<std::uint64_t> Work(const std::string& domain) {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t id = Take(domain); id != 0; id = Take(domain)) {
      ids.push_back(id);
      Worked(domain);
      Done(domain, id);
    }
    Ended(domain);
    return ids;
  }

  // One worker comes, takes a message, and finds nobody there.
  bool TryAndFail(const std::string& domain) {
    if (Wanted() != domain) return false;
    const std::uint64_t id = Take(domain);
    Failed(domain);
    if (id != 0) RetryAtOnce(domain, id);
    const bool more = Take(domain) != 0;
    Ended(domain);
    return id != 0 && !more;
  }

  QueueView View(const std::string& domain) {
    for (QueueView& view : schedule().Queues(now_)) {
      if (view.hop.domain == domain) return view;
      if (view.hop.type == model::DeliveryType::kUnreachable && domain == "unreachable")
        return view;
    }
    ADD_FAILURE() << "no queue " << domain;
    return QueueView();
  }

  observe::Registry registry_;
  Probe probe_{registry_};
  QueueSettings settings_;
  base::SeededRandom random_{7};
  MxSets* sets_ = nullptr;  // before the first call of schedule()
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  absl::Time now_ = start_;

  // No call of schedule() after it.
  void Forget() { schedule_.reset(); }

 private:
  std::unique_ptr<Schedule> schedule_;
};

}  // namespace postern::queue
