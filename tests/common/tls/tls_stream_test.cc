#include "common/tls/tls_stream.h"

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/common/tls/tls_test.h"
#include "tests/support/memory_stream.h"

namespace postern::tls {
namespace {

using ::testing::HasSubstr;

class TlsStreamTest : public TlsTest {
 protected:
  void SetUp() override {
    Serve(testing::ForHost("mx.a.test"));
    Meet("mx.a.test", /*verify=*/true);
    ASSERT_TRUE(client_.ok()) << client_.status();
    ASSERT_TRUE(server_.ok()) << server_.status();
  }

  std::string ServerReads(std::size_t bytes) {
    return testing::Await(executor_, ReadText(server_stream(), bytes));
  }

  std::string ClientReads(std::size_t bytes) {
    return testing::Await(executor_, ReadText(client_stream(), bytes));
  }

  bool ClientDisturbed() {
    bool disturbed = false;
    executor_.Run([&] { disturbed = client_stream()->Disturbed(); });
    return disturbed;
  }
};

io::Task<absl::Status> WriteParts(io::Stream* stream, std::vector<std::string> parts) {
  std::vector<std::string_view> views(parts.begin(), parts.end());
  co_return co_await stream->WriteAll(views);
}

// Counts what is written below TLS.
class CountingStream final : public io::Stream {
 public:
  explicit CountingStream(std::unique_ptr<io::Stream> below) : below_(std::move(below)) {}

  io::Task<absl::StatusOr<std::size_t>> Read(char* into, std::size_t bytes_max) override {
    return below_->Read(into, bytes_max);
  }

  io::Task<absl::Status> WriteAll(std::span<const std::string_view> parts) override {
    ++writes;
    for (const auto part : parts)
      bytes += part.size();
    return below_->WriteAll(parts);
  }

  void SetDeadline(absl::Duration from_now) override { below_->SetDeadline(from_now); }

  void Farewell(std::string_view text) override { below_->Farewell(text); }

  void Close() override { below_->Close(); }

  bool Disturbed() override { return below_->Disturbed(); }

  io::Endpoint local() const override { return below_->local(); }

  io::Endpoint remote() const override { return below_->remote(); }

  int writes = 0;
  std::size_t bytes = 0;

