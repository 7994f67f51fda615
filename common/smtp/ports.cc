#include "common/smtp/ports.h"

#include <limits>

#include "common/base/text.h"

namespace postern::smtp {

absl::StatusOr<std::vector<std::uint16_t>> ParsePorts(const std::vector<std::string>& words) {
  std::vector<std::uint16_t> ports;
  for (const std::string& word : words) {
    const auto port = base::ParseUnsigned(word);
    if (!port.has_value() || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) {
      return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(word),
                         "\": must be a port from 1 to 65535");
    }
    ports.push_back(static_cast<std::uint16_t>(*port));
  }
  return ports;
}

}  // namespace postern::smtp
