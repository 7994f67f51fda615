#include "common/tls/tls_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <openssl/err.h>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "common/tls/openssl_error.h"

namespace postern::tls {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
constexpr std::size_t kAheadBytes = 64 * 1024;
// A waiting session holds a small buffer; one that receives a body gets a large one.
constexpr std::size_t kSmallRead = 4 * 1024;
constexpr std::size_t kLargeRead = 32 * 1024;

}  // namespace

TlsConnection::TlsConnection(std::unique_ptr<io::Stream> below, SslPointer ssl)
    : below_(std::move(below)),
      ssl_(std::move(ssl)),
      from_peer_(BIO_new(BIO_s_mem())),
      to_peer_(BIO_new(BIO_s_mem())) {
  POSTERN_CHECK(from_peer_ != nullptr && to_peer_ != nullptr);
  // Empty means "later", not "the end".
  BIO_set_mem_eof_return(from_peer_, -1);
  BIO_set_mem_eof_return(to_peer_, -1);
  SSL_set_bio(ssl_.get(), from_peer_, to_peer_);
}

absl::Status TlsConnection::Failure(std::string_view what) const {
  std::string cause = TakeOpenSslError("protocol error");
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    // The queue may hold the mathematics of it instead.
    cause = base::Cat("certificate verify failed: ",
                      base::LowerAscii(X509_verify_cert_error_string(verified)));
  }
  return base::Error(absl::StatusCode::kUnavailable, what, " ", below_->remote().ToString(), ": ",
                     cause);
}

io::Task<absl::Status> TlsConnection::Handshake() {
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const int reason = SSL_get_error(ssl_.get(), result);
    if (result != 1 && reason != SSL_ERROR_WANT_READ) {
      broken_ = true;
      const absl::Status failure = Failure("tls handshake with");
      (co_await Flush()).IgnoreError();  // the alert; the handshake has failed either way
      co_return failure;
    }
    POSTERN_CO_RETURN_IF_ERROR(base::Annotate(co_await Flush(), "tls handshake"));
    if (result == 1) co_return absl::OkStatus();
    const absl::StatusOr<std::size_t> filled = co_await Fill();
    if (!filled.ok()) co_return base::Annotate(filled.status(), "tls handshake");
    if (*filled == 0) {
      co_return base::Error(absl::StatusCode::kUnavailable, "tls handshake with ",
                            below_->remote().ToString(), ": connection closed");
    }
  }
}

io::Task<absl::StatusOr<std::size_t>> TlsConnection::Fill() {
  if (incoming_.size() < kSmallRead) incoming_.resize(kSmallRead);
  const auto bytes = co_await below_->Read(incoming_.data(), incoming_.size());
  if (!bytes.ok() || *bytes == 0) co_return bytes;
  const int length = static_cast<int>(*bytes);
  if (BIO_write(from_peer_, incoming_.data(), length) != length) co_return Failure("tls read");
  if (*bytes == incoming_.size()) {
    incoming_.resize(kLargeRead);
  } else if (*bytes < kSmallRead && incoming_.size() > kSmallRead) {
    incoming_.resize(kSmallRead);
    incoming_.shrink_to_fit();
  }
  co_return bytes;
}

io::Task<absl::StatusOr<std::size_t>> TlsConnection::Read(char* into, std::size_t bytes_max) {
  while (true) {
    if (closed_) co_return absl::CancelledError("closed");
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), into, bytes_max, &bytes);
    const int reason = SSL_get_error(ssl_.get(), result);
    if (result != 1 && reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_ZERO_RETURN) {
      broken_ = true;
      co_return Failure("tls read");
    }
    // Answers of the protocol itself (key updates). A fiber that is sending takes them along.
    if (!flushing_ && BIO_ctrl_pending(to_peer_) > 0) {
      POSTERN_CO_RETURN_IF_ERROR(co_await Flush());
    }
    if (result == 1) co_return bytes;
    if (reason == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    const auto filled = co_await Fill();
    if (!filled.ok() || *filled == 0) co_return filled;
  }
}

