// A week of the queue's and settle's decisions, on a clock that the test turns: every attempt and
// every DSN of a set of destinations, beside Exchange's intervals.

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "services/mailbox-transport/pipeline/tickets.h"
#include "services/mailbox-transport/queue/schedule.h"
#include "services/mailbox-transport/settle/settle.h"
#include "tests/services/mailbox-transport/settle/settle_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/state_table.h"

namespace postern::pipeline {
namespace {

using ::testing::ElementsAreArray;

constexpr absl::Duration kWeek = absl::Hours(24 * 7);

// What a destination says at this time after the acceptance.
using Destination = std::function<smtp::Outcome(absl::Duration)>;

smtp::Outcome NoConnection(absl::Duration) {
  return smtp::Outcome::Failed(1, smtp::Origin::kConnect, absl::UnavailableError("refused"),
                               {4, 4, 1});
}

Destination Says(int code, const std::string& text) {
  return [=](absl::Duration) {
    smtp::Outcome outcome;
    outcome.recipients.resize(1);
    outcome.recipients[0].origin = smtp::Origin::kRemote;
    outcome.recipients[0].reply = mail::Reply{code, {text}};
    outcome.recipients[0].host = "mx.remote.test";
    return outcome;
  };
}

Destination NoFrontEnd() {
  return [](absl::Duration) {
    return smtp::Outcome::Failed(1, smtp::Origin::kFrontEnd, absl::UnavailableError("no front end"),
                                 {4, 4, 1});
  };
}

Destination Until(absl::Duration change, Destination before, Destination after) {
  return [=](absl::Duration at) { return at < change ? before(at) : after(at); };
}

std::string Text(absl::Duration at) {
  const std::int64_t minutes = absl::ToInt64Minutes(at);
  return base::Cat(minutes / 60, ":", minutes % 60 < 10 ? "0" : "", minutes % 60);
}

// "0:00, 0:01, +5 min x 6": runs of equal waits are told once.
std::string Runs(const std::vector<std::int64_t>& minutes) {
  std::string out;
  for (std::size_t i = 0; i < minutes.size();) {
    if (i == 0) {
      out = Text(absl::Minutes(minutes[i++]));
      continue;
    }
    const std::int64_t wait = minutes[i] - minutes[i - 1];
    std::size_t count = 0;
    while (i < minutes.size() && minutes[i] - minutes[i - 1] == wait) {
      ++i;
      ++count;
    }
    out += base::Cat(", ", count, " x +", wait, " min");
  }
  return out + base::Cat("; the last at ", Text(absl::Minutes(minutes.back())));
}

struct Week {
  std::vector<std::int64_t> attempts;  // minutes after the acceptance
  std::vector<std::int64_t> seconds;   // the same in seconds
  std::vector<std::string> notices;    // "delayed 4:00"
  std::string end;                     // "delivered 3:04", or "returned 48:00 5.4.7"
};

class WeekTest : public ::testing::Test {
 protected:
  Week Run(const Destination& destination) {
    settle::RecordingStore store;
    settle::Terms terms;
    terms.server = "relay.example.test";
    settle::Settler settler(store, clock_, random_, settle::SenderRules(), settle_probe_, terms);
    queue::Schedule schedule(settings_, random_, queue_probe_, 20);
    const absl::Time start = clock_.Now();
    message_ = Message(start);
    for (PlacedTicket& placed : TicketsOf(message_, *settings_.delay_notification_timeout, true))
      schedule.Add(placed.hop, std::move(placed.ticket), start);

    Week week;
    while (clock_.Now() - start < kWeek && !message_->settled()) {
      const absl::Time now = clock_.Now();
      while (auto lane = schedule.NextWanted(now)) {
        while (auto work = schedule.TryTake(*lane, now))
          Handle(std::move(*work), destination, start, settler, schedule, week);
        schedule.WorkerEnded(*lane, now);
      }
      if (message_->settled()) break;
      clock_.Advance(std::max(schedule.NextWake() - now, absl::Seconds(1)));
    }
    const std::string at = Text(clock_.Now() - start);
    const model::RecipientState& state = message_->recipients[0];
    week.end = !message_->settled() ? "still waiting"
               : state.last_error.empty()
                   ? base::Cat("delivered ", at)
                   : base::Cat("returned ", at, " ", state.last_error.substr(0, 9));
    return week;
  }

