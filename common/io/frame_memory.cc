#include "common/io/frame_memory.h"

#include <new>
#include <utility>

namespace postern::io::frame_memory {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

constexpr std::size_t kStep = 64;
constexpr std::size_t kSizes = kFrameBytesMax / kStep;

struct Free {
  Free* next = nullptr;
};

// Without a destructor, so that using it needs no look whether it is there.
struct Kept {
  Free* of_size[kSizes];
  std::size_t bytes;
  bool watched;  // for the end of the thread
  bool ended;
};

constinit thread_local Kept kept{};

struct EndOfThread {
  ~EndOfThread() {
    kept.ended = true;
    for (Free*& first : kept.of_size) {
      while (first != nullptr)
        ::operator delete(std::exchange(first, first->next));
    }
    kept.bytes = 0;
  }
};

std::size_t SizeOf(std::size_t bytes) {
  return (bytes - 1) / kStep;
}

}  // namespace

void* Take(std::size_t bytes) {
  const std::size_t size = SizeOf(bytes);
  if (!kKeeps || size >= kSizes) return ::operator new(bytes);
  Free*& first = kept.of_size[size];
  if (first == nullptr) return ::operator new((size + 1) * kStep);
  kept.bytes -= (size + 1) * kStep;
  return std::exchange(first, first->next);
}

void Give(void* frame, std::size_t bytes) {
  const std::size_t size = SizeOf(bytes);
  if (!kKeeps || size >= kSizes || kept.ended || kept.bytes + kFrameBytesMax > kFrameBytesKept) {
    return ::operator delete(frame);
  }
  if (!kept.watched) {
    static thread_local const EndOfThread watch;
    static_cast<void>(watch);
    kept.watched = true;
  }
  kept.bytes += (size + 1) * kStep;
  kept.of_size[size] = new (frame) Free{kept.of_size[size]};
}

std::size_t BytesKept() {
  return kept.bytes;
}

}  // namespace postern::io::frame_memory
