// tests/support/memory_stream.h
//
// Two streams joined in memory.
//
// Limits    `window_bytes` may be unread on each side; a writer then waits.

#pragma once

#include <memory>
#include <utility>

#include "common/io/stream.h"

namespace postern::testing {

std::pair<std::unique_ptr<io::Stream>, std::unique_ptr<io::Stream>> MemoryPipe(
    std::size_t window_bytes = 1 << 20,
    io::Endpoint first = io::Endpoint(),
    io::Endpoint second = io::Endpoint());

}  // namespace postern::testing
