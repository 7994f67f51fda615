#include "common/dns/hosts.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/text.h"
#include "common/dns/mx_set.h"
#include "common/mail/domain.h"
#include "common/mail/enhanced_status.h"

namespace postern::dns {
namespace {

using Clock = std::chrono::steady_clock;

HostsAnswer Failed(absl::Status error, mail::EnhancedStatus enhanced) {
  HostsAnswer answer;
  answer.error = std::move(error);
  answer.enhanced = enhanced;
  return answer;
}

HostsAnswer Failed(absl::Status error) {
  switch (error.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:  // NoMailGoes
      return Failed(std::move(error), mail::permanent::kUnableToRoute);
    case absl::StatusCode::kInvalidArgument:
      return Failed(std::move(error), mail::permanent::kBadDestinationSystemAddress);
    case absl::StatusCode::kCancelled:
      return Failed(std::move(error), {0, 0, 0});
    default:
      return Failed(std::move(error), mail::transient::kDirectoryServerFailure);
  }
}

bool TheNameHasNone(const absl::StatusOr<AddressAnswer>& answer) {
  if (answer.ok()) return answer->addresses.empty();
  return absl::IsNotFound(answer.status()) || absl::IsInvalidArgument(answer.status()) ||
         absl::IsFailedPrecondition(answer.status());
}

// IPv6 first, then in turns, so that a host with one broken family costs one attempt.
std::vector<io::IpAddress> Interleave(const std::vector<io::IpAddress>& addresses) {
  std::vector<io::IpAddress> v4, v6, out;
  for (const auto& address : addresses)
    (address.is_v4() ? v4 : v6).push_back(address);
  for (std::size_t i = 0; i < std::max(v4.size(), v6.size()); ++i) {
    if (i < v6.size()) out.push_back(v6[i]);
    if (i < v4.size()) out.push_back(v4[i]);
  }
  return out;
}

Host HostAt(std::string name, const AddressAnswer& answer, std::uint16_t preference) {
  Host host;
  host.name = std::move(name);
  host.addresses = Interleave(answer.addresses);
  host.preference = preference;
  host.secure = answer.secure;
  host.canonical = answer.canonical;
  return host;
}

Host LiteralHost(std::string name, const io::IpAddress& address) {
  Host host;
  host.name = std::move(name);
  host.addresses = {address};
  return host;
}

HostsAnswer OneHost(Host host, absl::Duration ttl) {
  HostsAnswer answer;
  answer.hosts.push_back(std::move(host));
  answer.ttl = ttl;
  return answer;
}

absl::Status NoMailGoes(std::string_view name, const io::IpAddress& address) {
  return base::Error(absl::StatusCode::kFailedPrecondition, name, " leads to ", address.ToString(),
                     ", where no mail goes (dns.refused_networks)");
}

HostsAnswer FromLiteral(const LookupRules& rules, const std::string& literal) {
  const auto text = mail::LiteralAddress(literal);
  if (!text.ok()) return Failed(text.status(), mail::permanent::kBadDestinationSystemAddress);
  const auto address = io::IpAddress::Parse(*text);
  if (!address.ok()) return Failed(address.status(), mail::permanent::kBadDestinationSystemAddress);
  if (io::AnyContains(rules.refused, *address)) {
    return Failed(NoMailGoes(literal, *address), mail::permanent::kBadDestinationSystemAddress);
  }
  return OneHost(LiteralHost(literal, *address), absl::Hours(24));
}

template <typename Element>
void Shuffle(base::Random& random, std::vector<Element>& elements) {
  for (std::size_t i = elements.size(); i > 1; --i)
    std::swap(elements[i - 1], elements[random.Below(i)]);
}

// Best preference first, equals in random order, each host once.
void Order(base::Random& random, std::vector<MxRecord>& records) {
  Shuffle(random, records);
  std::stable_sort(records.begin(), records.end(), [](const MxRecord& a, const MxRecord& b) {
    return a.preference < b.preference;
  });
  std::set<std::string> seen;
  std::erase_if(records, [&seen](const MxRecord& mx) { return !seen.insert(mx.host).second; });
  if (records.size() > kHostsMax) records.resize(kHostsMax);
}

// Exchangers of ours, and those that are no better, would bring the mail back (RFC 5321 §5.1).
// True when none is left.
bool DropOurs(const LookupRules& rules, std::vector<MxRecord>& records) {
  const auto ours = std::find_if(records.begin(), records.end(), [&rules](const MxRecord& mx) {
    return std::find(rules.own_names.begin(), rules.own_names.end(), mx.host) !=
           rules.own_names.end();
  });
  if (ours == records.end()) return false;
  const std::uint16_t preference = ours->preference;
  std::erase_if(records, [preference](const MxRecord& mx) { return mx.preference >= preference; });
  return records.empty();
}

io::Task<HostsAnswer> ImplicitMx(Resolver& resolver,
                                 const LookupRules& rules,
                                 std::string domain,
                                 MxAnswer mx) {
  const auto answer = co_await AllowedAddresses(resolver, rules, domain);
  if (absl::IsFailedPrecondition(answer.status())) {
    co_return Failed(base::Annotate(answer.status(), "dns mx " + domain));
  }
  if (TheNameHasNone(answer)) {
    co_return Failed(base::Error(absl::StatusCode::kNotFound, "dns mx ", domain,
                                 ": the domain has neither mail exchanger nor address"));
  }
  if (!answer.ok()) co_return Failed(answer.status());
  Host host = HostAt(domain, *answer, 0);
  host.secure = host.secure && mx.secure;
  co_return OneHost(std::move(host), std::min(mx.ttl, answer->ttl));
}

// RFC 5321 §5.1: an exchanger is a name. An address there is somebody's mistake.
io::Task<absl::StatusOr<AddressAnswer>> AddressesOf(Resolver& resolver,
                                                    const LookupRules& rules,
                                                    std::string exchanger) {
  if (!io::IpAddress::Parse(exchanger).ok()) {
    co_return co_await AllowedAddresses(resolver, rules, exchanger);
  }
  co_return absl::NotFoundError("an mx record names an address");
}

// The addresses of each mail exchanger, as far as they are needed.
io::Task<HostsAnswer> Exchangers(Resolver& resolver,
                                 const LookupRules& rules,
                                 std::string domain,
                                 MxAnswer exchangers) {
  const auto until = Clock::now() + absl::ToChronoNanoseconds(kHostLookupsMax);
  HostsAnswer out;
  out.ttl = exchangers.ttl;
  absl::Status transient;
  absl::Status refused;
  std::size_t addresses = 0;
  for (const MxRecord& mx : exchangers.records) {
    if (addresses >= kAddressesEnough) break;
    const auto answer = co_await AddressesOf(resolver, rules, mx.host);
    const bool nowhere = TheNameHasNone(answer);
    if (absl::IsFailedPrecondition(answer.status())) refused = answer.status();
    if (absl::IsCancelled(answer.status())) co_return Failed(answer.status());
    if (nowhere && !rules.lenient) {
      std::erase_if(out.hosts,
                    [&mx](const Host& host) { return host.preference >= mx.preference; });
      break;
    }
    if (!nowhere && !answer.ok()) transient = answer.status();
    if (!nowhere && answer.ok()) {
      addresses += answer->addresses.size();
      out.ttl = std::min(out.ttl, answer->ttl);
      out.hosts.push_back(HostAt(mx.host, *answer, mx.preference));
      out.hosts.back().secure = answer->secure && exchangers.secure;
    }
    if (Clock::now() < until) continue;
    if (transient.ok() && &mx != &exchangers.records.back()) {
      transient = absl::DeadlineExceededError("dns: too many slow lookups");
    }
    break;
  }
  out.partial = !transient.ok();
  if (!out.hosts.empty()) co_return out;
  if (!transient.ok()) co_return Failed(base::Annotate(transient, "dns mx " + domain));
  if (!refused.ok()) co_return Failed(base::Annotate(refused, "dns mx " + domain));
  co_return Failed(base::Error(absl::StatusCode::kNotFound, "dns mx ", domain,
                               ": no mail exchanger has an address"));
}

// "192.0.2.1", "[192.0.2.1]", "2001:db8::1", "[2001:db8::1]", "[IPv6:2001:db8::1]"
std::optional<io::IpAddress> AddressIn(std::string_view text) {
  const bool bracketed = mail::IsAddressLiteral(text);
  const auto plain = io::IpAddress::Parse(bracketed ? text.substr(1, text.size() - 2) : text);
  if (plain.ok()) return *plain;
  if (!bracketed) return std::nullopt;
  const auto literal = mail::LiteralAddress(text);
  if (!literal.ok()) return std::nullopt;
  const auto address = io::IpAddress::Parse(*literal);
  return address.ok() ? std::optional(*address) : std::nullopt;
}

io::Task<HostsAnswer> OneSmartHost(Resolver& resolver,
                                   base::Random& random,
                                   const LookupRules& rules,
                                   std::string name) {
  const std::optional<io::IpAddress> literal = AddressIn(name);
  if (literal) co_return OneHost(LiteralHost(name, *literal), absl::Hours(24));
  const auto answer = co_await resolver.Addresses(name);
  if (TheNameHasNone(answer)) co_return co_await HostsFor(resolver, random, rules, name);
  if (!answer.ok()) co_return Failed(answer.status());
  co_return OneHost(HostAt(name, *answer, 0), answer->ttl);
}

}  // namespace

io::Task<absl::StatusOr<AddressAnswer>> AllowedAddresses(Resolver& resolver,
                                                         const LookupRules& rules,
                                                         std::string host) {
  auto answer = co_await resolver.Addresses(host);
  if (!answer.ok() || answer->addresses.empty()) co_return answer;
  const io::IpAddress first = answer->addresses.front();
  std::erase_if(answer->addresses, [&rules](const io::IpAddress& address) {
    return io::AnyContains(rules.refused, address);
  });
  if (answer->addresses.empty()) co_return NoMailGoes(host, first);
  co_return answer;
}

io::Task<HostsAnswer> HostsFor(Resolver& resolver,
                               base::Random& random,
                               const LookupRules& rules,
                               std::string domain) {
  if (mail::IsAddressLiteral(domain)) co_return FromLiteral(rules, domain);
  auto mx = co_await resolver.Mx(domain);
  if (!mx.ok()) co_return Failed(mx.status());
  if (mx->records.empty()) co_return co_await ImplicitMx(resolver, rules, domain, std::move(*mx));

  // RFC 7505 §3: "." beside real exchangers means nothing.
  std::erase_if(mx->records, [](const MxRecord& record) { return record.host.empty(); });
  if (mx->records.empty()) {
    co_return Failed(base::Error(absl::StatusCode::kFailedPrecondition, "dns mx ", domain,
                                 ": the domain accepts no mail (null mx)"),
                     mail::permanent::kRecipientAddressHasNullMx);
  }
  std::string mx_set = MxSetName(mx->records);
  Order(random, mx->records);
  if (DropOurs(rules, mx->records)) {
    co_return Failed(
        base::Error(absl::StatusCode::kFailedPrecondition, "dns mx ", domain,
                    ": this server is its best mail exchanger, so mail would come back here; give "
                    "the domain a connector with smart hosts"),
        mail::permanent::kSystemIncorrectlyConfigured);
  }
  HostsAnswer answer = co_await Exchangers(resolver, rules, domain, std::move(*mx));
  answer.mx_set = std::move(mx_set);
  co_return answer;
}

io::Task<HostsAnswer> HostsForSmartHosts(Resolver& resolver,
                                         base::Random& random,
                                         const LookupRules& rules,
                                         std::vector<std::string> smart_hosts) {
  if (rules.balanced) Shuffle(random, smart_hosts);
  HostsAnswer out;
  out.ttl = absl::Hours(24);
  absl::Status transient;
  absl::Status missing = absl::NotFoundError("dns: the list of smart hosts is empty");
  for (std::size_t i = 0; i < smart_hosts.size() && out.hosts.size() < kHostsMax; ++i) {
    auto found = co_await OneSmartHost(resolver, random, rules, smart_hosts[i]);
    if (absl::IsCancelled(found.error)) co_return found;
    if (!found.ok()) {
      (found.enhanced.permanent() ? missing : transient) = found.error;
      continue;
    }
    out.ttl = std::min(out.ttl, found.ttl);
    out.partial = out.partial || found.partial;
    for (Host& host : found.hosts) {
      host.preference = static_cast<std::uint16_t>(i);
      host.smart_host = smart_hosts[i];
      out.hosts.push_back(std::move(host));
    }
  }
  out.partial = out.partial || !transient.ok();
  if (!out.hosts.empty()) co_return out;
  if (!transient.ok()) co_return Failed(std::move(transient));
  // A wrong smart host is a mistake in the settings: the mail waits until it is mended.
  const std::string_view cause = base::MessageOf(missing);
  co_return Failed(base::Error(absl::StatusCode::kUnavailable, "no smart host: ", cause),
                   mail::transient::kUnableToRoute);
}

}  // namespace postern::dns
