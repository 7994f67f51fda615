// common/tls/dane_anchor.h
//
// DaneAnchor: what one TLSA record says of a host's certificate, and whether mail can go by it.
//
// Flow      UsableOf the records of a host; Demand::dane.
// See       RFC 6698 §2.1; RFC 7671 §9 (digest agility); RFC 7672 §3.1

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern::tls {

inline constexpr std::uint8_t kDaneTa = 2;  // an authority above the certificate
inline constexpr std::uint8_t kDaneEe = 3;  // the certificate itself

struct DaneAnchor {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;  // 0 certificate, 1 public key
  std::uint8_t matching = 0;  // 0 as it is, 1 SHA-256, 2 SHA-512
  std::string data;           // bytes

  bool operator==(const DaneAnchor&) const = default;
};

// Those that SMTP can go by: DANE-TA and DANE-EE, of a known selector and matching, whose digest
// has its length or whose certificate or key reads. Of the digests with one usage and selector
// only the strongest counts.
std::vector<DaneAnchor> UsableOf(std::vector<DaneAnchor> anchors);

// "3 1 1 8cb0fc6c527506a0...": for logs and errors.
std::string TextOf(const DaneAnchor& anchor);

}  // namespace postern::tls
