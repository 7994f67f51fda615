// common/rpc/identity.h
//
// Identity: who a caller has proved to be, and the roles that gives.
//
// Flow      FromUris for a certificate's URI SANs; TokenTable for a bearer token.
// Failure   kInvalidArgument naming the value and the rule; an unknown token is nullopt.
// Limits    A tokens file has at most 10,000 lines and 1 MiB.
// See       docs/architecture.md "Ports and roles"; SPIFFE-ID §2

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::rpc {

enum class Role : std::uint8_t { kSubmit, kRelay, kProxy, kRead, kOperate, kAdminister };

std::string_view NameOf(Role role);
std::optional<Role> ParseRole(std::string_view text);

// A small set of roles.
class Roles {
 public:
  constexpr Roles() = default;

  constexpr Roles With(Role role) const {
    Roles more = *this;
    more.bits_ |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
    return more;
  }

  constexpr bool Has(Role role) const { return (bits_ >> static_cast<unsigned>(role) & 1U) != 0; }

  static Roles All();
  // "submit,read"; kInvalidArgument names the unknown word.
  static absl::StatusOr<Roles> Parse(std::string_view text);

  bool operator==(const Roles&) const = default;

 private:
  std::uint8_t bits_ = 0;
};

struct Identity {
  std::string name;  // the SPIFFE ID, or "token:<identity>"
  std::string site;  // empty for a token
  std::string service;
  Roles roles;
};

// spiffe://<trust domain>/<site>/<service>. What a service may do:
//   mailbox-transport: relay, proxy, read; admin-center, administrator: read, operate, administer,
//   submit; operator: read, operate; reader: read; any name that starts with "app-": submit.
absl::StatusOr<Identity> FromSpiffe(std::string_view uri, std::string_view trust_domain);

// Of a certificate's URI SANs: it must have one and no other, or who may add one could pass for
// somebody else (X509-SVID §2).
absl::StatusOr<Identity> FromUris(const std::vector<std::string_view>& uris,
                                  std::string_view trust_domain);

class TokenTable {
 public:
  static absl::StatusOr<TokenTable> Load(const std::string& file);

  // Compares hashes, so the time taken tells nothing of the token.
  std::optional<Identity> Find(std::string_view token) const;

  std::size_t size() const { return by_hash_.size(); }

 private:
  std::map<std::string, Identity> by_hash_;
};

}  // namespace postern::rpc
