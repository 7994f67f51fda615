// common/smtp/sasl.h
//
// SaslExchange: how we log in to a smart host, mechanism by mechanism; the client's side.
//
// Flow      ChooseSasl by what the peer offers; its Initial response, then Next for each challenge;
//           Proved once the peer lets us in.
// Failure   ChooseSasl: kNotFound, why none of the offered can be used. Next: what is wrong with
//           the challenge, the exchange is broken off. Proved: the peer is not who it must be. No
//           message has a secret in it.
// Lifetime  Keeps the credential alive. Used by one thread at a time.
// Limits    SCRAM: kScramRoundsMin to kScramRoundsMax rounds. Of what an XOAUTH2 failure says,
//           one word of kStatusBytesMax.
// See       RFC 4954; RFC 4616 (PLAIN); draft-murchison-sasl-login (LOGIN); RFC 2195 (CRAM-MD5);
//           RFC 5802, RFC 7677 (SCRAM-SHA-256); docs/exchange.md "Logins"

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/random.h"
#include "common/smtp/credentials.h"

namespace postern::smtp {

// Fewer would let an impostor guess the password from one answer (RFC 7677 §4).
inline constexpr std::uint32_t kScramRoundsMin = 4096;
// About half a second of work.
inline constexpr std::uint32_t kScramRoundsMax = 1'000'000;
inline constexpr std::size_t kStatusBytesMax = 32;

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  virtual std::string_view mechanism() const = 0;

  // What goes with the AUTH command itself, decoded; nullopt when the mechanism waits for a
  // challenge.
  virtual std::optional<std::string> Initial() { return std::nullopt; }

  // The answer to a challenge, both decoded.
  virtual absl::StatusOr<std::string> Next(std::string_view challenge) = 0;

  // True when Next works for long: not on an executor.
  virtual bool works_long() const { return false; }

  // After the peer let us in: whether it has proved that it knows the secret, where the mechanism
  // demands it.
  virtual absl::Status Proved() const { return absl::OkStatus(); }

  // What the peer gave as the cause of a failure before its reply; printable.
  virtual std::string cause() const { return ""; }
};

// The best mechanism of those that both sides know and `credential` is fit for. `offered` are
// mechanisms in upper case; `encrypted`, the session is under TLS.
absl::StatusOr<std::unique_ptr<SaslExchange>> ChooseSasl(
    const std::vector<std::string>& offered,
    CredentialPtr credential,
    bool encrypted,
    base::Random& random = base::Random::System());

}  // namespace postern::smtp
