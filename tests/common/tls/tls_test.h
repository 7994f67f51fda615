// tests/common/tls/tls_test.h
//
// A server and a client that meet on a pipe in memory, with certificates of a test authority.
//
// Flow      Serve(ForHost("mx.a.test")); Meet("mx.a.test", true); then client_, server_ and Echoed.

#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "common/tls/context.h"
#include "tests/support/await.h"
#include "tests/support/certificates.h"
#include "tests/support/memory_stream.h"

namespace postern::tls {

// `Server` has a Start like ServerContext's.
template <typename Server>
io::Task<void> StartServer(const Server* context,
                           std::unique_ptr<io::Stream> stream,
                           absl::StatusOr<Session>* result) {
  *result = co_await context->Start(std::move(stream));
}

template <typename Server>
io::Task<void> StartBoth(io::Executor* executor,
                         const Server* server,
                         const ClientContext* client,
                         ClientContext::Peer peer,
                         std::pair<std::unique_ptr<io::Stream>, std::unique_ptr<io::Stream>> pipe,
                         absl::StatusOr<Session>* server_result,
                         absl::StatusOr<Session>* client_result) {
  pipe.first->SetDeadline(absl::Seconds(5));
  pipe.second->SetDeadline(absl::Seconds(5));
  io::Scope scope(*executor);
  scope.Spawn(StartServer(server, std::move(pipe.second), server_result));
  *client_result = co_await client->Start(std::move(pipe.first), std::move(peer));
  co_await scope.Join();
}

inline io::Task<absl::Status> WriteText(io::Stream* stream, std::string text) {
  co_return co_await stream->Write(text);
}

// Reads until `bytes` are there, or the end, or a failure, which is the text then.
inline io::Task<std::string> ReadText(io::Stream* stream, std::size_t bytes) {
  std::string out;
  char buffer[3000];
  while (out.size() < bytes) {
    const auto got = co_await stream->Read(buffer, std::min(sizeof(buffer), bytes - out.size()));
    if (!got.ok()) co_return std::string(got.status().message());
    if (*got == 0) break;
    out.append(buffer, *got);
  }
  co_return out;
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    executor_.Start();
    EXPECT_TRUE(client_context_.Load("", "", ca_.ca_file()).ok());
  }

  ~TlsTest() override {
    Drop();
    executor_.Stop();
  }

  // Streams are closed where they live.
  void Drop() {
    executor_.Run([this] {
      client_ = absl::UnknownError("not met");
      server_ = absl::UnknownError("not met");
    });
  }

  void Serve(const testing::CertificateRequest& request, const std::string& client_ca = "") {
    const auto files = ca_.Issue(request);
    const auto loaded = server_context_.Load(files.certificate_file, files.key_file, client_ca);
    ASSERT_TRUE(loaded.ok()) << loaded;
  }

  void Meet(std::string name, bool verify) { MeetWith(client_context_, std::move(name), verify); }

  void MeetWith(const ClientContext& client, std::string name, bool verify) {
    ClientContext::Peer peer;
    peer.server_name = name;
    peer.demand.chain = verify;
    if (verify) peer.demand.names.push_back(std::move(name));
    MeetWith(client, std::move(peer));
  }

  void MeetWith(const ClientContext& client, ClientContext::Peer peer) {
    MeetAt(server_context_, client, std::move(peer));
  }

  template <typename Server>
  void MeetAt(const Server& server, const ClientContext& client, ClientContext::Peer peer) {
    Drop();
    io::RunTask(executor_, StartBoth(&executor_, &server, &client, std::move(peer),
                                     testing::MemoryPipe(window_), &server_, &client_));
  }

  // What the server reads of what the client writes.
  std::string Echoed(const std::string& text) {
    const absl::Status written = testing::Await(executor_, WriteText(client_stream(), text));
    if (!written.ok()) return std::string(written.message());
    return testing::Await(executor_, ReadText(server_stream(), text.size()));
  }

  io::Stream* client_stream() { return client_.ok() ? client_->stream.get() : nullptr; }

  io::Stream* server_stream() { return server_.ok() ? server_->stream.get() : nullptr; }

  testing::CertificateAuthority ca_;
  io::Executor executor_{"tls"};
  std::size_t window_ = 1 << 20;
  ServerContext server_context_;
  ClientContext client_context_;
  absl::StatusOr<Session> client_ = absl::UnknownError("not met");
  absl::StatusOr<Session> server_ = absl::UnknownError("not met");
};

}  // namespace postern::tls
