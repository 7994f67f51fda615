#include "common/io/dialer.h"

#include <cerrno>

#include "common/base/text.h"
#include "common/io/executor.h"
#include "common/io/fiber.h"
#include "common/io/tcp_stream.h"

namespace postern::io {

namespace {

class ConnectWait final : public Wait {
 public:
  ConnectWait(TcpSocket& socket, const Endpoint& remote) : socket_(socket), remote_(remote) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (!Enter(handle)) {
      error_ = asio::error::operation_aborted;
      return false;
    }
    socket_.Begin();
    socket_.socket.async_connect(
        ToAsio(remote_), [this, keep = socket_.shared_from_this()](const asio::error_code& error) {
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
  const Endpoint& remote_;
  asio::error_code error_;
};

}  // namespace

Task<absl::StatusOr<std::unique_ptr<Stream>>> TcpDialer::Dial(Endpoint remote,
                                                              std::optional<IpAddress> source,
                                                              absl::Duration timeout) {
  auto socket = std::make_shared<TcpSocket>(Executor::Current()->context());
  socket->remote = remote;
  socket->SetDeadline(timeout);
  asio::error_code error;
  socket->socket.open(ToAsio(remote).protocol(), error);
  if (error) co_return socket->Failure("open", error);
  if (source) {
    const Endpoint any_port{*source, 0};
    socket->socket.bind(ToAsio(any_port), error);
    if (error) {
      const bool gone = error.value() == EADDRNOTAVAIL;
      co_return base::Error(absl::StatusCode::kFailedPrecondition, "source address ",
                            source->ToString(), gone ? " is not of this machine" : "", ": ",
                            base::LowerAscii(error.message()));
    }
  }
  ConnectWait wait(*socket, remote);
  error = co_await wait;
  if (error) co_return socket->Failure("open", error);
  Prepare(*socket);
  co_return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace postern::io
