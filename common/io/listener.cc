#include "common/io/listener.h"

#include <sys/socket.h>

#include "common/base/text.h"
#include "common/io/fiber.h"
#include "common/io/tcp_stream.h"

namespace postern::io {

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

class AcceptWait final : public Wait {
 public:
  AcceptWait(asio::ip::tcp::acceptor& acceptor, TcpSocket& socket)
      : acceptor_(acceptor), socket_(socket) {}

  bool await_ready() const noexcept { return false; }

  bool await_suspend(std::coroutine_handle<> handle) {
    if (!Enter(handle)) {
      error_ = asio::error::operation_aborted;
      return false;
    }
    acceptor_.async_accept(socket_.socket, [this](const asio::error_code& error) {
      error_ = error;
      Leave();
    });
    return true;
  }

  asio::error_code await_resume() const { return error_; }

 private:
  void OnCancel() override {
    asio::error_code ignored;
    acceptor_.cancel(ignored);
  }

  asio::ip::tcp::acceptor& acceptor_;
  TcpSocket& socket_;
  asio::error_code error_;
};

}  // namespace

struct Listener::State {
  explicit State(asio::io_context& context) : acceptor(context) {}

  asio::ip::tcp::acceptor acceptor;
  Endpoint endpoint;
};

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  Close();
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(Executor& executor,
                                                         Endpoint at,
                                                         bool shared) {
  auto state = std::make_unique<State>(executor.context());
  asio::ip::tcp::acceptor& acceptor = state->acceptor;
  const asio::ip::tcp::endpoint endpoint = ToAsio(at);
  asio::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
  if (!error && shared) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::ip::tcp::acceptor::max_listen_connections, error);
  if (error) {
    return base::Error(absl::StatusCode::kUnavailable, "listen on ", at.ToString(), ": ",
                       base::LowerAscii(error.message()));
  }
  state->endpoint = FromAsio(acceptor.local_endpoint(error));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Task<absl::StatusOr<std::unique_ptr<Stream>>> Listener::Accept() {
  auto socket = std::make_shared<TcpSocket>(Executor::Current()->context());
  AcceptWait wait(state_->acceptor, *socket);
  const asio::error_code error = co_await wait;
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    co_return absl::CancelledError("stopping");
  }
  if (error) {
    co_return base::Error(absl::StatusCode::kUnavailable,
                          "accept: ", base::LowerAscii(error.message()));
  }
  Prepare(*socket);
  co_return std::make_unique<TcpStream>(std::move(socket));
}

void Listener::Close() {
  asio::error_code ignored;
  state_->acceptor.close(ignored);
}

Endpoint Listener::endpoint() const {
  return state_->endpoint;
}

}  // namespace postern::io
