// tests/common/tls/raw_server.h
//
// RawServer: a TLS server that does what ours does not: it staples, speaks TLS 1.2 only, refuses
// tickets.
//
// Flow      RawServer server(files); server.Staple(bytes); MeetAt(server, client, peer).

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/tls/context.h"
#include "common/tls/pem.h"
#include "common/tls/tls_stream.h"
#include "tests/support/certificates.h"

namespace postern::tls {

class RawServer {
 public:
  // `above` are files of certificates to show behind the server's.
  explicit RawServer(const testing::CertificateFiles& files,
                     const std::vector<std::string>& above = {})
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    POSTERN_CHECK(SSL_CTX_use_certificate_file(context, files.certificate_file.c_str(),
                                               SSL_FILETYPE_PEM) == 1);
    POSTERN_CHECK(SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) ==
                  1);
    for (const std::string& file : above) {
      const auto shown = ReadCertificates("certificate", file);
      POSTERN_CHECK(shown.ok() && SSL_CTX_add1_chain_cert(context, shown->front().get()) == 1);
    }
    SSL_CTX_set_tlsext_status_cb(context, OnStatus);
    SSL_CTX_set_tlsext_status_arg(context, this);
  }

  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // The response that is stapled from now on; empty: none.
  void Staple(std::string response) { response_ = std::move(response); }

  void SpeakOnly(int version) {
    POSTERN_CHECK(SSL_CTX_set_max_proto_version(context_.get(), version) == 1);
    POSTERN_CHECK(SSL_CTX_set_min_proto_version(context_.get(), version) == 1);
  }

  // Tickets from before are worth nothing.
  void ForgetTickets() {
    unsigned char keys[80] = {1, 2, 3};
    POSTERN_CHECK(SSL_CTX_set_tlsext_ticket_keys(context_.get(), keys, sizeof(keys)) == 1);
  }

  bool asked_to_staple() const { return asked_; }

  io::Task<absl::StatusOr<Session>> Start(std::unique_ptr<io::Stream> stream) const {
    SslPointer ssl(SSL_new(context_.get()));
    SSL_set_accept_state(ssl.get());
    auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(ssl));
    POSTERN_CO_RETURN_IF_ERROR(co_await secure->Handshake());
    Session session;
    session.facts.resumed = SSL_session_reused(secure->ssl()) == 1;
    session.stream = std::move(secure);
    co_return session;
  }

 private:
  static int OnStatus(SSL* ssl, void* self) {
    auto* const server = static_cast<RawServer*>(self);
    server->asked_ = true;
    const std::string& response = server->response_;
    if (response.empty()) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(response.data(), response.size()),
                                    static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::string response_;
  bool asked_ = false;
};

}  // namespace postern::tls
