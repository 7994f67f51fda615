#include "services/frontend-transport/egress/probe.h"

#include <string>

namespace postern::egress {

Probe::Probe(observe::Registry& registry, const std::string& site)
    : streams_(registry.AddGauge(
          "postern_egress_streams", "Open streams of mailbox-transports.", {{"site", site}})),
      open_(registry.AddGauge("postern_egress_deliveries_open",
                              "Deliveries between offer and outcome.",
                              {{"site", site}})),
      refused_(registry.AddCounter("postern_egress_offers_refused_total",
                                   "Offers beyond the credit, or malformed.",
                                   {{"site", site}})),
      blocked_(
          registry.AddCounter("postern_egress_destinations_blocked_total",
                              "Destinations of which no exchanger answered, as told to callers.",
                              {{"site", site}})),
      ambiguous_(registry.AddCounter("postern_egress_ambiguous_total",
                                     "Deliveries whose final dot got no answer.",
                                     {{"site", site}})),
      bytes_(registry.AddCounter(
          "postern_egress_sent_bytes_total", "Bytes sent, commands included.", {{"site", site}})),
      seconds_(registry.AddHistogram("postern_egress_delivery_seconds",
                                     "Time from offer to outcome.",
                                     observe::SecondsBuckets(),
                                     {{"site", site}})) {
  for (std::size_t i = 0; i < smtp::kResultClasses; ++i) {
    const std::string result(smtp::NameOf(static_cast<smtp::ResultClass>(i)));
    recipients_[i] = &registry.AddCounter("postern_egress_recipients_total",
                                          "Recipients answered, by class of the result.",
                                          {{"site", site}, {"result", result}});
  }
}

void Probe::Settled(const smtp::Outcome& outcome, absl::Duration took) {
  open_.Add(-1);
  for (const smtp::RecipientResult& result : outcome.recipients) {
    recipients_[static_cast<std::size_t>(result.Class())]->Add();
  }
  if (outcome.ambiguous) ambiguous_.Add();
  bytes_.Add(outcome.bytes_sent);
  seconds_.Record(absl::ToDoubleSeconds(took));
}

}  // namespace postern::egress
