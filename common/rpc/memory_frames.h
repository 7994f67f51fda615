// common/rpc/memory_frames.h
//
// The proxy stream in memory, on one executor; for tests and simulation.
//
// Flow      Connect joins two handlers; each Send is posted to the other's OnFrame. Break ends both
//           sides at once, as a lost connection does.
// Lifetime  Both handlers live until their OnClosed.

#pragma once

#include <memory>
#include <utility>

#include "common/io/executor.h"
#include "common/rpc/frame_stream.h"

namespace postern::rpc {

class MemoryFrames {
 public:
  explicit MemoryFrames(io::Executor& executor);

  std::shared_ptr<ToFrontEnd> mailbox_end();
  std::shared_ptr<ToMailbox> front_end();
  void Connect(ToFrontEnd::Handler& mailbox, ToMailbox::Handler& front_end);
  // On the executor.
  void Break();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::rpc
