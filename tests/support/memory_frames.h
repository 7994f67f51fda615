// tests/support/memory_frames.h
//
// The proxy stream in memory, on one executor.
//
// Flow      Connect joins two handlers; each Send is posted to the other's OnFrame. Break ends both
//           sides at once, as a lost connection does.
// Lifetime  Both handlers live until their OnClosed.

#pragma once

#include <memory>
#include <utility>

#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"

namespace postern::testing {

class MemoryFrames {
 public:
  explicit MemoryFrames(io::Executor& executor);

  std::shared_ptr<rpc::ToFrontEnd> mailbox_end();
  std::shared_ptr<rpc::ToMailbox> front_end();
  void Connect(rpc::ToFrontEnd::Handler& mailbox, rpc::ToMailbox::Handler& front_end);
  // On the executor.
  void Break();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::testing
