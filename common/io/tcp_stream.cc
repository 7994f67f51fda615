#include "common/io/tcp_stream.h"

#include <algorithm>

#include <sys/socket.h>
#include <sys/uio.h>

#include "common/base/text.h"
#include "common/io/fiber.h"

namespace postern::io {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kTick = std::chrono::seconds(10);
constexpr std::size_t kGatherMax = 64;

class ReadWait final : public Wait {
 public:
  ReadWait(TcpSocket& socket, char* into, std::size_t bytes_max)
      : socket_(socket), into_(into), bytes_max_(bytes_max) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (!Enter(handle)) {
      error_ = asio::error::operation_aborted;
      return false;
    }
    socket_.Begin();
    socket_.socket.async_read_some(asio::buffer(into_, bytes_max_),
                                   [this, keep = socket_.shared_from_this()](
                                       const asio::error_code& error, std::size_t bytes) {
                                     keep->End();
                                     error_ = error;
                                     bytes_ = bytes;
                                     Leave();
                                   });
    return true;
  }

  absl::StatusOr<std::size_t> await_resume() {
    if (!error_) return bytes_;
    if (error_ == asio::error::eof) return std::size_t{0};
    return socket_.Failure("read", error_);
  }

 private:
  void OnCancel() override {
    asio::error_code ignored;
    socket_.socket.cancel(ignored);
  }

  TcpSocket& socket_;
  char* into_;
  std::size_t bytes_max_;
  asio::error_code error_;
  std::size_t bytes_ = 0;
};

// Waits until the socket takes bytes again.
class WritableWait final : public Wait {
 public:
  explicit WritableWait(TcpSocket& socket) : socket_(socket) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (!Enter(handle)) {
      error_ = asio::error::operation_aborted;
      return false;
    }
    socket_.Begin();
    socket_.socket.async_wait(
        asio::ip::tcp::socket::wait_write,
        [this, keep = socket_.shared_from_this()](const asio::error_code& error) {
          keep->End();
          error_ = error;
          Leave();
        });
    return true;
  }

  asio::error_code await_resume() const { return error_; }

 private:
  void OnCancel() override {
    asio::error_code ignored;
    socket_.socket.cancel(ignored);
  }

  TcpSocket& socket_;
  asio::error_code error_;
};

// Gathers what is left of `parts`, from `skip` bytes into the first one, and sends it without
// waiting.
ssize_t SendSome(int fd, std::span<const std::string_view> parts, std::size_t skip) {
  if (parts.size() == 1) {
    const std::string_view rest = parts.front().substr(skip);
    return send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  iovec gather[kGatherMax];
  std::size_t count = 0;
  for (const std::string_view part : parts.first(std::min(parts.size(), kGatherMax))) {
    const std::string_view rest = part.substr(count == 0 ? skip : 0);
    gather[count++] = iovec{const_cast<char*>(rest.data()), rest.size()};
  }
  msghdr message{};
  message.msg_iov = gather;
  message.msg_iovlen = count;
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

void TcpSocket::SetDeadline(absl::Duration from_now) {
  const absl::Duration bounded = std::clamp(from_now, absl::ZeroDuration(), absl::Hours(24 * 365));
  deadline = Clock::now() + absl::ToChronoNanoseconds(bounded);
  timed_out = false;
  // An earlier deadline than the timer's next look moves the timer; a later one is seen then.
  if (armed && deadline < armed_until) Arm();
}

void TcpSocket::Begin() {
  ++pending;
  if (!armed) Arm();
}

void TcpSocket::Arm() {
  armed = true;
  armed_until = std::min(deadline, Clock::now() + kTick);
  timer.expires_at(armed_until);
  timer.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (error) return;  // moved or closed
    self->armed = false;
    if (self->pending == 0) return;
    if (Clock::now() < self->deadline) return self->Arm();
    self->timed_out = true;
    asio::error_code ignored;
    self->socket.cancel(ignored);
  });
}

void TcpSocket::Close() {
  asio::error_code ignored;
  socket.close(ignored);
  timer.cancel();
}

absl::Status TcpSocket::Failure(const char* what, const asio::error_code& error) const {
  const std::string where = base::Cat(what, " ", remote.ToString(), ": ");
  if (timed_out) return base::Error(absl::StatusCode::kDeadlineExceeded, where, "timed out");
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    return base::Error(absl::StatusCode::kCancelled, where, "stopping");
  }
  return base::Error(absl::StatusCode::kUnavailable, where, base::LowerAscii(error.message()));
}

TcpStream::TcpStream(std::shared_ptr<TcpSocket> socket) : socket_(std::move(socket)) {
  SetDeadline(kDeadlineDefault);
}

TcpStream::~TcpStream() {
  Close();
}

Task<absl::StatusOr<std::size_t>> TcpStream::Read(char* into, std::size_t bytes_max) {
  const std::shared_ptr<TcpSocket> socket = socket_;
  // A peer that never stops sending always has bytes ready: no wait would ever end late.
  if (Clock::now() >= socket->deadline) {
    socket->timed_out = true;
    co_return socket->Failure("read", asio::error::timed_out);
  }
  ReadWait wait(*socket, into, bytes_max);
  co_return co_await wait;
}

Task<absl::Status> TcpStream::WriteAll(std::span<const std::string_view> parts) {
  const std::shared_ptr<TcpSocket> socket = socket_;
  std::size_t skip = 0;  // bytes of the first part that are already out
  while (!parts.empty()) {
    const ssize_t sent = SendSome(socket->socket.native_handle(), parts, skip);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) {
      co_return socket->Failure("write", asio::error_code(errno, asio::system_category()));
    }
    if (sent < 0) {
      WritableWait wait(*socket);
      const asio::error_code error = co_await wait;
      if (error) co_return socket->Failure("write", error);
      continue;
    }
    auto left = static_cast<std::size_t>(sent) + skip;
    while (!parts.empty() && left >= parts.front().size()) {
      left -= parts.front().size();
      parts = parts.subspan(1);
    }
    skip = left;
  }
  co_return absl::OkStatus();
}

void TcpStream::Farewell(std::string_view bytes) {
  SendSome(socket_->socket.native_handle(), std::span(&bytes, 1), 0);
}

bool TcpStream::Disturbed() {
  char byte = 0;
  const ssize_t seen = recv(socket_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return seen >= 0 || errno != EAGAIN;
}

asio::ip::tcp::endpoint ToAsio(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    asio::ip::address_v4::bytes_type bytes;
    std::copy(endpoint.address.bytes.begin() + 12, endpoint.address.bytes.end(), bytes.begin());
    return {asio::ip::address_v4(bytes), endpoint.port};
  }
  return {asio::ip::address_v6(endpoint.address.bytes), endpoint.port};
}

Endpoint FromAsio(const asio::ip::tcp::endpoint& endpoint) {
  Endpoint out;
  out.port = endpoint.port();
  const asio::ip::address address = endpoint.address();
  const asio::ip::address_v6 six =
      address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4())
                      : address.to_v6();
  out.address.bytes = six.to_bytes();
  return out;
}

void Prepare(TcpSocket& socket) {
  asio::error_code ignored;
  socket.socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.local = FromAsio(socket.socket.local_endpoint(ignored));
  socket.remote = FromAsio(socket.socket.remote_endpoint(ignored));
}

}  // namespace postern::io
