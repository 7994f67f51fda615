#include "common/dns/mx_set.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/base/rendezvous.h"
#include "common/base/text.h"

namespace postern::dns {

std::string MxSetName(const std::vector<MxRecord>& records) {
  std::vector<std::pair<std::uint16_t, std::string_view>> hosts;
  hosts.reserve(records.size());
  for (const MxRecord& mx : records) {
    if (mx.host.empty()) return "";
    hosts.emplace_back(mx.preference, mx.host);
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  std::string name;
  for (const auto& [preference, host] : hosts)
    name += base::Cat(name.empty() ? "" : ", ", preference, " ", host);
  if (name.size() <= kMxSetNameMax) return name;
  // The same in each process, so that servers of different sites give one name to one set.
  const std::string tail = base::Cat("... #", base::RendezvousWeight("", name));
  return base::Cat(name.substr(0, kMxSetNameMax - tail.size()), tail);
}

}  // namespace postern::dns
