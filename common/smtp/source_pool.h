// common/smtp/source_pool.h
//
// SourcePool: the addresses of a machine from which mail leaves, with their labels and the names
// that they say in EHLO.
//
// Flow      Parse at start, from lines "label=bulk address=192.0.2.25 ehlo=mail1.example.com";
//           Choose for a delivery; EhloOf for a session.
// Failure   Parse: kInvalidArgument naming each wrong line and its rule. Choose: kNotFound when the
//           label has no address on this machine: mail never leaves from another one.
// Lifetime  A value; const after Parse, and then for every thread.
// Limits    256 addresses.
// See       docs/kubernetes/egress-addresses.md

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/io/endpoint.h"

namespace postern::smtp {

// Of connectors that name no label; where the list has none of this label the system chooses.
inline constexpr std::string_view kDefaultLabel = "default";

struct SourceAddress {
  std::string label;
  io::IpAddress address;
  std::string ehlo;              // empty: as without the pool
  io::IpAddress public_address;  // as which others see it, behind address translation
};

// Where a delivery may come from; without both it is for the system to say.
struct Sources {
  std::optional<io::IpAddress> v4;
  std::optional<io::IpAddress> v6;

  bool unbound() const { return !v4.has_value() && !v6.has_value(); }

  const std::optional<io::IpAddress>& For(const io::IpAddress& remote) const {
    return remote.is_v4() ? v4 : v6;
  }

  // Whether a remote of this family can be reached.
  bool Serve(const io::IpAddress& remote) const { return unbound() || For(remote).has_value(); }

  static Sources Of(const io::IpAddress& address);
  std::string ToString() const;
};

class SourcePool {
 public:
  // `own`: the addresses of this machine; others are of other machines with the same settings.
  static absl::StatusOr<SourcePool> Parse(const std::vector<std::string>& lines,
                                          const std::vector<io::IpAddress>& own);

  // One address of each family, the same one for the same host while the pool is the same.
  absl::StatusOr<Sources> Choose(const std::string& label, std::string_view host) const;

  // The name to say from this address; empty when the pool has none.
  std::string_view EhloOf(const io::IpAddress& address) const;

  // Those on this machine.
  const std::vector<SourceAddress>& addresses() const { return addresses_; }

  // Those that are not.
  const std::vector<SourceAddress>& elsewhere() const { return elsewhere_; }

 private:
  std::vector<SourceAddress> addresses_;
  std::vector<SourceAddress> elsewhere_;
};

}  // namespace postern::smtp
