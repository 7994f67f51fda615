// tests/services/mailbox-transport/admin/walk_fixture.h
//
// A store in memory with messages in two queues, and what the queues say of them.

#pragma once

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "services/mailbox-transport/admin/message_walk.h"
#include "tests/support/memory_store.h"

namespace postern::admin {

class WalkFixture : public ::testing::Test {
 protected:
  WalkFixture() : state_(std::vector<NamedQueue>{Queue("1", "b.test"), Queue("2", "c.test")}, {}) {}

  static model::NextHop Hop(const std::string& domain) {
    return {model::DeliveryType::kDnsConnectorDelivery, domain, "Internet"};
  }

  static NamedQueue Queue(std::string name, const std::string& domain) {
    NamedQueue queue;
    queue.name = std::move(name);
    queue.view.hop = Hop(domain);
    return queue;
  }

  base::MessageId Keep(std::string subject,
                       const std::vector<std::string>& domains,
                       std::uint64_t size = 100) {
    auto message = std::make_shared<model::Message>();
    message->id = store_.NextId();
    message->subject = std::move(subject);
    message->size = size;
    message->envelope.recipients.resize(domains.size());
    for (const std::string& domain : domains) {
      model::RecipientState state;
      state.next_hop = Hop(domain);
      message->recipients.push_back(state);
    }
    store_.Put(message, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    return message->id;
  }

  static Filter FilterFor(std::string_view text) {
    return *Filter::Parse(text, MessageFields(), "message");
  }

  // "subject:queue" of all rows.
  std::vector<std::string> Rows(MessageWalk::Terms terms) {
    RowPlace at = EdgePlace(terms.backward);
    const MessageWalk walk(store_, "ours", std::move(terms));
    std::vector<std::string> rows;
    for (slices_ = 0;; ++slices_) {
      const auto slice = walk.Next(state_, absl::Now(), at, [&](const MessageWalk::Row& row) {
        rows.push_back(row.fields.message.subject + ":" + row.fields.standing.queue);
        return true;
      });
      EXPECT_TRUE(slice.ok());
      if (!slice.ok() || slice->ended) return rows;
    }
  }

  testing::MemoryStore store_;
  QueueState state_;
  int slices_ = 0;
};

}  // namespace postern::admin
