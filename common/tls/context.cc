#include "common/tls/context.h"

#include <atomic>
#include <mutex>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/io/endpoint.h"
#include "common/tls/dane_check.h"
#include "common/tls/openssl_error.h"
#include "common/tls/peer_check.h"
#include "common/tls/pem.h"
#include "common/tls/revocation.h"
#include "common/tls/session_cache.h"
#include "common/tls/staple.h"
#include "common/tls/tls_stream.h"

namespace postern::tls {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;

// TLS 1.2: forward secrecy, AEAD first; CBC last, for mail servers that have nothing better.
constexpr char kCiphers12[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL:!PSK:!SRP:!SHA1";
constexpr unsigned char kSessionName[] = "postern";

absl::Status Broken(std::string_view what) {
  const std::string cause = TakeOpenSslError("out of memory");
  return base::Error(absl::StatusCode::kInvalidArgument, "tls ", what, ": ", cause);
}

ContextPointer NewContext(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method));
  POSTERN_CHECK(context != nullptr);
  POSTERN_CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
  POSTERN_CHECK(SSL_CTX_set_cipher_list(context.get(), kCiphers12) == 1);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // Tickets carry a session; nothing is kept here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

ContextPointer NewClientContext() {
  ContextPointer context = NewContext(TLS_client_method());
  POSTERN_CHECK(SSL_CTX_dane_enable(context.get()) == 1);
  KeepSessionsOf(context.get());
  return context;
}

absl::Status UseCertificate(SSL_CTX* context,
                            const std::string& certificate_file,
                            const std::string& key_file) {
  POSTERN_ASSIGN_OR_RETURN(const KeyPair pair, ReadKeyPair(certificate_file, key_file));
  if (SSL_CTX_use_certificate(context, pair.chain.front().get()) != 1) {
    return Broken("certificate " + certificate_file);
  }
  for (std::size_t i = 1; i < pair.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, pair.chain[i].get()) != 1) {
      return Broken("certificate " + certificate_file);
    }
  }
  if (SSL_CTX_use_PrivateKey(context, pair.key.get()) != 1) return Broken("key " + key_file);
  return absl::OkStatus();
}

absl::Status TrustAuthorities(SSL_CTX* context, const std::string& ca_file) {
  POSTERN_ASSIGN_OR_RETURN(const auto authorities, ReadCertificates("authority file", ca_file));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const CertificatePointer& authority : authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) {
      return Broken("authority file " + ca_file);
    }
  }
  return absl::OkStatus();
}

Facts FactsOf(SSL* ssl) {
  Facts facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  return facts;
}

// RFC 6066 §3: a server name indication is a host name, never an address.
void Indicate(SSL* ssl, const std::string& server_name) {
  if (server_name.empty() || io::IpAddress::Parse(server_name).ok()) return;
  SSL_set_tlsext_host_name(ssl, server_name.c_str());
}

// A context that can be replaced while sessions are made from it.
class Replaceable {
 public:
  void Replace(ContextPointer context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
    ++version_;
  }

  std::uint64_t version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }

  // Null when nothing was loaded. The session keeps the context of its start alive.
  SslPointer NewSession() const {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr) return nullptr;
    return SslPointer(SSL_new(context_.get()));
  }

 private:
  mutable std::mutex mutex_;
  ContextPointer context_;
  std::uint64_t version_ = 0;
};

}  // namespace

struct ServerContext::State {
  Replaceable context;
};

ServerContext::ServerContext() : state_(std::make_shared<State>()) {}

ServerContext::~ServerContext() = default;