 private:
  std::unique_ptr<io::Stream> below_;
};

TEST_F(TlsStreamTest, SmallPartsShareOneRecordAndOneWrite) {
  auto pipe = testing::MemoryPipe();
  auto counting = std::make_unique<CountingStream>(std::move(pipe.first));
  CountingStream* const counter = counting.get();
  pipe.first = std::move(counting);
  ClientContext::Peer peer;
  peer.server_name = "mx.a.test";
  io::RunTask(executor_, StartBoth(&executor_, &server_context_, &client_context_, peer,
                                   std::move(pipe), &server_, &client_));
  ASSERT_TRUE(client_.ok()) << client_.status();
  counter->writes = 0;
  counter->bytes = 0;
  std::vector<std::string> parts(200, "0123456789");
  EXPECT_TRUE(testing::Await(executor_, WriteParts(client_stream(), parts)).ok());
  EXPECT_EQ(counter->writes, 1);
  EXPECT_LT(counter->bytes, 2000u + 40u);
  std::string whole;
  for (const auto& part : parts)
    whole += part;
  EXPECT_EQ(ServerReads(2000), whole);
}

TEST_F(TlsStreamTest, PartsOfEverySizeArriveInOrder) {
  std::vector<std::string> parts;
  std::string whole;
  for (const std::size_t size : {1, 0, 16383, 1, 16384, 16385, 40000, 7, 100000}) {
    parts.emplace_back(size, static_cast<char>('a' + parts.size()));
    whole += parts.back();
  }
  EXPECT_TRUE(testing::Await(executor_, WriteParts(client_stream(), parts)).ok());
  EXPECT_TRUE(ServerReads(whole.size()) == whole);
}

io::Task<void> WriteBody(io::Stream* stream, std::string body) {
  const absl::Status written = co_await stream->Write(body);
  EXPECT_TRUE(written.ok()) << written;
}

io::Task<void> ReadBody(io::Stream* stream, std::string body) {
  const std::string got = co_await ReadText(stream, body.size());
  EXPECT_TRUE(got == body);
}

io::Task<void> BothWays(io::Executor* executor, io::Stream* client, io::Stream* server) {
  io::Scope scope(*executor);
  const std::string up(3 << 20, 'u');
  const std::string down(2 << 20, 'd');
  scope.Spawn(WriteBody(client, up));
  scope.Spawn(WriteBody(server, down));
  scope.Spawn(ReadBody(server, up));
  scope.Spawn(ReadBody(client, down));
  co_await scope.Join();
}

TEST_F(TlsStreamTest, MegabytesFlowBothWaysThroughASmallWindow) {
  window_ = 5000;
  Meet("mx.a.test", /*verify=*/true);
  io::RunTask(executor_, BothWays(&executor_, client_stream(), server_stream()));
}

TEST_F(TlsStreamTest, CloseIsSeenAsTheEndAfterWhatWasWritten) {
  EXPECT_TRUE(testing::Await(executor_, WriteText(server_stream(), "221 bye\r\n")).ok());
  executor_.Run([this] { server_stream()->Close(); });
  EXPECT_EQ(ClientReads(100), "221 bye\r\n");
  auto* const seen = static_cast<TlsStream*>(client_stream())->ssl();
  EXPECT_EQ(SSL_get_shutdown(seen) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST_F(TlsStreamTest, IdleSessionIsDisturbedByBytesAndByTheEnd) {
  EXPECT_TRUE(testing::Await(executor_, WriteText(server_stream(), "a")).ok());
  EXPECT_EQ(ClientReads(1), "a");
  EXPECT_FALSE(ClientDisturbed());
  EXPECT_TRUE(testing::Await(executor_, WriteText(server_stream(), "421")).ok());
  EXPECT_TRUE(ClientDisturbed());
  EXPECT_EQ(ClientReads(1), "4");
  EXPECT_TRUE(ClientDisturbed());
  EXPECT_EQ(ClientReads(2), "21");
  EXPECT_FALSE(ClientDisturbed());
  executor_.Run([this] { server_stream()->Close(); });
  EXPECT_TRUE(ClientDisturbed());
}

TEST_F(TlsStreamTest, OwnCloseEndsAPendingRead) {
  struct Body {
    static io::Task<void> Read(io::Stream* stream, std::string* result) {
      *result = co_await ReadText(stream, 1);
    }

    static io::Task<void> Go(io::Executor* executor,
                             absl::StatusOr<Session>* session,
                             std::string* result) {
      io::Scope scope(*executor);
      scope.Spawn(Read((*session)->stream.get(), result));
      // The stream is gone before its read has ended.
      *session = absl::UnknownError("gone");
      co_await scope.Join();
    }
  };

  // The tickets of the handshake come with the first bytes; after them the read waits.
  EXPECT_TRUE(testing::Await(executor_, WriteText(server_stream(), "a")).ok());
  EXPECT_EQ(ClientReads(1), "a");
  std::string result = "nothing";
  io::RunTask(executor_, Body::Go(&executor_, &client_, &result));
  EXPECT_EQ(result, "closed");
}

TEST_F(TlsStreamTest, DeadlineEndsTheHandshakeWithASilentPeer) {
  auto pipe = testing::MemoryPipe();
  pipe.first->SetDeadline(absl::Milliseconds(20));
  ClientContext::Peer peer;
  const auto session =
      testing::Await(executor_, client_context_.Start(std::move(pipe.first), peer));
  EXPECT_TRUE(absl::IsDeadlineExceeded(session.status())) << session.status();
  EXPECT_THAT(std::string(session.status().message()), HasSubstr("tls handshake"));
}

TEST_F(TlsStreamTest, PlainTextIsNotAHandshake) {
  auto pipe = testing::MemoryPipe();
  EXPECT_TRUE(
      testing::Await(executor_, WriteText(pipe.second.get(), "220 mx.a.test ESMTP\r\n")).ok());
  ClientContext::Peer peer;
  const auto client = testing::Await(executor_, client_context_.Start(std::move(pipe.first), peer));
  EXPECT_TRUE(absl::IsUnavailable(client.status())) << client.status();
  EXPECT_THAT(std::string(client.status().message()), HasSubstr("wrong version number"));
}

TEST_F(TlsStreamTest, PeerThatLeavesDuringTheHandshakeIsUnavailable) {
  auto pipe = testing::MemoryPipe();
  executor_.Run([&] { pipe.second->Close(); });
  ClientContext::Peer peer;
  const auto client = testing::Await(executor_, client_context_.Start(std::move(pipe.first), peer));
  EXPECT_TRUE(absl::IsUnavailable(client.status())) << client.status();
}

}  // namespace
}  // namespace postern::tls
