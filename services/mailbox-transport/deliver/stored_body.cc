#include "services/mailbox-transport/deliver/stored_body.h"

#include <utility>

namespace postern::deliver {

StoredBody::StoredBody(model::MessageStore& store, io::DiskPool& disk, model::MessagePtr message)
    : store_(store), disk_(disk), message_(std::move(message)) {}

std::string_view StoredBody::whole() const {
  return message_->body ? std::string_view(*message_->body) : std::string_view();
}

io::Task<absl::Status> StoredBody::Begin() {
  if (message_->body) co_return absl::OkStatus();
  next_chunk_ = 0;
  co_return (co_await Next()).status();
}

std::string_view StoredBody::beginning() const {
  if (message_->body) return *message_->body;
  return next_chunk_ == 1 ? std::string_view(chunk_) : std::string_view();
}

io::Task<absl::Status> StoredBody::Rewind() {
  next_chunk_ = 0;
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<std::string_view>> StoredBody::Next() {
  if (message_->body) {
    if (next_chunk_ != 0) co_return std::string_view();
    next_chunk_ = 1;
    co_return std::string_view(*message_->body);
  }
  if (next_chunk_ >= message_->chunks) co_return std::string_view();
  absl::AnyInvocable<absl::StatusOr<std::string>()> load = [&store = store_, id = message_->id,
                                                            number = next_chunk_] {
    return store.LoadChunk(id, number);
  };
  auto chunk = co_await io::OnDisk(disk_, std::move(load));
  if (!chunk.ok()) co_return chunk.status();
  ++next_chunk_;
  chunk_ = std::move(*chunk);
  co_return std::string_view(chunk_);
}

}  // namespace postern::deliver
