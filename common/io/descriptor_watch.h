// common/io/descriptor_watch.h
//
// Watches a descriptor that a foreign library owns, and calls back when it can be read or
// written.
//
// Flow      Construct; Want(what matters now); the callback does the library's work; destroy
//           before the library closes the descriptor.
// Lifetime  Never closes the descriptor. Made, used and destroyed on its executor; destroying it
//           inside its own callback is safe.
// Limits    One watch for a descriptor at a time. The callback repeats while the condition holds.

#pragma once

#include <functional>
#include <memory>

#include "common/io/executor.h"

namespace postern::io {

class DescriptorWatch {
 public:
  DescriptorWatch(Executor& executor,
                  int descriptor,
                  std::function<void(bool readable, bool writable)> on_ready);
  ~DescriptorWatch();
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  // What to watch for from now on.
  void Want(bool readable, bool writable);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postern::io