  queue::QueueSettings settings_;
  model::MessagePtr message_;

 private:
  static model::MessagePtr Message(absl::Time now) {
    auto message = std::make_shared<model::Message>();
    message->id = {7};
    message->envelope.sender = "alice@example.test";
    message->envelope.recipients.push_back({"bob@remote.test"});
    message->recipients.resize(1);
    message->recipients[0].next_hop = {model::DeliveryType::kDnsConnectorDelivery, "remote.test",
                                       "Internet"};
    message->size = 100;
    message->accepted = now;
    message->expires = now + absl::Hours(48);
    return message;
  }

  void Handle(queue::Work work,
              const Destination& destination,
              absl::Time start,
              settle::Settler& settler,
              queue::Schedule& schedule,
              Week& week) {
    const absl::Time now = clock_.Now();
    const absl::Duration at = now - start;
    model::Batch batch;
    batch.message = message_;  // a queue in Retry leaves it to the store
    batch.next_hop = work.hop;
    batch.recipients = work.ticket.recipients;
    settle::Decision decision;
    switch (work.kind) {
      case queue::Work::Kind::kAttempt:
        week.attempts.push_back(absl::ToInt64Minutes(at + absl::Seconds(30)));
        week.seconds.push_back(absl::ToInt64Seconds(at));
        decision = settler.Decide(batch, work.ticket, destination(at));
        break;
      case queue::Work::Kind::kExpired:
        decision = settler.Expire(batch, work.ticket);
        break;
      case queue::Work::Kind::kDelayed:
        decision = settler.Delay(batch, work.ticket);
        break;
      case queue::Work::Kind::kRemoved:
      case queue::Work::Kind::kChanged:
        FAIL() << "nobody administers here";
    }
    for (const auto& report : decision.reports)
      week.notices.push_back(base::Cat(settle::NameOf(report.kind), " ", Text(at)));
    settle::Settled settled = settler.Commit(std::move(decision), settle::Original());
    switch (settled.hop.kind) {
      case settle::HopNews::Kind::kWorked:
        schedule.HopWorked(work.hop, now);
        break;
      case settle::HopNews::Kind::kDeferred:
        schedule.HopDeferred(work.hop, now);
        break;
      case settle::HopNews::Kind::kFailed:
        schedule.HopFailed(work.hop, settled.hop.error, now);
        break;
      case settle::HopNews::Kind::kHeld:
        schedule.HopHeld(work.hop, settled.hop.error, now);
        break;
      case settle::HopNews::Kind::kNothing:
        break;
    }
    if (settled.tickets.empty()) schedule.Done(work.hop, work.ticket.key(), now);
    for (model::Ticket& ticket : settled.tickets)
      schedule.Retry(work.hop, std::move(ticket), now);
  }

