#include "common/tls/dane_anchor.h"

#include <algorithm>
#include <string_view>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "common/base/text.h"
#include "common/tls/pem.h"

namespace postern::tls {
namespace {

constexpr std::uint8_t kCertificate = 0;
constexpr std::uint8_t kPublicKey = 1;
constexpr std::uint8_t kWhole = 0;
constexpr std::uint8_t kSha256 = 1;
constexpr std::uint8_t kSha512 = 2;
constexpr std::size_t kShownBytes = 8;

// To the last byte: what follows is somebody's mistake.
bool Reads(std::uint8_t selector, std::string_view data) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(data.data());
  const unsigned char* at = begin;
  const long length = static_cast<long>(data.size());
  bool whole = false;
  if (selector == kCertificate) {
    const CertificatePointer certificate(d2i_X509(nullptr, &at, length));
    whole = certificate != nullptr && X509_get0_pubkey(certificate.get()) != nullptr;
  } else {
    whole = KeyPointer(d2i_PUBKEY(nullptr, &at, length)) != nullptr;
  }
  ERR_clear_error();
  return whole && at == begin + length;
}

bool Usable(const DaneAnchor& anchor) {
  if (anchor.usage != kDaneTa && anchor.usage != kDaneEe) return false;
  if (anchor.selector != kCertificate && anchor.selector != kPublicKey) return false;
  switch (anchor.matching) {
    case kWhole:
      return Reads(anchor.selector, anchor.data);
    case kSha256:
      return anchor.data.size() == 32;
    case kSha512:
      return anchor.data.size() == 64;
    default:
      return false;
  }
}

}  // namespace

std::vector<DaneAnchor> UsableOf(std::vector<DaneAnchor> anchors) {
  std::erase_if(anchors, [](const DaneAnchor& anchor) { return !Usable(anchor); });
  const auto outdone = [all = anchors](const DaneAnchor& anchor) {
    return anchor.matching == kSha256 &&
           std::any_of(all.begin(), all.end(), [&anchor](const DaneAnchor& other) {
             return other.matching == kSha512 && other.usage == anchor.usage &&
                    other.selector == anchor.selector;
           });
  };
  std::erase_if(anchors, outdone);
  return anchors;
}

std::string TextOf(const DaneAnchor& anchor) {
  const std::string_view data = std::string_view(anchor.data).substr(0, kShownBytes);
  return base::Cat(int{anchor.usage}, " ", int{anchor.selector}, " ", int{anchor.matching}, " ",
                   base::Hex(data), data.size() < anchor.data.size() ? "..." : "");
}

}  // namespace postern::tls
