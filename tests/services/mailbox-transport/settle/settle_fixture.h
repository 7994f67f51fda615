// tests/services/mailbox-transport/settle/settle_fixture.h
//
// SettleFixture: a batch of one message and what became of it, with the verbs to settle it.
//
// Flow      To("bob@remote.test");  Says(550, "5.1.1 no");  Settle();  EXPECT...

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "services/mailbox-transport/settle/settle.h"
#include "tests/support/fake_clock.h"

namespace postern::settle {

// Keeps what was settled; nothing else of a store is needed here.
class RecordingStore final : public model::MessageStore {
 public:
  base::MessageId NextId() override { return {++last_id_}; }

  void PutChunk(base::MessageId, std::uint32_t, std::string, Done) override {}

  void DropChunks(base::MessageId, std::uint32_t) override {}

  void Put(model::MessagePtr, Done) override {}

  void Settle(model::Settlement settlement, Done done) override {
    settled.push_back(std::move(settlement));
    if (done) done(absl::OkStatus());
  }

  void MarkInHand(base::MessageId) override {}

  void ClearInHand(base::MessageId) override {}

  bool IsInHand(base::MessageId) const override { return false; }

  absl::StatusOr<model::Message> Load(base::MessageId) override {
    return absl::NotFoundError("not kept");
  }

  absl::StatusOr<std::string> LoadChunk(base::MessageId, std::uint32_t) override {
    return absl::NotFoundError("not kept");
  }

  absl::Status Walk(
      base::MessageId,
      bool,
      const std::function<bool(base::MessageId, absl::StatusOr<model::Message>)>&) override {
    return absl::OkStatus();
  }

  const std::string& database_id() const override { return database_id_; }

  std::optional<model::KeyRecord> FindKey(const std::string&, const std::string&) override {
    return std::nullopt;
  }

  absl::Status Scan(const std::function<void(model::MessagePtr, model::InHand)>&) override {
    return absl::OkStatus();
  }

  void WhenWritten(Done done) override { done(absl::OkStatus()); }

  void PutPolicy(const std::string&, std::string) override {}

  absl::Status ScanPolicies(
      const std::function<void(std::string_view, std::string_view)>&) override {
    return absl::OkStatus();
  }

  void PutSuspension(const model::NextHop&, bool, Done) override {}

  absl::Status ScanSuspensions(const std::function<void(const model::NextHop&)>&) override {
    return absl::OkStatus();
  }

  bool damaged() const override { return false; }

  bool full() const override { return false; }

  std::vector<model::Settlement> settled;

 private:
  const std::string database_id_ = "recorded";
  std::uint64_t last_id_ = 900;
};

class SettleFixture : public ::testing::Test {
 protected:
  SettleFixture() {
    batch_.message = std::make_shared<model::Message>();
    batch_.message->id = {7};
    batch_.message->envelope.sender = "alice@example.test";
    batch_.message->internet_message_id = "<1@example.test>";
    batch_.message->subject = "Lunch";
    batch_.message->size = 1000;
    batch_.message->accepted = clock_.Now();
    batch_.message->expires = clock_.Now() + absl::Hours(48);
    terms_.server = "relay.example.test";
  }

  void To(std::string address, int notify = 0) {
    mail::Recipient recipient;
    recipient.address = std::move(address);
    recipient.notify = static_cast<std::uint8_t>(notify);
    batch_.recipients.push_back(
        static_cast<std::uint32_t>(batch_.message->envelope.recipients.size()));
    batch_.message->envelope.recipients.push_back(recipient);
    batch_.message->recipients.emplace_back();
  }

  void Says(int code, std::string text) {
    smtp::RecipientResult result;
    result.origin = smtp::Origin::kRemote;
    result.host = "mx.remote.test";
    result.reply.emplace();
    result.reply->code = code;
    result.reply->lines.push_back(std::move(text));
    outcome_.recipients.push_back(std::move(result));
  }

  void Fails(smtp::Origin origin, absl::Status error, mail::EnhancedStatus enhanced) {
    smtp::RecipientResult result;
    result.origin = origin;
    result.error = std::move(error);
    result.enhanced = enhanced;
    outcome_.recipients.push_back(std::move(result));
  }

  model::Ticket TicketOf() {
    model::Ticket ticket;
    ticket.id = batch_.message->id;
    ticket.message = batch_.message;
    ticket.recipients = batch_.recipients;
    ticket.expires = batch_.message->expires;
    return ticket;
  }

  Settled Commit(Decision decision) {
    Original original;
    original.headers = "Subject: Lunch\r\n\r\n";
    original.body = "At noon?\r\n";
    return settler().Commit(std::move(decision), std::move(original));
  }

  Settled Settle() { return Commit(settler().Decide(batch_, TicketOf(), outcome_)); }

  Settled Expire() { return Commit(settler().Expire(batch_, TicketOf())); }

  Settled Delay() { return Commit(settler().Delay(batch_, TicketOf())); }

  Settler& settler() {
    if (!settler_) settler_.emplace(store_, clock_, random_, rules_, probe_, terms_);
    return *settler_;
  }

  const model::RecipientState& State(std::size_t i) { return batch_.message->recipients[i]; }

  static std::string Text(const Settled& settled) { return *settled.notices.at(0)->body; }

  observe::Registry registry_;
  Probe probe_{registry_};
  RecordingStore store_;
  testing::FakeClock clock_;
  base::SeededRandom random_{5};
  SenderRules rules_;
  Terms terms_;
  model::Batch batch_;
  smtp::Outcome outcome_;

 private:
  std::optional<Settler> settler_;
};

}  // namespace postern::settle
