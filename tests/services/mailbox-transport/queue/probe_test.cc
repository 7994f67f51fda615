#include "services/mailbox-transport/queue/probe.h"

#include "gmock/gmock.h"

namespace postern::queue {
namespace {

using ::testing::HasSubstr;

TEST(QueueProbeTest, MessagesAreCountedByTypeOfQueue) {
  observe::Registry registry;
  Probe probe(registry);
  probe.Messages(model::DeliveryType::kUnreachable, 3);
  probe.Messages(model::DeliveryType::kUnreachable, -1);
  EXPECT_THAT(registry.Text(),
              HasSubstr(std::string("postern_queue_messages{type=\"") +
                        std::string(model::NameOf(model::DeliveryType::kUnreachable)) + "\"} 2"));
}

TEST(QueueProbeTest, WhatComesAndLeavesIsCountedByTypeOfQueue) {
  observe::Registry registry;
  Probe probe(registry);
  probe.Came(model::DeliveryType::kPoison);
  probe.Came(model::DeliveryType::kPoison);
  probe.Left(model::DeliveryType::kPoison);
  probe.Resubmitted(7);
  EXPECT_THAT(registry.Text(), HasSubstr("postern_queue_queued_total{type=\"Poison\"} 2"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_queue_left_total{type=\"Poison\"} 1"));
  EXPECT_THAT(registry.Text(), HasSubstr("postern_queue_resubmitted_total 7"));
}

}  // namespace
}  // namespace postern::queue
