#include "services/mailbox-transport/deliver/probe.h"

#include "common/base/text.h"

namespace postern::deliver {

observe::Counter& AmbiguousCounter(observe::Registry& registry, const std::string& reason) {
  return registry.AddCounter("postern_deliver_ambiguous_total",
                             "Deliveries that may have happened twice, by reason.",
                             {{"reason", reason}});
}

Probe::Probe(observe::Registry& registry, std::string site)
    : registry_(registry), site_(std::move(site)) {
  for (const char* reason : {"connection-lost", "front-end-lost", "restart"}) {
    AmbiguousCounter(registry_, reason);
  }
}

Probe::Way& Probe::WayOf(const std::string& connector, bool proxied) {
  const std::string key = base::Cat(connector, proxied ? "/proxy" : "/direct");
  const auto found = ways_.find(key);
  if (found != ways_.end()) return found->second;

  const auto labels = [&](const char* result) {
    observe::Labels all = {
        {"connector", connector}, {"site", site_}, {"way", proxied ? "proxy" : "direct"}};
    if (result != nullptr) all.emplace_back("result", result);
    return all;
  };
  const auto recipients = [&](const char* result) {
    return &registry_.AddCounter("postern_deliver_recipients_total",
                                 "Recipients answered, by class of the result.", labels(result));
  };
  Way way;
  way.attempts = &registry_.AddCounter("postern_deliver_attempts_total", "Delivery attempts.",
                                       labels(nullptr));
  way.recipients_delivered = recipients("delivered");
  way.recipients_deferred = recipients("deferred");
  way.recipients_refused = recipients("refused");
  way.recipients_failed = recipients("failed");
  way.bytes = &registry_.AddCounter("postern_deliver_sent_bytes_total", "Bytes of content sent.",
                                    labels(nullptr));
  way.seconds =
      &registry_.AddHistogram("postern_deliver_attempt_seconds", "Time that an attempt took.",
                              observe::SecondsBuckets(), labels(nullptr));
  return ways_.emplace(key, way).first->second;
}

void Probe::Attempted(const std::string& connector,
                      bool proxied,
                      const smtp::Outcome& outcome,
                      absl::Duration took) {
  Way& way = WayOf(connector, proxied);
  way.attempts->Add();
  for (const smtp::RecipientResult& result : outcome.recipients) {
    if (!result.reply) {
      way.recipients_failed->Add();
    } else if (result.reply->positive()) {
      way.recipients_delivered->Add();
    } else if (result.reply->permanent()) {
      way.recipients_refused->Add();
    } else {
      way.recipients_deferred->Add();
    }
  }
  way.bytes->Add(outcome.bytes_sent);
  way.seconds->Record(absl::ToDoubleSeconds(took));
}

void Probe::Ambiguous(const std::string& reason) {
  AmbiguousCounter(registry_, reason).Add();
}

}  // namespace postern::deliver
