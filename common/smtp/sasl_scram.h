// common/smtp/sasl_scram.h
//
// ScramSha256: a login in which both sides prove that they know the password, and neither says it.
//
// Flow      As SaslExchange: the server's nonce, salt and rounds are answered with our proof, the
//           server's signature with an empty response.
// Failure   A challenge that breaks the grammar, whose nonce is not an answer to ours, whose rounds
//           are out of bounds, or whose signature is wrong.
// Limits    As SaslExchange. Channel binding (the -PLUS form) is not offered.
// See       RFC 5802 §5, §7; RFC 7677

#pragma once

#include "common/smtp/sasl.h"

namespace postern::smtp {

class ScramSha256 final : public SaslExchange {
 public:
  // `nonce`: printable ASCII without a comma that nobody can guess.
  ScramSha256(CredentialPtr credential, std::string nonce);

  // SASLprep leaves ASCII without control characters as it is; other text would have to be
  // normalised first, so it is not taken.
  static bool Takes(std::string_view text);

  std::string_view mechanism() const override { return "SCRAM-SHA-256"; }

  std::optional<std::string> Initial() override;
  absl::StatusOr<std::string> Next(std::string_view challenge) override;

  bool works_long() const override { return stand_ == Stand::kFirst; }

  absl::Status Proved() const override;

 private:
  // What the next challenge has to be.
  enum class Stand : std::uint8_t { kFirst, kFinal, kNone };

  absl::StatusOr<std::string> Prove(std::string_view server_first);
  absl::StatusOr<std::string> Check(std::string_view server_final);

  const CredentialPtr credential_;
  const std::string nonce_;
  const std::string client_first_bare_;
  std::string server_signature_;  // as it must be
  Stand stand_ = Stand::kFirst;
  bool asked_ = false;
};

}  // namespace postern::smtp
