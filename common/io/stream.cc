#include "common/io/stream.h"

namespace postern::io {

Task<absl::Status> Stream::Write(std::string_view bytes) {
  const std::span<const std::string_view> parts(&bytes, 1);
  co_return co_await WriteAll(parts);
}

}  // namespace postern::io
