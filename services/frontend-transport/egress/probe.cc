#include "services/frontend-transport/egress/probe.h"

#include <string>

namespace postern::egress {

namespace {

constexpr char kRecipients[] = "postern_egress_recipients_total";
constexpr char kAboutRecipients[] = "Recipients answered, by class of the result.";

}  // namespace

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
      recipients_delivered_(registry.AddCounter(
          kRecipients, kAboutRecipients, {{"site", site}, {"result", "delivered"}})),
      recipients_deferred_(registry.AddCounter(
          kRecipients, kAboutRecipients, {{"site", site}, {"result", "deferred"}})),
      recipients_refused_(registry.AddCounter(
          kRecipients, kAboutRecipients, {{"site", site}, {"result", "refused"}})),
      recipients_failed_(registry.AddCounter(
          kRecipients, kAboutRecipients, {{"site", site}, {"result", "failed"}})),
      ambiguous_(registry.AddCounter("postern_egress_ambiguous_total",
                                     "Deliveries whose final dot got no answer.",
                                     {{"site", site}})),
      bytes_(registry.AddCounter(
          "postern_egress_sent_bytes_total", "Bytes of content sent.", {{"site", site}})),
      seconds_(registry.AddHistogram("postern_egress_delivery_seconds",
                                     "Time from offer to outcome.",
                                     observe::SecondsBuckets(),
                                     {{"site", site}})) {}

void Probe::Settled(const smtp::Outcome& outcome, absl::Duration took) {
  open_.Add(-1);
  for (const smtp::RecipientResult& result : outcome.recipients) {
    if (!result.reply) {
      recipients_failed_.Add();
    } else if (result.reply->positive()) {
      recipients_delivered_.Add();
    } else if (result.reply->permanent()) {
      recipients_refused_.Add();
    } else {
      recipients_deferred_.Add();
    }
  }
  if (outcome.ambiguous) ambiguous_.Add();
  bytes_.Add(outcome.bytes_sent);
  seconds_.Record(absl::ToDoubleSeconds(took));
}

}  // namespace postern::egress
