// Any text is refused or has one canonical form, which is read as itself.
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/connector/address_space.h"
#include "common/connector/send_connector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::connector;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto space = AddressSpace::Parse(text); space.ok()) {
    const auto again = AddressSpace::Parse(space->ToString());
    POSTERN_CHECK(again.ok() && *again == *space);
  }
  if (const auto host = ParseSmartHost(text); host.ok()) {
    const auto again = ParseSmartHost(*host);
    POSTERN_CHECK(again.ok() && *again == *host);
  }
  return 0;
}
