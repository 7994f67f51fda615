// common/io/endpoint.h
//
// An IP address with its port, IPv4 or IPv6, and a CIDR network.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::io {

// Sixteen bytes; an IPv4 address is kept as ::ffff:a.b.c.d.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const IpAddress&) const = default;

  bool is_v4() const;
  bool is_loopback() const;
  // What one client has at least: an IPv4 address, or the /64 of an IPv6 address.
  IpAddress Source() const;
  std::string ToString() const;

  static absl::StatusOr<IpAddress> Parse(std::string_view text);
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;

  // "192.0.2.1:25", "[2001:db8::1]:25"
  std::string ToString() const;

  // Parses what ToString writes; a bare ":25" or "25" is every IPv4 address.
  static absl::StatusOr<Endpoint> Parse(std::string_view text);
};

// "10.0.0.0/8", "2001:db8::/32", or an address alone.
struct Network {
  IpAddress address;
  int prefix_bits = 128;  // counted in the sixteen-byte form

  bool Contains(const IpAddress& ip) const;
  std::string ToString() const;

  static absl::StatusOr<Network> Parse(std::string_view text);
};

bool AnyContains(const std::vector<Network>& networks, const IpAddress& ip);

}  // namespace postern::io
