// load --relay 127.0.0.1:2525 --sink 2526 --messages 8000 --sessions 20 --sizes 4096,102400
//      --destinations 1 --rate 0 --seconds-max 120
#include "bench/load/load.h"

namespace postern::bench {
namespace {

std::size_t Number(std::string_view text) {
  const auto number = base::ParseUnsigned(text);
  POSTERN_CHECK(number.has_value());
  return static_cast<std::size_t>(*number);
}

Options OptionsOf(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    const std::string_view value = words[i + 1];
    if (name == "--relay") {
      const std::size_t colon = value.rfind(':');
      options.relay = std::string(value.substr(0, colon));
      options.relay_port = static_cast<std::uint16_t>(Number(value.substr(colon + 1)));
    } else if (name == "--sizes") {
      options.sizes.clear();
      for (const std::string_view size : base::Split(value, ','))
        options.sizes.push_back(Number(size));
    } else {
      const std::size_t number = Number(value);
      if (name == "--sink") options.sink_port = static_cast<std::uint16_t>(number);
      if (name == "--messages") options.messages = number;
      if (name == "--sessions") options.sessions = number;
      if (name == "--destinations") options.destinations = number;
      if (name == "--rate") options.rate = number;
      if (name == "--seconds-max") options.seconds_max = static_cast<std::int64_t>(number);
    }
  }
  return options;
}

}  // namespace
}  // namespace postern::bench

int main(int count, char** words) {
  postern::bench::Load load(postern::bench::OptionsOf(count, words));
  const bool whole = load.Run();
  load.Print();
  return whole ? 0 : 1;
}
