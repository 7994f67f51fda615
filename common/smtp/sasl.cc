// Mechanisms by preference:
//
//   PLAIN   one message, which goes with the command
//   LOGIN   the same in three, for servers that offer nothing else
//
// Both show the password to the server, so that who may see it is a matter of TLS.
#include "common/smtp/sasl.h"

#include <algorithm>

namespace postern::smtp {

namespace {

class Plain final : public SaslExchange {
 public:
  explicit Plain(const Credential& credential) : credential_(credential) {}

  std::string_view mechanism() const override { return "PLAIN"; }

  std::optional<std::string> Initial() override { return Response(); }

  // A server that passed over what went with the command asks with an empty challenge.
  std::optional<std::string> Next(std::string_view) override {
    if (asked_) return std::nullopt;
    asked_ = true;
    return Response();
  }

 private:
  std::string Response() const {
    std::string response;
    response.push_back('\0');
    response.append(credential_.username).push_back('\0');
    return response.append(credential_.password);
  }

  const Credential& credential_;
  bool asked_ = false;
};

class Login final : public SaslExchange {
 public:
  explicit Login(const Credential& credential) : credential_(credential) {}

  std::string_view mechanism() const override { return "LOGIN"; }

  // The words of the challenges differ from server to server; their order does not.
  std::optional<std::string> Next(std::string_view) override {
    switch (++answers_) {
      case 1:
        return credential_.username;
      case 2:
        return credential_.password;
      default:
        return std::nullopt;
    }
  }

 private:
  const Credential& credential_;
  int answers_ = 0;
};

}  // namespace

std::unique_ptr<SaslExchange> ChooseSasl(const std::vector<std::string>& offered,
                                         const Credential& credential) {
  const auto offers = [&offered](std::string_view mechanism) {
    return std::find(offered.begin(), offered.end(), mechanism) != offered.end();
  };
  if (offers("PLAIN")) return std::make_unique<Plain>(credential);
  if (offers("LOGIN")) return std::make_unique<Login>(credential);
  return nullptr;
}

}  // namespace postern::smtp
