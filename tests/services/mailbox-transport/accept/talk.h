// tests/services/mailbox-transport/accept/talk.h
//
// Talk: the client's side of an SMTP conversation, for tests; blocks until the answer is there.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/text.h"
#include "common/io/dialer.h"
#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/io/stream.h"
#include "common/tls/context.h"

namespace postern::accept::testing {

class Talk {
 public:
  Talk(io::Executor& executor, std::unique_ptr<io::Stream> stream)
      : executor_(&executor), stream_(std::move(stream)) {}

  Talk(Talk&&) = default;

  ~Talk() {
    if (stream_ != nullptr) Close();
  }

  static Talk Dial(io::Executor& executor, io::Endpoint to) {
    std::unique_ptr<io::Stream> stream;
    io::RunTask(executor, DialTask(to, &stream));
    return Talk(executor, std::move(stream));
  }

  bool connected() const { return stream_ != nullptr; }

  void Send(std::string_view bytes) {
    bool sent = false;
    io::RunTask(*executor_, SendTask(stream_.get(), std::string(bytes), &sent));
  }

  // The next reply, its lines joined by "|"; "closed" when there is none.
  std::string Reply() {
    std::string reply;
    while (true) {
      const std::size_t end = input_.find("\r\n");
      if (end == std::string::npos) {
        if (!ReadMore()) return reply + "closed";
        continue;
      }
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 2);
      reply += line;
      if (line.size() < 4 || line[3] != '-') return reply;
      reply += '|';
    }
  }

  // Sends one line and gives the answer.
  std::string Ask(std::string_view line) {
    Send(base::Cat(line, "\r\n"));
    return Reply();
  }

  // All that arrived with the last read, beyond what replies took.
  const std::string& unread() const { return input_; }

  int reads() const { return reads_; }

  bool StartTls(const tls::ClientContext& context) {
    bool up = false;
    io::RunTask(*executor_, TlsTask(&context, &stream_, &up));
    return up;
  }

  void Close() {
    executor_->Run([this] { stream_.reset(); });
  }

 private:
  static io::Task<void> DialTask(io::Endpoint to, std::unique_ptr<io::Stream>* out) {
    io::TcpDialer dialer;
    auto dialed = co_await dialer.Dial(to, std::nullopt, absl::Seconds(5));
    if (dialed.ok()) *out = *std::move(dialed);
  }

  static io::Task<void> SendTask(io::Stream* stream, std::string bytes, bool* sent) {
    stream->SetDeadline(absl::Seconds(10));
    *sent = (co_await stream->Write(bytes)).ok();
  }

  static io::Task<void> ReadTask(io::Stream* stream, std::string* into, bool* more) {
    char bytes[16384];
    stream->SetDeadline(absl::Seconds(10));
    const absl::StatusOr<std::size_t> read = co_await stream->Read(bytes, sizeof(bytes));
    *more = read.ok() && *read > 0;
    if (*more) into->append(bytes, *read);
  }

  static io::Task<void> TlsTask(const tls::ClientContext* context,
                                std::unique_ptr<io::Stream>* stream,
                                bool* up) {
    tls::ClientContext::Peer peer;
    peer.server_name = "mail.example.test";
    (*stream)->SetDeadline(absl::Seconds(10));
    absl::StatusOr<tls::Session> session =
        co_await context->Start(std::move(*stream), std::move(peer));
    *up = session.ok();
    if (*up) *stream = std::move(session->stream);
  }

  bool ReadMore() {
    bool more = false;
    if (stream_ == nullptr) return false;
    io::RunTask(*executor_, ReadTask(stream_.get(), &input_, &more));
    ++reads_;
    return more;
  }

  io::Executor* executor_;
  std::unique_ptr<io::Stream> stream_;
  std::string input_;
  int reads_ = 0;
};

}  // namespace postern::accept::testing
