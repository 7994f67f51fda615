#include "common/io/descriptor_watch.h"

#include <utility>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

namespace postern::io {

using Descriptor = asio::posix::stream_descriptor;

struct DescriptorWatch::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, int fd, std::function<void(bool, bool)> fn)
      : descriptor(context, fd), on_ready(std::move(fn)) {}

  struct Direction {
    Descriptor::wait_type wait;
    bool wanted = false;
    bool armed = false;
  };

  void Arm(Direction& direction) {
    if (released || !direction.wanted || direction.armed) return;
    direction.armed = true;
    descriptor.async_wait(direction.wait,
                          [self = shared_from_this(), &direction](const asio::error_code& error) {
                            direction.armed = false;
                            if (error || self->released) return;
                            if (direction.wanted)
                              self->on_ready(&direction == &self->read, &direction == &self->write);
                            self->Arm(direction);
                          });
  }

  Descriptor descriptor;
  std::function<void(bool, bool)> on_ready;
  Direction read{Descriptor::wait_read};
  Direction write{Descriptor::wait_write};
  bool released = false;
};

DescriptorWatch::DescriptorWatch(Executor& executor,
                                 int descriptor,
                                 std::function<void(bool readable, bool writable)> on_ready)
    : state_(std::make_shared<State>(executor.context(), descriptor, std::move(on_ready))) {}

DescriptorWatch::~DescriptorWatch() {
  state_->released = true;
  state_->descriptor.release();
}

void DescriptorWatch::Want(bool readable, bool writable) {
  state_->read.wanted = readable;
  state_->write.wanted = writable;
  state_->Arm(state_->read);
  state_->Arm(state_->write);
}

}  // namespace postern::io
