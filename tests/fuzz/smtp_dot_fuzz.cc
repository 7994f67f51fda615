// Content reads the same however it is cut, ends only at its true end, and survives the way out and
// back in. The first byte says where the cut is.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/smtp/dot_reader.h"
#include "common/smtp/dot_writer.h"

namespace {

struct Taken {
  std::string content;
  std::size_t bytes = 0;
  bool done = false;
  bool faulty = false;
};

Taken TakeCut(std::string_view input, std::size_t cut) {
  postern::smtp::DotReader dots;
  Taken taken;
  taken.bytes = dots.Take(input.substr(0, cut), &taken.content);
  if (!dots.done()) taken.bytes += dots.Take(input.substr(cut), &taken.content);
  taken.done = dots.done();
  taken.faulty = dots.bare_cr() || dots.bare_lf();
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], input.size());
  const Taken whole = TakeCut(input, input.size());
  const Taken halves = TakeCut(input, cut);
  POSTERN_CHECK(whole.content == halves.content && whole.bytes == halves.bytes);
  POSTERN_CHECK(whole.done == halves.done && whole.faulty == halves.faulty);
  const bool ends = input.starts_with(".\r\n") || input.find("\r\n.\r\n") != std::string_view::npos;
  POSTERN_CHECK(whole.done == ends);

  smtp::DotWriter writer;
  std::vector<std::string_view> parts;
  writer.Add(input.substr(0, cut), parts);
  writer.Add(input.substr(cut), parts);
  writer.Finish(parts);
  std::string wire;
  for (const std::string_view part : parts)
    wire += part;
  const Taken back = TakeCut(wire, cut);
  POSTERN_CHECK(back.done && back.bytes == wire.size());
  // A dot behind a bare LF is doubled for safety's sake; such content is never accepted.
  if (!back.faulty) POSTERN_CHECK(back.content.substr(0, input.size()) == input);
  return 0;
}
