// For each base domain in turn, the end of the host's aliases before its own name:
//
//   way to the host    answer about TLSA                  then
//   not secure         (not asked)                        none
//   an address         (not asked)                        none
//   secure             no such name, or no such record    the next name; after the last: none
//   secure             records, not secure                the next name; after the last: none
//   secure             secure records, one of them good   usable
//   secure             secure records, none good          unusable
//   secure             server failure (so: bogus too),    error
//                      no answer, damaged answer
#include "common/smtp/dane.h"

#include <utility>

#include "common/base/text.h"
#include "common/io/endpoint.h"
#include "common/mail/domain.h"

namespace postern::smtp {

namespace {

// A longer name cannot exist (RFC 1035 §2.3.4).
constexpr std::size_t kNameBytesMax = 253;

// RFC 7672 §2.2.3: the end of the aliases first.
std::vector<std::string> BasesOf(const dns::Host& host) {
  std::vector<std::string> bases;
  const bool address = mail::IsAddressLiteral(host.name) || io::IpAddress::Parse(host.name).ok();
  if (!host.secure || address) return bases;
  if (!host.canonical.empty()) bases.push_back(host.canonical);
  if (host.canonical != host.name) bases.push_back(host.name);
  return bases;
}

std::vector<dns::TlsaRecord> RecordsOf(std::vector<tls::DaneAnchor> anchors) {
  std::vector<dns::TlsaRecord> records;
  for (tls::DaneAnchor& anchor : anchors) {
    records.push_back({.usage = anchor.usage,
                       .selector = anchor.selector,
                       .matching = anchor.matching,
                       .data = std::move(anchor.data)});
  }
  return records;
}

}  // namespace

io::Task<DaneAnswer> DaneFor(dns::Resolver& resolver, const dns::Host& host, std::uint16_t port) {
  DaneAnswer out;
  for (std::string& base : BasesOf(host)) {
    const std::string name = base::Cat("_", port, "._tcp.", base);
    if (name.size() > kNameBytesMax) continue;
    const auto answer = co_await resolver.Tlsa(name);
    if (absl::IsNotFound(answer.status())) continue;
    if (answer.ok() && (answer->records.empty() || !answer->secure)) continue;
    out.base = std::move(base);
    if (answer.ok()) {
      out.records = RecordsOf(tls::UsableOf(AnchorsOf(answer->records)));
      out.state = out.records.empty() ? DaneState::kUnusable : DaneState::kUsable;
    } else {
      out.state = DaneState::kError;
      out.error = base::Annotate(answer.status(), "dane " + host.name);
    }
    co_return out;
  }
  co_return out;
}

std::vector<tls::DaneAnchor> AnchorsOf(const std::vector<dns::TlsaRecord>& records) {
  std::vector<tls::DaneAnchor> anchors;
  for (const dns::TlsaRecord& record : records) {
    anchors.push_back({.usage = record.usage,
                       .selector = record.selector,
                       .matching = record.matching,
                       .data = record.data});
  }
  return anchors;
}

std::string_view NameOf(DaneState state) {
  switch (state) {
    case DaneState::kNone:
      return "none";
    case DaneState::kUsable:
      return "usable";
    case DaneState::kUnusable:
      return "unusable";
    case DaneState::kError:
      return "error";
  }
  return "error";
}

}  // namespace postern::smtp
