#include "common/dns/mx_set.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "common/base/text.h"

namespace postern::dns {

namespace {

// FNV-1a: the same in each process, so that servers of different sites give one name to one set.
std::string HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (int shift = 60; shift >= 0; shift -= 4)
    hex.push_back(kDigits[(hash >> shift) & 15]);
  return hex;
}

}  // namespace

std::string MxSetName(std::vector<MxRecord> records) {
  std::sort(records.begin(), records.end(), [](const MxRecord& a, const MxRecord& b) {
    return a.preference != b.preference ? a.preference < b.preference : a.host < b.host;
  });
  std::string name;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const MxRecord& mx = records[i];
    if (mx.host.empty()) return "";
    if (i > 0 && mx.host == records[i - 1].host && mx.preference == records[i - 1].preference) {
      continue;
    }
    name += base::Cat(name.empty() ? "" : ", ", mx.preference, " ", mx.host);
  }
  if (name.size() <= kMxSetNameMax) return name;
  const std::string tail = base::Cat("... #", HashOf(name));
  return base::Cat(name.substr(0, kMxSetNameMax - tail.size()), tail);
}

}  // namespace postern::dns
