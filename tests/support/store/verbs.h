// tests/support/store/verbs.h
//
// What tests say about a MessageStore: a message in one line, and calls that wait for their answer.

#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/mailbox-transport/model/message_store.h"

namespace postern::store {

// A message of `recipients` recipients; its body is in memory.
inline model::MessagePtr MessageWith(base::MessageId id, std::string body, int recipients = 1) {
  auto message = std::make_shared<model::Message>();
  message->id = id;
  message->envelope.sender = "alice@example.test";
  for (int i = 0; i < recipients; ++i) {
    message->envelope.recipients.push_back(
        {.address = "bob" + std::to_string(i) + "@example.test"});
  }
  message->recipients.resize(static_cast<std::size_t>(recipients));
  message->size = body.size();
  message->internet_message_id = "<" + id.ToString() + "@example.test>";
  message->body = std::make_shared<const std::string>(std::move(body));
  return message;
}

// Runs a call that takes a Done and waits for it.
template <typename Call>
absl::Status Await(Call&& call) {
  auto promise = std::make_shared<std::promise<absl::Status>>();
  auto future = promise->get_future();
  call([promise](absl::Status status) { promise->set_value(std::move(status)); });
  return future.get();
}

inline absl::Status Put(model::MessageStore& store, model::MessagePtr message) {
  return Await([&](auto done) { store.Put(std::move(message), std::move(done)); });
}

inline absl::Status PutChunk(model::MessageStore& store,
                             base::MessageId id,
                             std::uint32_t number,
                             std::string bytes) {
  return Await([&](auto done) { store.PutChunk(id, number, std::move(bytes), std::move(done)); });
}

inline absl::Status Settle(model::MessageStore& store,
                           model::MessagePtr message,
                           std::vector<model::MessagePtr> notices = {}) {
  model::Settlement settlement;
  settlement.message = std::move(message);
  settlement.notices = std::move(notices);
  return Await([&](auto done) { store.Settle(std::move(settlement), std::move(done)); });
}

// Every recipient is done.
inline model::MessagePtr Delivered(const model::MessagePtr& message) {
  for (model::RecipientState& state : message->recipients)
    state.phase = model::Phase::kDone;
  return message;
}

// What Scan gives: id -> in hand.
inline std::map<base::MessageId, bool> Scanned(model::MessageStore& store) {
  std::map<base::MessageId, bool> found;
  store.Scan([&found](model::MessagePtr message, bool in_hand) { found[message->id] = in_hand; })
      .IgnoreError();  // what was not visited is missing from the answer
  return found;
}

// All chunks together, or the error as text.
inline std::string BodyOf(model::MessageStore& store, base::MessageId id) {
  const auto message = store.Load(id);
  if (!message.ok()) return message.status().ToString();
  std::string body;
  for (std::uint32_t number = 0; number < message->chunks; ++number) {
    const auto chunk = store.LoadChunk(id, number);
    if (!chunk.ok()) return chunk.status().ToString();
    body.append(*chunk);
  }
  return body;
}

}  // namespace postern::store
