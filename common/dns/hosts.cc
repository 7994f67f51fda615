#include "common/dns/hosts.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/text.h"
#include "common/mail/domain.h"

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
      return Failed(std::move(error), {5, 4, 4});
    case absl::StatusCode::kInvalidArgument:
      return Failed(std::move(error), {5, 1, 2});
    case absl::StatusCode::kCancelled:
      return Failed(std::move(error), {0, 0, 0});
    default:
      return Failed(std::move(error), {4, 4, 3});
  }
}

bool TheNameHasNone(const absl::StatusOr<AddressAnswer>& answer) {
  if (answer.ok()) return answer->addresses.empty();
  return absl::IsNotFound(answer.status()) || absl::IsInvalidArgument(answer.status());
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

Host HostAt(std::string name, std::vector<io::IpAddress> addresses, std::uint16_t preference) {
  Host host;
  host.name = std::move(name);
  host.addresses = std::move(addresses);
  host.preference = preference;
  return host;
}

HostsAnswer OneHost(Host host, absl::Duration ttl) {
  HostsAnswer answer;
  answer.hosts.push_back(std::move(host));
  answer.ttl = ttl;
  return answer;
}

HostsAnswer FromLiteral(const std::string& literal) {
  const auto text = mail::LiteralAddress(literal);
  if (!text.ok()) return Failed(text.status(), {5, 1, 2});
  const auto address = io::IpAddress::Parse(*text);
  if (!address.ok()) return Failed(address.status(), {5, 1, 2});
  return OneHost(HostAt(literal, {*address}, 0), absl::Hours(24));
}

// Best preference first, equals in random order, each host once.
void Order(base::Random& random, std::vector<MxRecord>& records) {
  for (std::size_t i = records.size(); i > 1; --i) {
    std::swap(records[i - 1], records[random.Below(i)]);
  }
  std::stable_sort(records.begin(), records.end(), [](const MxRecord& a, const MxRecord& b) {
    return a.preference < b.preference;
  });
  std::set<std::string> seen;
  std::erase_if(records, [&seen](const MxRecord& mx) { return !seen.insert(mx.host).second; });
  if (records.size() > kHostsMax) records.resize(kHostsMax);
}

io::Task<HostsAnswer> ImplicitMx(Resolver& resolver, std::string domain, absl::Duration ttl) {
  const auto answer = co_await resolver.Addresses(domain);
  if (TheNameHasNone(answer)) {
    co_return Failed(base::Error(absl::StatusCode::kNotFound, "dns mx ", domain,
                                 ": the domain has neither mail exchanger nor address"));
  }
  if (!answer.ok()) co_return Failed(answer.status());
  co_return OneHost(HostAt(domain, Interleave(answer->addresses), 0), std::min(ttl, answer->ttl));
}

// The addresses of each mail exchanger, as far as they are needed.
io::Task<HostsAnswer> Exchangers(Resolver& resolver,
                                 std::string domain,
                                 std::vector<MxRecord> records,
                                 absl::Duration ttl) {
  const auto until = Clock::now() + absl::ToChronoNanoseconds(kHostLookupsMax);
  HostsAnswer out;
  out.ttl = ttl;
  absl::Status transient;
  std::size_t addresses = 0;
  for (const MxRecord& mx : records) {
    if (addresses >= kAddressesEnough) break;
    // RFC 5321 §5.1: an exchanger is a name. An address there is somebody's mistake.
    if (io::IpAddress::Parse(mx.host).ok()) continue;
    const auto answer = co_await resolver.Addresses(mx.host);
    if (answer.ok() && !answer->addresses.empty()) {
      addresses += answer->addresses.size();
      out.ttl = std::min(out.ttl, answer->ttl);
      out.hosts.push_back(HostAt(mx.host, Interleave(answer->addresses), mx.preference));
    } else if (absl::IsCancelled(answer.status())) {
      co_return Failed(answer.status());
    } else if (!TheNameHasNone(answer)) {
      transient = answer.status();
    }
    if (Clock::now() < until) continue;
    if (transient.ok()) transient = absl::DeadlineExceededError("dns: too many slow lookups");
    break;
  }
  if (!out.hosts.empty()) co_return out;
  if (!transient.ok()) co_return Failed(base::Annotate(transient, "dns mx " + domain));
  co_return Failed(base::Error(absl::StatusCode::kNotFound, "dns mx ", domain,
                               ": no mail exchanger has an address"));
}

// "192.0.2.1", "[192.0.2.1]", "2001:db8::1", "[2001:db8::1]", "[IPv6:2001:db8::1]"
std::optional<io::IpAddress> AddressIn(std::string_view text) {
  if (mail::IsAddressLiteral(text)) {
    const auto literal = mail::LiteralAddress(text);
    text = text.substr(1, text.size() - 2);
    const auto address = io::IpAddress::Parse(literal.ok() ? std::string_view(*literal) : text);
    return address.ok() ? std::optional(*address) : std::nullopt;
  }
  const auto address = io::IpAddress::Parse(text);
  return address.ok() ? std::optional(*address) : std::nullopt;
}

io::Task<HostsAnswer> OneSmartHost(Resolver& resolver, base::Random& random, std::string name) {
  const std::optional<io::IpAddress> literal = AddressIn(name);
  if (literal) {
    std::vector<io::IpAddress> addresses(1, *literal);
    co_return OneHost(HostAt(name, std::move(addresses), 0), absl::Hours(24));
  }
  const auto answer = co_await resolver.Addresses(name);
  if (TheNameHasNone(answer)) co_return co_await HostsFor(resolver, random, name);
  if (!answer.ok()) co_return Failed(answer.status());
  co_return OneHost(HostAt(name, Interleave(answer->addresses), 0), answer->ttl);
}

}  // namespace

