#include "common/smtp/portion.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/mail/address.h"

namespace postern::smtp {

void PortionOf(const mail::Envelope& envelope,
               const std::vector<std::size_t>& pending,
               std::size_t recipients_max,
               std::size_t domains_max,
               std::vector<std::size_t>& chosen) {
  chosen.clear();
  std::vector<std::string> domains;
  for (const std::size_t i : pending) {
    if (chosen.size() == recipients_max) break;
    if (domains_max != 0) {
      std::string domain = mail::DomainOf(envelope.recipients[i].address);
      if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
        if (domains.size() == domains_max) continue;
        domains.push_back(std::move(domain));
      }
    }
    chosen.push_back(i);
  }
}

}  // namespace postern::smtp
