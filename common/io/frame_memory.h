// common/io/frame_memory.h
//
// FrameMemory: where frames of coroutines live: a delivered message has some sixty, of few sizes.
//
// Flow      Take when a coroutine is called, Give when its frame goes.
// Lifetime  What a thread gave back it takes again; it is freed with the thread. A frame may go
//           on another thread than it came on.
// Limits    Each thread keeps kFrameBytesKept at most, and no frame of more than kFrameBytesMax.
//           Under a sanitizer nothing is kept: it would not see the use of a frame that has gone.

#pragma once

#include <cstddef>

namespace postern::io::frame_memory {

inline constexpr std::size_t kFrameBytesMax = 4096;
inline constexpr std::size_t kFrameBytesKept = 1 << 20;

void* Take(std::size_t bytes);
void Give(void* frame, std::size_t bytes);

// What this thread keeps, for tests.
std::size_t BytesKept();

}  // namespace postern::io::frame_memory