io::Task<HostsAnswer> HostsFor(Resolver& resolver, base::Random& random, std::string domain) {
  if (mail::IsAddressLiteral(domain)) co_return FromLiteral(domain);
  auto mx = co_await resolver.Mx(domain);
  if (!mx.ok()) co_return Failed(mx.status());
  if (mx->records.empty()) co_return co_await ImplicitMx(resolver, domain, mx->ttl);

  // RFC 7505 §3: "." beside real exchangers means nothing.
  std::erase_if(mx->records, [](const MxRecord& record) { return record.host.empty(); });
  if (mx->records.empty()) {
    const mail::EnhancedStatus null_mx{5, 1, 10};
    co_return Failed(base::Error(absl::StatusCode::kFailedPrecondition, "dns mx ", domain,
                                 ": the domain accepts no mail (null mx)"),
                     null_mx);
  }
  Order(random, mx->records);
  std::vector<MxRecord> records = std::move(mx->records);
  co_return co_await Exchangers(resolver, domain, std::move(records), mx->ttl);
}

io::Task<HostsAnswer> HostsForSmartHosts(Resolver& resolver,
                                         base::Random& random,
                                         std::vector<std::string> smart_hosts) {
  HostsAnswer out;
  out.ttl = absl::Hours(24);
  absl::Status transient;
  absl::Status missing = absl::NotFoundError("dns: the list of smart hosts is empty");
  for (std::size_t i = 0; i < smart_hosts.size() && out.hosts.size() < kHostsMax; ++i) {
    auto found = co_await OneSmartHost(resolver, random, smart_hosts[i]);
    if (absl::IsCancelled(found.error)) co_return found;
    if (!found.ok()) {
      (found.enhanced.permanent() ? missing : transient) = found.error;
      continue;
    }
    out.ttl = std::min(out.ttl, found.ttl);
    for (Host& host : found.hosts) {
      host.preference = static_cast<std::uint16_t>(i);
      host.smart_host = smart_hosts[i];
      out.hosts.push_back(std::move(host));
    }
  }
  if (!out.hosts.empty()) co_return out;
  if (!transient.ok()) co_return Failed(std::move(transient));
  // A wrong smart host is a mistake in the settings: the mail waits until it is mended.
  const mail::EnhancedStatus no_route{4, 4, 4};
  const std::string_view cause = base::MessageOf(missing);
  co_return Failed(base::Error(absl::StatusCode::kUnavailable, "no smart host: ", cause), no_route);
}

}  // namespace postern::dns
