// services/mailbox-transport/deliver/stored_body.h
//
// StoredBody: a message's content, from memory when it is there, else chunk by chunk from the
// store.
//
// Failure   Next: what the store says (kDataLoss, kUnavailable).
// Lifetime  Borrows the store and the disk pool.
// Limits    Holds one chunk (256 KiB) and none of the following.

#pragma once

#include <string>

#include "common/io/on_disk.h"
#include "common/smtp/body_source.h"
#include "services/mailbox-transport/model/message_store.h"

namespace postern::deliver {

class StoredBody final : public smtp::BodySource {
 public:
  StoredBody(model::MessageStore& store, io::DiskPool& disk, model::MessagePtr message);

  std::uint64_t size() const override { return message_->size; }

  std::string_view whole() const override;
  // The first chunk holds the whole header block.
  io::Task<absl::Status> Begin() override;
  std::string_view beginning() const override;
  io::Task<absl::Status> Rewind() override;
  io::Task<absl::StatusOr<std::string_view>> Next() override;

 private:
  model::MessageStore& store_;
  io::DiskPool& disk_;
  model::MessagePtr message_;
  std::string chunk_;
  std::uint32_t next_chunk_ = 0;
};

}  // namespace postern::deliver
