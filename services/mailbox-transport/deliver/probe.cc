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

std::string_view NameOf(AmbiguousReason reason) {
  switch (reason) {
    case AmbiguousReason::kConnectionLost:
      return "connection-lost";
    case AmbiguousReason::kFrontEndLost:
      return "front-end-lost";
    case AmbiguousReason::kRelayLost:
      return "relay-lost";
    case AmbiguousReason::kRestart:
      return "restart";
  }
  return "connection-lost";
}

observe::Counter& AmbiguousCounter(observe::Registry& registry, AmbiguousReason reason) {
  return registry.AddCounter("postern_deliver_ambiguous_total",
                             "Deliveries that may have happened twice, by reason.",
                             {{"reason", std::string(NameOf(reason))}});
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
  for (const AmbiguousReason reason : kAmbiguousReasons)
    AmbiguousCounter(registry_, reason);
}

Probe::Counters& Probe::CountersOf(const std::string& connector, Way way) {
  const std::string key = base::Cat(connector, "/", NameOf(way));
  const auto found = counters_.find(key);
  if (found != counters_.end()) return found->second;

  const observe::Labels labels = {
      {"connector", connector}, {"site", site_}, {"way", std::string(NameOf(way))}};
  Counters made;
  made.attempts =
      &registry_.AddCounter("postern_deliver_attempts_total", "Delivery attempts.", labels);
  for (std::size_t i = 0; i < smtp::kResultClasses; ++i) {
    observe::Labels of_result = labels;
    of_result.emplace_back("result", smtp::NameOf(static_cast<smtp::ResultClass>(i)));
    made.recipients[i] =
        &registry_.AddCounter("postern_deliver_recipients_total",
                              "Recipients answered, by class of the result.", of_result);
  }
  made.bytes = &registry_.AddCounter("postern_deliver_sent_bytes_total",
                                     "Bytes sent, commands included.", labels);
  made.seconds =
      &registry_.AddHistogram("postern_deliver_attempt_seconds", "Time that an attempt took.",
                              observe::SecondsBuckets(), labels);
  return counters_.emplace(key, made).first->second;
}

void Probe::Attempted(const std::string& connector,
                      Way way,
                      const smtp::Outcome& outcome,
                      absl::Duration took) {
  Counters& counters = CountersOf(connector, way);
  counters.attempts->Add();
  for (const smtp::RecipientResult& result : outcome.recipients) {
    counters.recipients[static_cast<std::size_t>(result.Class())]->Add();
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

void Probe::Ambiguous(AmbiguousReason reason) {
  AmbiguousCounter(registry_, reason).Add();
}

}  // namespace postern::deliver
