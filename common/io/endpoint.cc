#include "common/io/endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include "common/base/text.h"

namespace postern::io {

namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

absl::Status Bad(std::string_view text, std::string_view what, std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(text), "\" is not ",
                     what, ": ", rule);
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

IpAddress IpAddress::Source() const {
  IpAddress source = *this;
  if (!is_v4()) std::fill(source.bytes.begin() + 8, source.bytes.end(), std::uint8_t{0});
  return source;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes[12] == 127;
  IpAddress one;
  one.bytes[15] = 1;
  return *this == one;
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (!is_v4()) {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
    return text;
  }
  // Several times for each message, and inet_ntop is a printf.
  char* at = text;
  for (std::size_t i = 12; i < bytes.size(); ++i) {
    if (i > 12) *at++ = '.';
    at = std::to_chars(at, std::end(text), bytes[i]).ptr;
  }
  return {text, at};
}

absl::StatusOr<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string zero_ended(text);
  IpAddress address;
  if (inet_pton(AF_INET6, zero_ended.c_str(), address.bytes.data()) == 1) return address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes.begin());
  if (inet_pton(AF_INET, zero_ended.c_str(), address.bytes.data() + 12) == 1) return address;
  return Bad(text, "an IP address", "write 192.0.2.1 or 2001:db8::1");
}

std::string Endpoint::ToString() const {
  if (address.is_v4()) return base::Cat(address.ToString(), ":", port);
  return base::Cat("[", address.ToString(), "]:", port);
}

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  constexpr std::string_view kRule = "write address:port, with an IPv6 address in brackets";
  const std::size_t colon = text.rfind(':');
  std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const auto port =
      base::ParseUnsigned(colon == std::string_view::npos ? text : text.substr(colon + 1));
  if (!port || *port > 65535) return Bad(text, "an endpoint", kRule);
  if (host.empty()) host = "0.0.0.0";
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Bad(text, "an endpoint", kRule);
  }
  const auto address = IpAddress::Parse(host);
  if (!address.ok()) return Bad(text, "an endpoint", kRule);
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

bool Network::Contains(const IpAddress& ip) const {
  const auto whole = static_cast<std::size_t>(prefix_bits / 8);
  if (!std::equal(ip.bytes.begin(), ip.bytes.begin() + whole, address.bytes.begin())) return false;
  if (prefix_bits % 8 == 0) return true;
  const int mask = 0xff00 >> (prefix_bits % 8) & 0xff;
  return (ip.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

std::string Network::ToString() const {
  return base::Cat(address.ToString(), "/", address.is_v4() ? prefix_bits - 96 : prefix_bits);
}

absl::StatusOr<Network> Network::Parse(std::string_view text) {
  constexpr std::string_view kRule = "write address/prefix, such as 10.0.0.0/8";
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::Parse(text.substr(0, slash));
  if (!address.ok()) return Bad(text, "a network", kRule);
  Network network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const auto bits = base::ParseUnsigned(text.substr(slash + 1));
  const std::uint64_t bits_max = address->is_v4() ? 32 : 128;
  if (!bits || *bits > bits_max) return Bad(text, "a network", kRule);
  network.prefix_bits = static_cast<int>(*bits + (128 - bits_max));
  return network;
}

bool AnyContains(const std::vector<Network>& networks, const IpAddress& ip) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.Contains(ip); });
}

}  // namespace postern::io
