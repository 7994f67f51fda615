#include "services/mailbox-transport/deliver/probe.h"

#include "common/base/text.h"

namespace postern::deliver {

std::string_view NameOf(Way way) {
  switch (way) {
    case Way::kDirect:
      return "direct";
    case Way::kProxy:
      return "proxy";
    case Way::kRelay:
      return "relay";
  }
  return "direct";
}

observe::Counter& AmbiguousCounter(observe::Registry& registry, const std::string& reason) {
  return registry.AddCounter("postern_deliver_ambiguous_total",
                             "Deliveries that may have happened twice, by reason.",
                             {{"reason", reason}});
}

Probe::Probe(observe::Registry& registry, std::string site)
    : registry_(registry),
      site_(std::move(site)),
      front_ends_{registry.AddGauge(
          "postern_deliver_front_ends",
          "Front ends that the Site names, over all io threads; a name without an address is one.",
          {{"site", site_}})},
      front_ends_usable_{registry.AddGauge(
          "postern_deliver_front_ends_usable",
          "Front ends that gave credit and are not left out, over all io threads.",
          {{"site", site_}})} {
  for (const char* reason : {"connection-lost", "front-end-lost", "relay-lost", "restart"}) {
    AmbiguousCounter(registry_, reason);
  }
}

Probe::Counters& Probe::CountersOf(const std::string& connector, Way way) {
  const std::string key = base::Cat(connector, "/", NameOf(way));
  const auto found = counters_.find(key);
  if (found != counters_.end()) return found->second;

  const auto labels = [&](const char* result) {
    observe::Labels all = {
        {"connector", connector}, {"site", site_}, {"way", std::string(NameOf(way))}};
    if (result != nullptr) all.emplace_back("result", result);
    return all;
  };
  const auto recipients = [&](const char* result) {
    return &registry_.AddCounter("postern_deliver_recipients_total",
                                 "Recipients answered, by class of the result.", labels(result));
  };
  Counters made;
  made.attempts = &registry_.AddCounter("postern_deliver_attempts_total", "Delivery attempts.",
                                        labels(nullptr));
  made.recipients_delivered = recipients("delivered");
  made.recipients_deferred = recipients("deferred");
  made.recipients_refused = recipients("refused");
  made.recipients_failed = recipients("failed");
  made.bytes = &registry_.AddCounter("postern_deliver_sent_bytes_total", "Bytes of content sent.",
                                     labels(nullptr));
  made.seconds =
      &registry_.AddHistogram("postern_deliver_attempt_seconds", "Time that an attempt took.",
                              observe::SecondsBuckets(), labels(nullptr));
  return counters_.emplace(key, made).first->second;
}

void Probe::Attempted(const std::string& connector,
                      Way way,
                      const smtp::Outcome& outcome,
                      absl::Duration took) {
  Counters& counters = CountersOf(connector, way);
  counters.attempts->Add();
  for (const smtp::RecipientResult& result : outcome.recipients) {
    if (!result.reply) {
      counters.recipients_failed->Add();
    } else if (result.reply->positive()) {
      counters.recipients_delivered->Add();
    } else if (result.reply->permanent()) {
      counters.recipients_refused->Add();
    } else {
      counters.recipients_deferred->Add();
    }
  }
  counters.bytes->Add(outcome.bytes_sent);
  counters.seconds->Record(absl::ToDoubleSeconds(took));
}

void Probe::Share::Is(std::size_t now) {
  if (now != told) gauge.Add(static_cast<double>(now) - static_cast<double>(told));
  told = now;
}

void Probe::FrontEnds(std::size_t known, std::size_t usable) {
  front_ends_.Is(known);
  front_ends_usable_.Is(usable);
}

void Probe::Ambiguous(const std::string& reason) {
  AmbiguousCounter(registry_, reason).Add();
}

}  // namespace postern::deliver