absl::Status ServerContext::Load(const std::string& certificate_file,
                                 const std::string& key_file,
                                 const std::string& client_ca_file) {
  ContextPointer context = NewContext(TLS_server_method());
  POSTERN_RETURN_IF_ERROR(UseCertificate(context.get(), certificate_file, key_file));
  SSL_CTX_set_session_id_context(context.get(), kSessionName, sizeof(kSessionName) - 1);
  if (!client_ca_file.empty()) {
    POSTERN_RETURN_IF_ERROR(TrustAuthorities(context.get(), client_ca_file));
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(client_ca_file.c_str()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  state_->context.Replace(std::move(context));
  return absl::OkStatus();
}

io::Task<absl::StatusOr<Session>> ServerContext::Start(std::unique_ptr<io::Stream> stream) const {
  SslPointer ssl = state_->context.NewSession();
  if (ssl == nullptr) co_return absl::FailedPreconditionError("tls: no certificate is loaded");
  SSL_set_accept_state(ssl.get());
  auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
  POSTERN_CO_RETURN_IF_ERROR(co_await secure->Handshake());
  Session session;
  session.facts = FactsOf(secure->ssl());
  NoteClient(secure->ssl(), session.facts);
  session.stream = std::move(secure);
  co_return session;
}

struct ClientContext::State {
  Replaceable context;
  std::shared_ptr<SessionCache> sessions = std::make_shared<SessionCache>();
  // Of the rules and their lists; shared with those who watch the file.
  std::shared_ptr<std::atomic<std::uint64_t>> changes =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  mutable std::mutex mutex;
  std::shared_ptr<const RevocationRules> rules =  // guarded by mutex
      std::make_shared<const RevocationRules>();

  std::shared_ptr<const RevocationRules> revocation() const {
    const std::lock_guard lock(mutex);
    return rules;
  }
};

ClientContext::ClientContext() : state_(std::make_shared<State>()) {
  ContextPointer context = NewClientContext();
  // A machine without a trust store verifies nobody, which each session then says.
  SSL_CTX_set_default_verify_paths(context.get());
  TakeOpenSslError("");
  state_->context.Replace(std::move(context));
}

ClientContext::~ClientContext() = default;

absl::Status ClientContext::Load(const std::string& certificate_file,
                                 const std::string& key_file,
                                 const std::string& ca_file) {
  ContextPointer context = NewClientContext();
  if (certificate_file.empty() != key_file.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "tls: certificate file \"",
                       certificate_file, "\" and key file \"", key_file,
                       "\": either both or neither must be set");
  }
  if (!certificate_file.empty()) {
    POSTERN_RETURN_IF_ERROR(UseCertificate(context.get(), certificate_file, key_file));
  }
  if (!ca_file.empty()) {
    POSTERN_RETURN_IF_ERROR(TrustAuthorities(context.get(), ca_file));
  } else {
    SSL_CTX_set_default_verify_paths(context.get());
    TakeOpenSslError("");
  }
  state_->context.Replace(std::move(context));
  return absl::OkStatus();
}

absl::Status ClientContext::SetRevocation(const Revocation& revocation) {
  auto rules = std::make_shared<RevocationRules>();
  rules->check = revocation.check;
  rules->soft_fail = revocation.soft_fail;
  if (!revocation.crl_file.empty()) {
    const auto changed = [changes = state_->changes] { ++*changes; };
    POSTERN_ASSIGN_OR_RETURN(rules->crls, CrlFile::Open(revocation.crl_file, changed));
  }
  const std::lock_guard lock(state_->mutex);
  state_->rules = std::move(rules);
  ++*state_->changes;
  return absl::OkStatus();
}

io::Task<absl::StatusOr<Session>> ClientContext::Start(std::unique_ptr<io::Stream> stream,
                                                       Peer peer) const {
  // Before anything is looked at: what is kept under it is never newer than it says.
  const std::uint64_t known = version();
  SslPointer ssl = state_->context.NewSession();
  if (ssl == nullptr) co_return absl::ResourceExhaustedError("tls: out of memory");
  if (peer.server_name.ends_with('.')) peer.server_name.pop_back();
  Indicate(ssl.get(), peer.server_name);
  OfferCertificate(ssl.get(), peer.certificate);
  // A weak certificate that nobody looks at is refused here only to be served in plain text after.
  if (!peer.demand.chain && peer.demand.dane.empty()) SSL_set_security_level(ssl.get(), 1);
  ExpectAnchors(ssl.get(), peer.demand);
  const std::shared_ptr<const RevocationRules> rules = state_->revocation();
  if (peer.demand.chain && rules->check) AskForStaple(ssl.get());
  OfferSession(ssl.get(), state_->sessions, KeyFor(peer, known));
  SSL_set_connect_state(ssl.get());
  auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
  const absl::Status shaken = co_await secure->Handshake();
  if (!shaken.ok()) {
    ForgetSession(secure->ssl());
    co_return shaken;
  }
  Session session;
  session.facts = FactsOf(secure->ssl());
  if (!TakeOverFacts(secure->ssl(), session.facts)) {
    POSTERN_CO_RETURN_IF_ERROR(CheckServer(secure->ssl(), peer, *rules, session.facts));
  }
  KeepSession(secure->ssl(), session.facts);
  session.stream = std::move(secure);
  co_return session;
}

std::uint64_t ClientContext::version() const {
  return state_->context.version() + *state_->changes;
}

absl::StatusOr<absl::Time> ExpiryOf(const std::string& certificate_file) {
  POSTERN_ASSIGN_OR_RETURN(const auto chain, ReadCertificates("certificate", certificate_file));
  return FactsOf(*chain.front()).ends;
}

}  // namespace postern::tls
