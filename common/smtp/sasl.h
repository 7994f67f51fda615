// common/smtp/sasl.h
//
// SaslExchange: how we log in to a smart host, mechanism by mechanism; the client's side.
//
// Flow      ChooseSasl by what the peer offers; its Initial response, then Next for each challenge.
// Failure   Null: the peer offers nothing that we know. nullopt: the challenge is not one of this
//           mechanism, the exchange is broken off.
// Lifetime  Borrows the credential.
// See       RFC 4954; RFC 4616 (PLAIN); draft-murchison-sasl-login (LOGIN)

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/smtp/credentials.h"

namespace postern::smtp {

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;

  virtual std::string_view mechanism() const = 0;

  // What goes with the AUTH command itself, decoded; nullopt when the mechanism waits for a
  // challenge.
  virtual std::optional<std::string> Initial() { return std::nullopt; }

  // The answer to a challenge, both decoded.
  virtual std::optional<std::string> Next(std::string_view challenge) = 0;
};

// `offered` are mechanisms in upper case. The best of those that both sides know.
std::unique_ptr<SaslExchange> ChooseSasl(const std::vector<std::string>& offered,
                                         const Credential& credential);

}  // namespace postern::smtp
