// Listener words, users files and PLAIN responses are read or refused; a listener that is taken
// never lets strangers relay.

#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "services/mailbox-transport/accept/auth.h"
#include "services/mailbox-transport/accept/listener_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace accept = postern::accept;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  accept::ListenerSurroundings around;
  around.certificate = around.users = true;
  const auto listener = accept::ParseListener(text, around);
  if (listener.ok()) {
    POSTERN_CHECK(!listener->name.empty() && listener->networks.size() <= accept::kNetworksMax);
    POSTERN_CHECK(listener->proxy.any() == !listener->proxy_peers.empty());
    int allowed = 0;
    for (const char* address : {"1.0.0.1", "64.0.0.1", "128.0.0.1", "192.0.0.1", "224.0.0.1"}) {
      if (listener->MayRelay(postern::io::IpAddress::Parse(address).value())) ++allowed;
    }
    POSTERN_CHECK(allowed <= static_cast<int>(listener->networks.size()));
  }
  (void)accept::ParseUsers(text).ok();
  const auto credentials = accept::ParsePlain(text);
  POSTERN_CHECK(!credentials || !credentials->user.empty());
  return 0;
}
