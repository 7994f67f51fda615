#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/base/units.h"
#include "common/observe/log.h"
#include "services/mailbox-transport/accept/replies.h"
#include "services/mailbox-transport/accept/session.h"

namespace postern::accept {

namespace {

constexpr std::size_t kHelloBytesMax = 255;
constexpr std::size_t kResponseBytesMax = 12288;  // RFC 4954 §4

// Any printable name: what clients call themselves is often wrong and proves nothing.
bool IsHelloName(std::string_view text) {
  if (text.empty() || text.size() > kHelloBytesMax) return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

}  // namespace

void Session::TakeHello(const smtp::Command& command) {
  if (!IsHelloName(command.argument)) return Fault("501 5.5.4 a host name must follow");
  ResetTransaction();
  hello_ = Hello{command.verb == smtp::Verb::kEhlo, std::string(command.argument)};
  if (hello_->extended) return OfferExtensions();
  Say(base::Cat("250 ", parts_.host_name, " Hello [", client_.address.address.ToString(), "]"));
}

void Session::OfferExtensions() {
  Say(base::Cat("250-", parts_.host_name, " Hello [", client_.address.address.ToString(), "]"));
  Say("250-PIPELINING");
  const std::uint64_t size = rules_->policy.max_receive_size;
  Say(size == base::kUnlimited ? std::string("250-SIZE") : base::Cat("250-SIZE ", size));
  Say("250-8BITMIME");
  Say("250-ENHANCEDSTATUSCODES");
  Say("250-DSN");
  if (listener_.tls == TlsMode::kStartTls && !encrypted()) Say("250-STARTTLS");
  if (offers_auth()) Say("250-AUTH PLAIN LOGIN");
  if (encrypted()) Say("250-REQUIRETLS");
  Say("250-SMTPUTF8");
  Say("250 CHUNKING");
}

// What stands behind STARTTLS in the clear was perhaps put there by another: it is thrown away, and
// so is all that was said before the handshake.
io::Task<void> Session::StartTls(std::string argument) {
  if (listener_.tls != TlsMode::kStartTls) co_return Fault("502 5.5.1 STARTTLS is not offered");
  if (encrypted()) co_return Fault("503 5.5.1 TLS is up already");
  if (!hello_) co_return Fault(kHelloFirst);
  if (!argument.empty()) co_return Fault("501 5.5.4 STARTTLS takes no argument");
  if (!reader_.buffered().empty()) {
    reader_.Consume(reader_.buffered().size());
    ResetTransaction();
    hello_.reset();
    co_return Fault("501 5.5.4 nothing may follow STARTTLS before the handshake");
  }
  Say("220 2.0.0 ready to start TLS");
  const bool sent = co_await Flush();
  if (!sent) {
    ended_ = true;
    co_return;
  }
  stream_->SetDeadline(kHandshakePatience);
  absl::StatusOr<tls::Session> session = co_await parts_.tls.Start(std::move(stream_));
  if (!session.ok()) {
    ended_ = true;
    parts_.probe.Refused("tls");
    POSTERN_LOG(kInfo, "accept", "TLS handshake failed",
                {{"listener", listener_.name},
                 {"client", client_.address.ToString()},
                 {"error", session.status()}});
    co_return;
  }
  stream_ = std::move(session->stream);
  tls_facts_ = std::move(session->facts);
  reader_.Reset(*stream_);
  ResetTransaction();
  hello_.reset();
}

bool Session::MayAuthenticate() {
  if (listener_.auth == AuthMode::kNone) return No("502 5.5.1 AUTH is not offered");
  if (!hello_ || !hello_->extended) return No(kHelloFirst);
  if (!encrypted()) return No("538 5.7.11 AUTH needs TLS: send STARTTLS first");
  if (authenticated()) return No("503 5.5.1 already authenticated");
  if (in_transaction_) return No("503 5.5.1 not during a mail transaction");
  return true;
}

std::optional<std::string> Session::Decode(std::string_view response) {
  if (response == "*") {
    Fault("501 5.0.0 AUTH was cancelled");
    return std::nullopt;
  }
  auto decoded = base::FromBase64(response);
  if (!decoded) Fault("501 5.5.2 the response is not base64");
  return decoded;
}

// Asks, and gives the decoded response; nullopt when the answer is already said or the client left.
io::Task<std::optional<std::string>> Session::Challenge(std::string prompt) {
  Say(base::Cat("334 ", base::Base64(prompt)));
  while (true) {
    const std::optional<smtp::Line> line = reader_.TakeLine(kResponseBytesMax);
    if (!line) {
      const bool more = co_await MoreBytes();
      if (!more) co_return std::nullopt;
      continue;
    }
    if (line->too_long || line->bare_cr || line->bare_lf) {
      Fault("500 5.5.6 the response is too long or not one line");
      co_return std::nullopt;
    }
    co_return Decode(line->text);
  }
}

io::Task<std::optional<Credentials>> Session::ReadPlain(std::optional<std::string> initial) {
  if (!initial) {
    initial = co_await Challenge("");
    if (!initial) co_return std::nullopt;
  }
  auto credentials = ParsePlain(*initial);
  if (!credentials) Fault(kCredentialsNotValid);
  co_return credentials;
}

io::Task<std::optional<Credentials>> Session::ReadLogin(std::optional<std::string> initial) {
  Credentials credentials;
  if (!initial) {
    initial = co_await Challenge("Username:");
    if (!initial) co_return std::nullopt;
  }
  credentials.user = std::move(*initial);
  std::optional<std::string> password = co_await Challenge("Password:");
  if (!password) co_return std::nullopt;
  credentials.password = std::move(*password);
  if (credentials.user.empty() || credentials.user.size() > kUserBytesMax) {
    Fault(kCredentialsNotValid);
    co_return std::nullopt;
  }
  co_return credentials;
}

io::Task<void> Session::Authenticate(std::string argument) {
  if (!MayAuthenticate()) co_return;
  const std::size_t space = argument.find(' ');
  const std::string mechanism = base::UpperAscii(argument.substr(0, space));
  if (mechanism != "PLAIN" && mechanism != "LOGIN") {
    co_return Fault("504 5.5.4 the mechanism must be PLAIN or LOGIN");
  }
  std::optional<std::string> initial;
  if (space != std::string::npos) {
    const std::string given(base::Trim(argument.substr(space + 1)));
    initial = given == "=" ? std::string() : Decode(given);
    if (!initial) co_return;
  }
  std::optional<Credentials> credentials;
  if (mechanism == "PLAIN") {
    credentials = co_await ReadPlain(std::move(initial));
  } else {
    credentials = co_await ReadLogin(std::move(initial));
  }
  if (!credentials) co_return;
  const std::string user = credentials->user;
  std::optional<io::IpAddress> own_address;
  if (client_.address_counts && !listener_.IsShared(client_.address.address)) {
    own_address = client_.address.address;
  }
  const Authenticator::Answer answer =
      co_await parts_.authenticator.Check(std::move(*credentials), own_address, rules_);
  if (answer == Authenticator::Answer::kAccepted) {
    identity_ = base::Cat("smtp:", user);
    co_return Say("235 2.7.0 authentication succeeded");
  }
  parts_.probe.AuthFailed();
  POSTERN_LOG(kWarning, "accept", "authentication refused",
              {{"listener", listener_.name},
               {"client", client_.address.ToString()},
               {"user", base::Printable(user, 64)}});
  if (answer == Authenticator::Answer::kRefused) {
    co_return Fault(kCredentialsNotValid);
  }
  Fault("454 4.7.0 temporary authentication failure, try again later");
}

}  // namespace postern::accept
