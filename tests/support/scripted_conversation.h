// tests/support/scripted_conversation.h
//
// One connection of a ScriptedPeer; internal to it.

#pragma once

#include <memory>
#include <utility>

#include "common/io/stream.h"
#include "common/smtp/line_reader.h"
#include "tests/support/scripted_peer.h"

namespace postern::testing {

// Counts the reads that brought something: for a memory stream, what one write brought.
class CountedReads final : public io::Stream {
 public:
  CountedReads(std::unique_ptr<io::Stream> stream, int& reads)
      : stream_(std::move(stream)), reads_(reads) {}

  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override {
    absl::StatusOr<std::size_t> got = co_await stream_->Read(into, bytes_max);
    if (got.ok() && *got > 0) ++reads_;
    co_return got;
  }

  io::Task<absl::Status> WriteAll(std::span<const std::string_view> parts) override {
    return stream_->WriteAll(parts);
  }

  void SetDeadline(absl::Duration from_now) override { stream_->SetDeadline(from_now); }

  void Close() override { stream_->Close(); }

  bool Disturbed() override { return stream_->Disturbed(); }

  io::Endpoint local() const override { return stream_->local(); }

  io::Endpoint remote() const override { return stream_->remote(); }

 private:
  std::unique_ptr<io::Stream> stream_;
  int& reads_;
};

struct ScriptedPeer::Conversation {
  explicit Conversation(std::unique_ptr<io::Stream> given)
      : stream(std::move(given)), reader(*stream) {}

  std::unique_ptr<io::Stream> stream;
  smtp::LineReader reader;
  TakenMail mail;
  bool secure = false;
  bool in_mail = false;
  int taken = 0;
};

}  // namespace postern::testing
