// common/io/memory_stream.h
//
// Two streams joined in memory; for tests and for simulation on one thread.
//
// Limits    `window_bytes` may be unread on each side; a writer then waits.

#pragma once

#include <memory>
#include <utility>

#include "common/io/stream.h"

namespace postern::io {

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> MemoryPipe(
    std::size_t window_bytes = 1 << 20, Endpoint first = Endpoint(), Endpoint second = Endpoint());

}  // namespace postern::io
