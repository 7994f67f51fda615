#include "bench/micro/work.h"
#include "benchmark/benchmark.h"
#include "common/base/check.h"
#include "common/rpc/frame_stream.h"
#include "common/smtp/wire.h"

namespace postern::bench {
namespace {

smtp::Delivery Offered() {
  smtp::Delivery delivery;
  delivery.route.domain = "fabrikam.com";
  delivery.policy.connector = "Internet";
  delivery.policy.version = "17";
  delivery.policy.fqdn = "out.contoso.com";
  delivery.policy.inactivity = absl::Minutes(10);
  delivery.envelope.sender = "ann.miller@contoso.com";
  delivery.envelope.recipients.push_back({.address = "joe.baker@fabrikam.com"});
  delivery.size = 4096;
  delivery.deadline = absl::Minutes(30);
  return delivery;
}

smtp::Outcome Taken() {
  smtp::Outcome outcome;
  outcome.recipients.resize(1);
  outcome.recipients[0].origin = smtp::Origin::kRemote;
  outcome.recipients[0].reply = mail::Reply{250, {"2.0.0 Ok: queued as 4Zk1Xb2nQpz9rY8"}};
  outcome.recipients[0].host = "mx1.fabrikam.com";
  smtp::HostTried tried;
  tried.host = "mx1.fabrikam.com";
  tried.address = "192.0.2.1:25";
  tried.stage = smtp::Stage::kBody;
  outcome.hosts.push_back(tried);
  outcome.body_ended = true;
  outcome.bytes_sent = 4200;
  outcome.session_reused = true;
  return outcome;
}

// Both ends of one offer: made, written, read, checked.
Run Offers() {
  return [delivery = Offered(), body = std::string(4096, 'x')](std::uint64_t count) {
    std::string bytes;
    for (std::uint64_t i = 0; i < count; ++i) {
      v1::ProxyToFrontEnd frame;
      v1::Offer& offer = *frame.add_offers();
      offer.set_delivery(i);
      smtp::ToWire(delivery, offer);
      offer.set_first(body);
      frame.SerializeToString(&bytes);
      v1::ProxyToFrontEnd read;
      POSTERN_CHECK(read.ParseFromString(bytes));
      POSTERN_CHECK(smtp::DeliveryFromWire(read.offers(0)).ok());
    }
  };
}

Run Outcomes() {
  return [outcome = Taken()](std::uint64_t count) {
    std::string bytes;
    for (std::uint64_t i = 0; i < count; ++i) {
      v1::ProxyToMailbox frame;
      v1::DeliveryOutcome& one = *frame.add_outcomes();
      one.set_delivery(i);
      smtp::ToWire(outcome, *one.mutable_outcome());
      frame.SerializeToString(&bytes);
      v1::ProxyToMailbox read;
      POSTERN_CHECK(read.ParseFromString(bytes));
      POSTERN_CHECK(smtp::OutcomeFromWire(read.outcomes(0).outcome(), 1).ok());
    }
  };
}

// Twenty frames become one write.
Run Merges() {
  return [outcome = Taken()](std::uint64_t count) {
    v1::ProxyToMailbox into;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % 20 == 0) into.Clear();
      v1::ProxyToMailbox frame;
      frame.add_outcomes()->set_delivery(i);
      rpc::Merge(frame, into);
    }
    benchmark::DoNotOptimize(into);
  };
}

}  // namespace

void AddProxyWorks(Works& works) {
  works.push_back({"proxy.offer_4k", 500, Offers});
  works.push_back({"proxy.outcome", 500, Outcomes});
  works.push_back({"proxy.merge", 1000, Merges});
}

}  // namespace postern::bench
