// bench/tracking_bench.cc
//
// What the message tracking log costs a delivered message, in CPU time of the whole process: the
// lines RECEIVE and SEND, and the thread that writes them.

#include <filesystem>
#include <thread>

#include "absl/time/clock.h"
#include <stdlib.h>

#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "services/mailbox-transport/pipeline/tracking.h"

namespace postern::pipeline {
namespace {

model::MessagePtr Message() {
  auto message = std::make_shared<model::Message>();
  message->id = {1'883'081'244'269'346'816};
  message->internet_message_id = "<20260131100000.4711@mail.contoso.com>";
  message->subject = "Minutes of the meeting of last Thursday";
  message->envelope.sender = "ann.miller@contoso.com";
  mail::Recipient recipient;
  recipient.address = "joe.baker@fabrikam.com";
  message->envelope.recipients.push_back(recipient);
  message->recipients.resize(1);
  message->size = 4096;
  message->source_name = "SMTP:relay";
  message->source_ip = "192.0.2.9";
  message->accepted = absl::Now();
  return message;
}

void Delivered(benchmark::State& state) {
  std::string folder = "/tmp/postern-tracking-bench-XXXXXX";
  POSTERN_CHECK(mkdtemp(folder.data()) != nullptr);
  const auto tracking = *Tracking::Open({}, "mailbox-transport-0", folder);
  settle::Decision decision;
  decision.message = Message();
  decision.ticket.recipients = {0};
  decision.verdicts.resize(1);
  decision.verdicts[0].kind = settle::Verdict::Kind::kDone;
  decision.results.resize(1);
  decision.results[0].host = "mx1.fabrikam.com";
  decision.results[0].reply = mail::Reply{250, {"2.0.0 Ok: queued as 4Zk1Xb2nQpz9rY8"}};
  smtp::Outcome outcome;
  outcome.hosts.resize(1);
  outcome.hosts[0].host = "mx1.fabrikam.com";
  outcome.hosts[0].address = "192.0.2.1:25";
  const model::NextHop hop{model::DeliveryType::kDnsConnectorDelivery, "fabrikam.com", "Internet"};
  const TrackedWork work{hop, TrackingSource::kQueue, &outcome, "direct"};
  std::uint64_t messages = 0;
  for (auto _ : state) {
    tracking->Received(*decision.message);
    tracking->Judged(decision, work);
    // A service takes messages in bursts; more than the log holds would be lost, not measured.
    if (++messages % 2000 == 0) tracking->Flush();
  }
  tracking->Flush();
  POSTERN_CHECK(tracking->lines_lost() == 0);
  std::filesystem::remove_all(folder);
}

BENCHMARK(Delivered)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace postern::pipeline

BENCHMARK_MAIN();
