#include "common/rpc/listen_address.h"

#include "common/base/text.h"
#include "common/rpc/credentials.h"

namespace postern::rpc {

absl::Status CheckListenAddress(const RpcSettings& settings,
                                const settings::Setting<std::string>& address) {
  const std::string& text = *address;
  const std::size_t colon = text.rfind(':');
  const bool named = colon != std::string::npos && colon > 0;
  const auto port = named ? base::ParseUnsigned(text.substr(colon + 1)) : std::nullopt;
  if (!port || *port > 65535) {
    return base::Error(absl::StatusCode::kInvalidArgument, address.key, ": \"",
                       base::Printable(text), "\": write address:port, as 0.0.0.0:7171");
  }
  return base::Annotate(CheckPlaintext(settings, text), address.key);
}

}  // namespace postern::rpc
