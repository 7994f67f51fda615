#include "common/rpc/listen_address.h"

#include "common/base/text.h"
#include "common/rpc/credentials.h"

namespace postern::rpc {

namespace {

struct Place {
  std::string_view host;
  std::uint64_t port = 0;  // 0: none, or any
};

Place PlaceOf(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = base::ParseUnsigned(address.substr(colon + 1));
  return {address.substr(0, colon), port.value_or(0)};
}

bool Meet(const Place& a, const Place& b) {
  if (a.port == 0 || a.port != b.port) return false;
  // A socket of [::] takes IPv4 too.
  const auto holds = [](std::string_view all, std::string_view one) {
    return all == "[::]" || ((all == "0.0.0.0" || all.empty()) && !one.starts_with('['));
  };
  return a.host == b.host || holds(a.host, b.host) || holds(b.host, a.host);
}

}  // namespace

absl::Status CheckListenAddress(const RpcSettings& settings,
                                const settings::Setting<std::string>& address) {
  const std::string& text = *address;
  const std::size_t colon = text.rfind(':');
  const bool named = colon != std::string::npos && colon > 0;
  const auto port = named ? base::ParseUnsigned(text.substr(colon + 1)) : std::nullopt;
  if (!port || *port > 65535) {
    return settings::WrongValue(address, ": write address:port, as 0.0.0.0:7171");
  }
  return base::Annotate(CheckPlaintext(settings, text), address.key);
}

void CheckApart(const std::vector<ListenAddress>& all, settings::Errors& errors) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (!Meet(PlaceOf(all[i].address), PlaceOf(all[j].address))) continue;
      errors.Note(base::Error(absl::StatusCode::kInvalidArgument, all[j].key, ": \"",
                              base::Printable(all[j].address), "\": ", all[i].key, " \"",
                              base::Printable(all[i].address),
                              "\" listens there: give each a port of its own"));
    }
  }
}

}  // namespace postern::rpc