  observe::Registry registry_;
  queue::Probe queue_probe_{registry_};
  settle::Probe settle_probe_{registry_};
  testing::FakeClock clock_;
  base::SeededRandom random_{3};
};

// Exchange's ladder: 4 x 1 min, 6 x 5 min, then every 10 min, until 48 hours.
std::vector<std::int64_t> LadderUntil(std::int64_t end) {
  std::vector<std::int64_t> minutes = {0};
  const auto next = [&] {
    const std::size_t tried = minutes.size() - 1;
    return minutes.back() + (tried < 4 ? 1 : tried < 10 ? 5 : 10);
  };
  while (next() < end)
    minutes.push_back(next());
  return minutes;
}

std::vector<std::int64_t> EachMinutes(std::int64_t step, std::int64_t end) {
  std::vector<std::int64_t> minutes;
  for (std::int64_t at = 0; at < end; at += step)
    minutes.push_back(at);
  return minutes;
}

constexpr std::int64_t kExpiry = 48 * 60;

struct Case {
  std::string destination;
  Destination says;
  std::vector<std::int64_t> attempts;
  std::vector<std::string> notices;
  std::string end;
};

std::vector<Case> Cases() {
  std::vector<std::int64_t> up_after_three_hours = LadderUntil(180);
  up_after_three_hours.push_back(184);
  return {
      {"no host can be reached, ever",
       NoConnection,
       LadderUntil(kExpiry),
       {"delayed 4:00", "failed 48:00"},
       "returned 48:00 550 4.4.7"},
      {"no host can be reached for 3 hours",
       Until(absl::Hours(3), NoConnection, Says(250, "2.0.0")),
       up_after_three_hours,
       {},
       "delivered 3:04"},
      {"refused for now at RCPT, ever",
       Says(450, "4.2.0 later"),
       EachMinutes(15, kExpiry),
       {"delayed 4:00", "failed 48:00"},
       "returned 48:00 550 4.4.7"},
      {"greylisted for 10 minutes",
       Until(absl::Minutes(10), Says(451, "4.7.1 greylisted"), Says(250, "2.0.0")),
       {0, 15},
       {},
       "delivered 0:15"},
      {"refused for good",
       Says(550, "5.1.1 no such user"),
       {0},
       {"failed 0:00"},
       "returned 0:00 550 5.1.1"},
      {"taken", Says(250, "2.0.0 taken"), {0}, {}, "delivered 0:00"},
      {"down for 1 hour, then refused for now, ever",
       Until(absl::Hours(1), NoConnection, Says(450, "4.2.0 later")),
       {},  // the ladder, then every 15 minutes: the test writes it
       {"delayed 4:00", "failed 48:00"},
       "returned 48:00 550 4.4.7"},
  };
}

TEST_F(WeekTest, StateTableOfAWeekOfRetries) {
  postern::testing::StateTable page(
      "retry-week", "A week of retries",
      "What becomes of one message at each destination, with the settings as they are: attempts "
      "and "
      "DSNs in hours\nand minutes after its acceptance. Exchange's ladder for a queue is 4 x 1, 6 "
      "x 5, "
      "then every 10 minutes; a message\nthat a host refused for now waits 15 minutes; a delay is "
      "told after 4 hours, and after 48 hours it is returned.",
      {"Destination", "Attempts", "DSNs", "End"});
  for (const Case& row : Cases()) {
    SCOPED_TRACE(row.destination);
    const Week week = Run(row.says);
    std::vector<std::int64_t> expected = row.attempts;
    if (expected.empty()) {
      expected = LadderUntil(60);
      for (std::int64_t at = 64; at < kExpiry; at += 15)
        expected.push_back(at);
    }
    EXPECT_THAT(week.attempts, ElementsAreArray(expected));
    EXPECT_THAT(week.notices, ElementsAreArray(row.notices));
    EXPECT_EQ(week.end, row.end);
    page.Row({row.destination, base::Cat(week.attempts.size(), ": ", Runs(week.attempts)),
              week.notices.empty() ? "none" : base::Join(week.notices, ", "), week.end});
  }
  const Week held = Run(Until(absl::Minutes(90), NoFrontEnd(), Says(250, "2.0.0")));
  for (std::size_t i = 1; i < held.seconds.size(); ++i) {
    EXPECT_GE(held.seconds[i] - held.seconds[i - 1], 60) << "look " << i;
    EXPECT_LE(held.seconds[i] - held.seconds[i - 1], 66) << "look " << i << ": it does not climb";
  }
  EXPECT_EQ(held.end.substr(0, 12), "delivered 1:");
  EXPECT_LE(held.seconds.back(), 90 * 60 + 66);
  page.Row({"no front end for 90 minutes, and nobody tells when there is one",
            base::Cat(held.attempts.size(), ": one each 60 to 66 s"), "none", held.end});
}

}  // namespace
}  // namespace postern::pipeline
