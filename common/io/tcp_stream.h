// common/io/tcp_stream.h
//
// A TCP connection as a Stream; seen only inside common/io.
//
// Limits    One timer serves every deadline: it looks up at least each kTick while something waits,
//           so that moving a far deadline costs nothing.

#pragma once

#include <memory>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "common/io/stream.h"

namespace postern::io {

// What a stream shares with its pending operations and its timer.
struct TcpSocket : std::enable_shared_from_this<TcpSocket> {
  explicit TcpSocket(asio::io_context& context) : socket(context), timer(context) {}

  void SetDeadline(absl::Duration from_now);
  // Every pending operation calls these at its start and end, so that the timer runs only then.
  void Begin();

  void End() { --pending; }

  void Close();

  // The Status of a failed operation: deadline, stop, or the system's words.
  absl::Status Failure(const char* what, const asio::error_code& error) const;

  asio::ip::tcp::socket socket;
  asio::steady_timer timer;
  std::chrono::steady_clock::time_point deadline;
  std::chrono::steady_clock::time_point armed_until;
  bool armed = false;
  bool timed_out = false;
  int pending = 0;
  Endpoint local, remote;

 private:
  void Arm();
};

class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::shared_ptr<TcpSocket> socket);
  ~TcpStream() override;

  Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override;
  Task<absl::Status> WriteAll(std::span<const std::string_view> parts) override;

  void SetDeadline(absl::Duration from_now) override { socket_->SetDeadline(from_now); }

  void Farewell(std::string_view bytes) override;

  void Close() override { socket_->Close(); }

  bool Disturbed() override;

  Endpoint local() const override { return socket_->local; }

  Endpoint remote() const override { return socket_->remote; }

 private:
  std::shared_ptr<TcpSocket> socket_;
};

asio::ip::tcp::endpoint ToAsio(const Endpoint& endpoint);
Endpoint FromAsio(const asio::ip::tcp::endpoint& endpoint);

// Fills in both ends and sets TCP_NODELAY.
void Prepare(TcpSocket& socket);

}  // namespace postern::io
