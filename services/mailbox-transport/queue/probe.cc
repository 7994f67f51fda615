#include "services/mailbox-transport/queue/probe.h"

#include <string>

#include "absl/time/time.h"

namespace postern::queue {

namespace {

constexpr std::array<const char*, 3> kStages = {"glitch", "transient", "outbound"};

}  // namespace

Probe::Probe(observe::Registry& registry)
    : queues_(registry.AddGauge("postern_queue_queues", "Queues, one for each next hop.")),
      connections_(registry.AddGauge("postern_queue_connections",
                                     "Deliveries that have a connection slot.")),
      mx_sets_(registry.AddGauge("postern_queue_mx_sets",
                                 "Sets of mail exchangers of which some queue's domain is.")),
      mx_sets_down_(
          registry.AddGauge("postern_queue_mx_sets_down", "Of these, those whose hosts are down.")),
      put_off_(registry.AddCounter("postern_queue_put_off_total",
                                   "Attempts that ended before the first connection, for the limit "
                                   "or the back-off of an MX set.")),
      message_retries_(registry.AddCounter("postern_queue_message_retries_total",
                                           "Messages put back to be tried again later.")),
      held_(registry.AddCounter("postern_queue_held_total",
                                "Times a queue stopped for lack of a front end or its credit.")),
      expired_(registry.AddCounter("postern_queue_expired_total",
                                   "Messages whose time was over while they waited.")),
      delayed_(registry.AddCounter("postern_queue_delayed_total",
                                   "Messages that waited long enough for a notice of delay.")),
      resubmitted_(registry.AddCounter("postern_queue_resubmitted_total",
                                       "Messages taken out of a queue to be routed again.")) {
  for (std::size_t type = 0; type < messages_.size(); ++type) {
    const observe::Labels labels = {
        {"type", std::string(model::NameOf(static_cast<model::DeliveryType>(type)))}};
    messages_[type] = &registry.AddGauge(
        "postern_queue_messages", "Messages that wait or are under way, by type of queue.", labels);
    came_[type] = &registry.AddCounter("postern_queue_queued_total",
                                       "Messages that routing gave to a queue, by type.", labels);
    left_[type] = &registry.AddCounter(
        "postern_queue_left_total",
        "Messages that left a queue delivered, returned, removed or for another one, by type.",
        labels);
  }
  census_.AddTo(registry);
  for (std::size_t stage = 0; stage < ladder_.size(); ++stage) {
    ladder_[stage] = &registry.AddCounter("postern_queue_ladder_steps_total",
                                          "Failures that put a queue in Retry, by stage.",
                                          {{"stage", kStages[stage]}});
  }
}

void Probe::Messages(model::DeliveryType type, std::int64_t change) {
  messages_[static_cast<std::size_t>(type) % messages_.size()]->Add(static_cast<double>(change));
}

void Probe::LadderClimbed(std::uint32_t stage) {
  ladder_[stage % ladder_.size()]->Add();
}

void Probe::Came(model::DeliveryType type) {
  came_[static_cast<std::size_t>(type) % came_.size()]->Add();
}

void Probe::Left(model::DeliveryType type) {
  left_[static_cast<std::size_t>(type) % left_.size()]->Add();
}

}  // namespace postern::queue
