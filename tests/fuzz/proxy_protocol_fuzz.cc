// A PROXY header is read within its bounds; what is asked for is never more than a header may have.

#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "services/mailbox-transport/accept/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace accept = postern::accept;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const accept::ProxyVersions versions{true, true};
  // As ReadProxyHeader does it: exactly what is asked for, until it is enough.
  std::size_t had = 0;
  accept::ProxyHeader header = accept::ParseProxyHeader("", versions);
  while (header.state == accept::ProxyHeader::State::kMore) {
    POSTERN_CHECK(header.need > 0);
    POSTERN_CHECK(had + header.need <= 16 + accept::kProxyV2BytesMax);
    if (had + header.need > bytes.size()) return 0;
    had += header.need;
    header = accept::ParseProxyHeader(bytes.substr(0, had), versions);
  }
  const bool bad = header.state == accept::ProxyHeader::State::kBad;
  POSTERN_CHECK(bad == !header.broken_rule.empty());
  POSTERN_CHECK(!bad || !header.source.has_value());
  return 0;
}
