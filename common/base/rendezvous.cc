#include "common/base/rendezvous.h"

namespace postern::base {

std::uint64_t RendezvousWeight(std::string_view who, std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view text : {who, key}) {
    for (const char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33);
}

}  // namespace postern::base
