// A command is cut inside its line; a chunk's size is what its digits say.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/smtp/command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const smtp::Command command = smtp::ParseCommand(line);
  if (!command.argument.empty()) {
    POSTERN_CHECK(command.argument.data() >= line.data());
    POSTERN_CHECK(command.argument.data() + command.argument.size() <= line.data() + line.size());
    POSTERN_CHECK(command.verb != smtp::Verb::kUnknown);
  }
  smtp::Chunk chunk;
  if (smtp::ParseChunk(command.argument, chunk)) {
    POSTERN_CHECK(command.argument[0] >= '0' && command.argument[0] <= '9');
  }
  return 0;
}
