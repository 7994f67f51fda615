// common/tls/tls_stream.h
//
// TLS over any io::Stream, by OpenSSL on memory buffers.
//
// Flow      Construct with a stream and an SSL in its role; Handshake; then it is a Stream.
// Failure   As io::Stream. A connection that ends without close_notify ends like any other: SMTP
//           has framing of its own. What breaks the protocol is kUnavailable with OpenSSL's
//           words.
// Lifetime  Owns the stream and the SSL. Close says close_notify as far as that needs no waiting.
// Limits    Small parts of one WriteAll share records of up to 16 KiB; 64 KiB are encrypted
//           ahead.
// See       RFC 8446 §6.1

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

#include "common/io/event.h"
#include "common/io/stream.h"

namespace postern::tls {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

using SslPointer = std::unique_ptr<SSL, FreeSsl>;

// What the stream shares with its pending reads and writes: they may end after it.
class TlsConnection {
 public:
  TlsConnection(std::unique_ptr<io::Stream> below, SslPointer ssl);

  io::Task<absl::Status> Handshake();
  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max);
  io::Task<absl::Status> WriteAll(std::span<const std::string_view> parts);
  void Farewell(std::string_view bytes);
  void Close();
  bool Disturbed();

  io::Stream& below() { return *below_; }

  SSL* ssl() { return ssl_.get(); }

 private:
  // Takes bytes of the peer; 0 is the end.
  io::Task<absl::StatusOr<std::size_t>> Fill();
  // Sends what is encrypted, after what another fiber is sending.
  io::Task<absl::Status> Flush();
  absl::Status Encrypt(std::string_view bytes);
  absl::Status Failure(std::string_view what) const;

  std::unique_ptr<io::Stream> below_;
  SslPointer ssl_;
  BIO* from_peer_;  // both belong to ssl_
  BIO* to_peer_;
  std::string incoming_;
  std::string outgoing_;
  bool flushing_ = false;
  bool broken_ = false;
  bool closed_ = false;
  io::Event flushed_;
};

class TlsStream final : public io::Stream {
 public:
  TlsStream(std::unique_ptr<io::Stream> below, SslPointer ssl)
      : connection_(std::make_shared<TlsConnection>(std::move(below), std::move(ssl))) {}

  ~TlsStream() override { Close(); }

  // Bounded by the deadline of the stream.
  io::Task<absl::Status> Handshake();

  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override;
  io::Task<absl::Status> WriteAll(std::span<const std::string_view> parts) override;

  void SetDeadline(absl::Duration from_now) override { connection_->below().SetDeadline(from_now); }

  void Farewell(std::string_view bytes) override { connection_->Farewell(bytes); }

  void Close() override { connection_->Close(); }

  bool Disturbed() override { return connection_->Disturbed(); }

  io::Endpoint local() const override { return connection_->below().local(); }

  io::Endpoint remote() const override { return connection_->below().remote(); }

  SSL* ssl() { return connection_->ssl(); }

 private:
  std::shared_ptr<TlsConnection> connection_;
};

}  // namespace postern::tls