absl::Status TlsConnection::Encrypt(std::string_view bytes) {
  if (closed_) return absl::CancelledError("closed");
  ERR_clear_error();
  std::size_t written = 0;
  // On memory buffers a write takes everything or fails.
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1) return absl::OkStatus();
  broken_ = true;
  return Failure("tls write");
}

io::Task<absl::Status> TlsConnection::WriteAll(std::span<const std::string_view> parts) {
  std::string gathered;
  for (std::string_view part : parts) {
    while (!part.empty()) {
      const bool whole = gathered.empty() && part.size() >= kRecordBytes;
      std::string_view piece = part.substr(0, kRecordBytes - gathered.size());
      part.remove_prefix(piece.size());
      if (!whole) {
        gathered.append(piece);
        if (gathered.size() < kRecordBytes) continue;
        piece = gathered;
      }
      POSTERN_CO_RETURN_IF_ERROR(Encrypt(piece));
      gathered.clear();
      if (BIO_ctrl_pending(to_peer_) < kAheadBytes) continue;
      POSTERN_CO_RETURN_IF_ERROR(co_await Flush());
    }
  }
  if (!gathered.empty()) POSTERN_CO_RETURN_IF_ERROR(Encrypt(gathered));
  co_return co_await Flush();
}

io::Task<absl::Status> TlsConnection::Flush() {
  while (flushing_) {
    // The stream's deadline ends the other fiber's write, and so this wait.
    POSTERN_CO_RETURN_IF_ERROR(co_await flushed_.Until(io::kDeadlineDefault));
  }
  flushing_ = true;
  absl::Status status;
  while (status.ok()) {
    const std::size_t pending = BIO_ctrl_pending(to_peer_);
    if (pending == 0) break;
    outgoing_.resize(std::min<std::size_t>(pending, std::numeric_limits<int>::max()));
    const int taken = BIO_read(to_peer_, outgoing_.data(), static_cast<int>(outgoing_.size()));
    POSTERN_CHECK(taken > 0);
    outgoing_.resize(static_cast<std::size_t>(taken));
    status = co_await below_->Write(outgoing_);
  }
  // An idle session keeps no buffer.
  outgoing_ = std::string();
  flushing_ = false;
  if (!status.ok()) broken_ = true;
  flushed_.NotifyAll();
  co_return status;
}

void TlsConnection::Farewell(std::string_view bytes) {
  if (closed_ || broken_ || flushing_ || !SSL_is_init_finished(ssl_.get())) return;
  if (!bytes.empty() && !Encrypt(bytes).ok()) return;
  const std::size_t pending = BIO_ctrl_pending(to_peer_);
  std::string out(pending, '\0');
  if (pending == 0 || BIO_read(to_peer_, out.data(), static_cast<int>(pending)) <= 0) return;
  below_->Farewell(out);
}

void TlsConnection::Close() {
  if (closed_) return;
  if (!broken_ && !flushing_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    Farewell("");
  }
  closed_ = true;
  below_->Close();
}

bool TlsConnection::Disturbed() {
  return SSL_has_pending(ssl_.get()) == 1 || BIO_ctrl_pending(from_peer_) > 0 ||
         below_->Disturbed();
}

io::Task<absl::Status> TlsStream::Handshake() {
  const std::shared_ptr<TlsConnection> connection = connection_;
  co_return co_await connection->Handshake();
}

io::Task<absl::StatusOr<std::size_t>> TlsStream::Read(char* into, std::size_t bytes_max) {
  const std::shared_ptr<TlsConnection> connection = connection_;
  co_return co_await connection->Read(into, bytes_max);
}

io::Task<absl::Status> TlsStream::WriteAll(std::span<const std::string_view> parts) {
  const std::shared_ptr<TlsConnection> connection = connection_;
  co_return co_await connection->WriteAll(parts);
}

}  // namespace postern::tls
