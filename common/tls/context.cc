#include "common/tls/context.h"

#include <ctime>
#include <mutex>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/io/endpoint.h"
#include "common/tls/openssl_error.h"
#include "common/tls/pem.h"
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

absl::Status UseCertificate(SSL_CTX* context,
                            const std::string& certificate_file,
                            const std::string& key_file) {
  POSTERN_ASSIGN_OR_RETURN(auto chain, ReadCertificates("certificate", certificate_file));
  POSTERN_ASSIGN_OR_RETURN(const KeyPointer key, ReadKey(key_file));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    TakeOpenSslError("");
    return base::Error(absl::StatusCode::kInvalidArgument, "tls key ", key_file,
                       ": does not match certificate ", certificate_file);
  }
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return Broken("certificate " + certificate_file);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return Broken("certificate " + certificate_file);
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return Broken("key " + key_file);
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

std::string SubjectOf(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

Facts FactsOf(SSL* ssl, bool name_checked) {
  Facts facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  const CertificatePointer peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return facts;
  facts.peer_subject = SubjectOf(peer.get());
  facts.verified = name_checked && SSL_get_verify_result(ssl) == X509_V_OK;
  return facts;
}

// Tells OpenSSL whom we expect. False when there is no name to check against.
bool Expect(SSL* ssl, const std::string& server_name) {
  if (server_name.empty()) return false;
  X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const auto address = io::IpAddress::Parse(server_name);
  if (address.ok()) {
    return X509_VERIFY_PARAM_set1_ip_asc(rules, address->ToString().c_str()) == 1;
  }
  // RFC 6066 §3: a server name indication is a host name, never an address.
  SSL_set_tlsext_host_name(ssl, server_name.c_str());
  return X509_VERIFY_PARAM_set1_host(rules, server_name.c_str(), server_name.size()) == 1;
}

// A context that can be replaced while sessions are made from it.
class Replaceable {
 public:
  void Replace(ContextPointer context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
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
};

io::Task<absl::StatusOr<Session>> HandOver(std::unique_ptr<TlsStream> stream, bool name_checked) {
  POSTERN_CO_RETURN_IF_ERROR(co_await stream->Handshake());
  Session session;
  session.facts = FactsOf(stream->ssl(), name_checked);
  session.stream = std::move(stream);
  co_return session;
}

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
  co_return co_await HandOver(std::move(secure), /*name_checked=*/true);
}

struct ClientContext::State {
  Replaceable context;
};

ClientContext::ClientContext() : state_(std::make_shared<State>()) {
  ContextPointer context = NewContext(TLS_client_method());
  // A machine without a trust store verifies nobody, which each session then says.
  SSL_CTX_set_default_verify_paths(context.get());
  TakeOpenSslError("");
  state_->context.Replace(std::move(context));
}

ClientContext::~ClientContext() = default;

absl::Status ClientContext::Load(const std::string& certificate_file,
                                 const std::string& key_file,
                                 const std::string& ca_file) {
  ContextPointer context = NewContext(TLS_client_method());
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

io::Task<absl::StatusOr<Session>> ClientContext::Start(std::unique_ptr<io::Stream> stream,
                                                       Peer peer) const {
  SslPointer ssl = state_->context.NewSession();
  if (ssl == nullptr) co_return absl::ResourceExhaustedError("tls: out of memory");
  if (peer.server_name.ends_with('.')) peer.server_name.pop_back();
  const bool name_checked = Expect(ssl.get(), peer.server_name);
  if (peer.verify) {
    if (!name_checked) {
      co_return base::Error(absl::StatusCode::kInvalidArgument, "tls peer \"",
                            base::Printable(peer.server_name), "\": not a name to verify");
    }
    SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);
  } else {
    // A peer with a weak certificate is refused here only to be served in plain text after.
    SSL_set_security_level(ssl.get(), 1);
  }
  SSL_set_connect_state(ssl.get());
  auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
  co_return co_await HandOver(std::move(secure), name_checked);
}

absl::StatusOr<absl::Time> ExpiryOf(const std::string& certificate_file) {
  POSTERN_ASSIGN_OR_RETURN(const auto chain, ReadCertificates("certificate", certificate_file));
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(chain.front().get()), &end) != 1) {
    return base::Error(absl::StatusCode::kInvalidArgument, "tls certificate ", certificate_file,
                       ": its end cannot be read");
  }
  return absl::FromTM(end, absl::UTCTimeZone());
}

}  // namespace postern::tls
