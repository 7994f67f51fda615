// The messages, each in base64 on the wire:
//
//   client-first   n,,n=<name>,r=<nonce>
//   server-first   r=<nonce><more>,s=<salt>,i=<rounds>[,...]
//   client-final   c=biws,r=<nonce><more>,p=<proof>
//   server-final   v=<signature>[,...]   or   e=<error>
#include "common/smtp/sasl_scram.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/tls/digest.h"
#include "common/tls/keyed_digest.h"

namespace postern::smtp {

namespace {

constexpr std::string_view kHeader = "n,,";  // no channel binding, nobody else's name
constexpr std::size_t kErrorShown = 40;

absl::Status Wrong(std::string_view rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule);
}

// A comma and an equals sign have a meaning of their own.
std::string Escaped(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (c == ',') {
      escaped += "=2C";
    } else if (c == '=') {
      escaped += "=3D";
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

// The value of the attribute with which `text` begins, which is taken off it with its comma;
// nullopt when it is another one.
std::optional<std::string_view> TakeValue(std::string_view& text, char attribute) {
  if (text.size() < 2 || text[0] != attribute || text[1] != '=') return std::nullopt;
  const std::size_t end = std::min(text.find(','), text.size());
  const std::string_view value = text.substr(2, end - 2);
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

std::string Xor(std::string_view a, std::string_view b) {
  std::string out(a);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

std::string Sha256Of(std::string_view text) {
  tls::Sha256 digest;
  digest.Update(text);
  return digest.Finish();
}

bool IsNonce(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

ScramSha256::ScramSha256(CredentialPtr credential, std::string nonce)
    : credential_(std::move(credential)),
      nonce_(std::move(nonce)),
      client_first_bare_(base::Cat("n=", Escaped(credential_->username), ",r=", nonce_)) {}

bool ScramSha256::Takes(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::optional<std::string> ScramSha256::Initial() {
  return base::Cat(kHeader, client_first_bare_);
}

absl::StatusOr<std::string> ScramSha256::Next(std::string_view challenge) {
  switch (stand_) {
    case Stand::kFirst:
      // A server that passed over what went with the command asks with an empty challenge.
      if (challenge.empty() && !std::exchange(asked_, true)) return *Initial();
      return Prove(challenge);
    case Stand::kFinal:
      return Check(challenge);
    case Stand::kNone:
      break;
  }
  return Wrong("a challenge too many");
}

absl::StatusOr<std::string> ScramSha256::Prove(std::string_view server_first) {
  std::string_view left = server_first;
  const auto nonce = TakeValue(left, 'r');
  if (!nonce.has_value()) return Wrong("the challenge does not begin with a nonce");
  if (!nonce->starts_with(nonce_) || nonce->size() == nonce_.size() || !IsNonce(*nonce)) {
    return Wrong("the server's nonce is no answer to ours");
  }
  const auto salt_text = TakeValue(left, 's');
  const auto salt = base::FromBase64(salt_text.value_or(""));
  if (!salt.has_value() || salt->empty()) return Wrong("the challenge has no salt");
  const auto rounds = base::ParseUnsigned(TakeValue(left, 'i').value_or(""));
  if (!rounds.has_value()) return Wrong("the challenge has no number of rounds");
  if (*rounds < kScramRoundsMin || *rounds > kScramRoundsMax) {
    return Wrong(base::Cat("the server wants ", *rounds, " rounds: must be ", kScramRoundsMin,
                           " to ", kScramRoundsMax));
  }

  const std::string salted =
      tls::Pbkdf2Sha256(credential_->password, *salt, static_cast<std::uint32_t>(*rounds));
  const std::string client_key = tls::HmacSha256(salted, "Client Key");
  const std::string answer = base::Cat("c=", base::Base64(kHeader), ",r=", *nonce);
  const std::string exchanged = base::Cat(client_first_bare_, ",", server_first, ",", answer);
  const std::string signature = tls::HmacSha256(Sha256Of(client_key), exchanged);
  server_signature_ = tls::HmacSha256(tls::HmacSha256(salted, "Server Key"), exchanged);
  stand_ = Stand::kFinal;
  return base::Cat(answer, ",p=", base::Base64(Xor(client_key, signature)));
}

absl::StatusOr<std::string> ScramSha256::Check(std::string_view server_final) {
  std::string_view left = server_final;
  if (const auto error = TakeValue(left, 'e'); error.has_value()) {
    return Wrong(base::Cat("the server says ", base::Printable(*error, kErrorShown)));
  }
  const auto signature = base::FromBase64(TakeValue(left, 'v').value_or(""));
  if (!signature.has_value() || !tls::SameBytes(*signature, server_signature_)) {
    return Wrong("the server does not know the password");
  }
  stand_ = Stand::kNone;
  return "";
}

absl::Status ScramSha256::Proved() const {
  if (stand_ == Stand::kNone) return absl::OkStatus();
  return absl::UnauthenticatedError("the server has not proved that it knows the password");
}

}  // namespace postern::smtp
