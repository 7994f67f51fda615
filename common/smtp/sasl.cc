// Mechanisms by preference:
//
//   XOAUTH2         a token from the secret; under TLS only, as who has it is let in
//   SCRAM-SHA-256   proves the password without showing it, and has the server prove it too
//   CRAM-MD5        proves the password without showing it
//   PLAIN           one message, which goes with the command
//   LOGIN           the same in three, for servers that offer nothing else
//
// PLAIN and LOGIN show the password to the server, so that who may see it is a matter of TLS.
#include "common/smtp/sasl.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/smtp/sasl_scram.h"
#include "common/tls/keyed_digest.h"

namespace postern::smtp {

namespace {

absl::Status TooMany() {
  return absl::InvalidArgumentError("a challenge too many");
}

class Plain final : public SaslExchange {
 public:
  explicit Plain(CredentialPtr credential) : credential_(std::move(credential)) {}

  std::string_view mechanism() const override { return "PLAIN"; }

  std::optional<std::string> Initial() override { return Response(); }

  // A server that passed over what went with the command asks with an empty challenge.
  absl::StatusOr<std::string> Next(std::string_view) override {
    if (std::exchange(asked_, true)) return TooMany();
    return Response();
  }

 private:
  std::string Response() const {
    std::string response;
    response.push_back('\0');
    response.append(credential_->username).push_back('\0');
    return response.append(credential_->password);
  }

  const CredentialPtr credential_;
  bool asked_ = false;
};

class Login final : public SaslExchange {
 public:
  explicit Login(CredentialPtr credential) : credential_(std::move(credential)) {}

  std::string_view mechanism() const override { return "LOGIN"; }

  // The words of the challenges differ from server to server; their order does not.
  absl::StatusOr<std::string> Next(std::string_view) override {
    switch (++answers_) {
      case 1:
        return credential_->username;
      case 2:
        return credential_->password;
      default:
        return TooMany();
    }
  }

 private:
  const CredentialPtr credential_;
  int answers_ = 0;
};

class CramMd5 final : public SaslExchange {
 public:
  explicit CramMd5(CredentialPtr credential) : credential_(std::move(credential)) {}

  std::string_view mechanism() const override { return "CRAM-MD5"; }

  absl::StatusOr<std::string> Next(std::string_view challenge) override {
    if (std::exchange(answered_, true)) return TooMany();
    // The same question for everybody has the same answer for ever.
    if (challenge.empty()) return absl::InvalidArgumentError("the challenge is empty");
    const std::optional<std::string> digest = tls::HmacMd5(credential_->password, challenge);
    if (!digest.has_value()) return absl::UnavailableError("openssl has no md5 here");
    return base::Cat(credential_->username, " ", base::LowerAscii(base::Hex(*digest)));
  }

 private:
  const CredentialPtr credential_;
  bool answered_ = false;
};

// The word behind "status" in what a server says in JSON.
std::string StatusIn(std::string_view json) {
  constexpr std::string_view kKey = "\"status\"";
  const std::size_t key = json.find(kKey);
  if (key == std::string_view::npos) return "";
  json = base::Trim(json.substr(key + kKey.size()));
  if (!json.starts_with(':')) return "";
  json = base::Trim(json.substr(1));
  if (json.starts_with('"')) json.remove_prefix(1);
  const std::size_t end = std::min(json.find_first_of("\",} \r\n"), json.size());
  return base::Printable(json.substr(0, end), kStatusBytesMax);
}

class XOAuth2 final : public SaslExchange {
 public:
  explicit XOAuth2(CredentialPtr credential) : credential_(std::move(credential)) {}

  std::string_view mechanism() const override { return "XOAUTH2"; }

  std::optional<std::string> Initial() override { return Response(); }

  // An empty challenge asks for the response; another one says why it is refused, and the reply
  // comes after an empty answer.
  absl::StatusOr<std::string> Next(std::string_view challenge) override {
    if (challenge.empty() && !std::exchange(asked_, true)) return Response();
    if (std::exchange(refused_, true)) return TooMany();
    cause_ = StatusIn(challenge);
    return "";
  }

  std::string cause() const override { return cause_; }

 private:
  std::string Response() const {
    return base::Cat("user=", credential_->username, "\x01", "auth=Bearer ", credential_->token,
                     "\x01\x01");
  }

  const CredentialPtr credential_;
  bool asked_ = false;
  bool refused_ = false;
  std::string cause_;
};

std::string_view NeedsPassword(const Credential& credential, bool) {
  return credential.password.empty() ? "the secret has no password" : "";
}

std::string_view NeedsToken(const Credential& credential, bool encrypted) {
  if (credential.token.empty()) return "the secret has no token";
  return encrypted ? "" : "a token is never sent in clear";
}

std::string_view NeedsAscii(const Credential& credential, bool encrypted) {
  const bool takes =
      ScramSha256::Takes(credential.username) && ScramSha256::Takes(credential.password);
  return takes ? NeedsPassword(credential, encrypted)
               : "user name and password must be printable ASCII";
}

std::string_view NeedsMd5(const Credential& credential, bool encrypted) {
  if (!tls::HmacMd5("", "").has_value()) return "openssl has no md5 here";
  return NeedsPassword(credential, encrypted);
}

template <typename Exchange>
std::unique_ptr<SaslExchange> Make(CredentialPtr credential, base::Random&) {
  return std::make_unique<Exchange>(std::move(credential));
}

std::unique_ptr<SaslExchange> MakeScram(CredentialPtr credential, base::Random& random) {
  return std::make_unique<ScramSha256>(std::move(credential), random.Uuid());
}

struct Mechanism {
  std::string_view name;
  std::string_view (*lacks)(const Credential& credential, bool encrypted);
  std::unique_ptr<SaslExchange> (*make)(CredentialPtr credential, base::Random& random);
};

constexpr Mechanism kMechanisms[] = {
    {"XOAUTH2", NeedsToken, Make<XOAuth2>}, {"SCRAM-SHA-256", NeedsAscii, MakeScram},
    {"CRAM-MD5", NeedsMd5, Make<CramMd5>},  {"PLAIN", NeedsPassword, Make<Plain>},
    {"LOGIN", NeedsPassword, Make<Login>},
};

}  // namespace

absl::StatusOr<std::unique_ptr<SaslExchange>> ChooseSasl(const std::vector<std::string>& offered,
                                                         CredentialPtr credential,
                                                         bool encrypted,
                                                         base::Random& random) {
  std::string reasons;
  for (const Mechanism& mechanism : kMechanisms) {
    if (std::find(offered.begin(), offered.end(), mechanism.name) == offered.end()) continue;
    const std::string_view lacks = mechanism.lacks(*credential, encrypted);
    if (lacks.empty()) return mechanism.make(std::move(credential), random);
    reasons += base::Cat("; ", mechanism.name, ": ", lacks);
  }
  if (offered.empty()) return absl::NotFoundError("the peer offers none");
  return base::Error(absl::StatusCode::kNotFound, "the peer offers only ",
                     base::Printable(base::Join(offered, " ")), reasons);
}

}  // namespace postern::smtp
