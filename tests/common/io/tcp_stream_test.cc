#include <string>

#include "common/io/dialer.h"
#include "common/io/listener.h"
#include "tests/common/io/io_test.h"
#include "tests/support/memory_stream.h"

namespace postern::io {
namespace {

Endpoint AnyPort() {
  return Endpoint{*IpAddress::Parse("127.0.0.1"), 0};
}

// Sends back what it reads until the end.
Task<void> Echo(std::unique_ptr<Stream> stream) {
  char buffer[4096];
  while (true) {
    const auto bytes = co_await stream->Read(buffer, sizeof buffer);
    if (!bytes.ok() || *bytes == 0) co_return;
    const absl::Status written = co_await stream->Write(std::string_view(buffer, *bytes));
    if (!written.ok()) co_return;
  }
}

Task<void> ServeOne(Listener* listener) {
  auto stream = co_await listener->Accept();
  if (stream.ok()) co_await Echo(std::move(*stream));
}

Task<std::string> ReadBytes(Stream& stream, std::size_t wanted) {
  std::string all;
  char buffer[4096];
  while (all.size() < wanted) {
    const auto bytes = co_await stream.Read(buffer, sizeof buffer);
    if (!bytes.ok() || *bytes == 0) break;
    all.append(buffer, *bytes);
  }
  co_return all;
}

Task<void> WriteThenEnd(Stream* stream, std::string bytes) {
  const std::string_view parts[] = {std::string_view(bytes).substr(0, 3),
                                    std::string_view(bytes).substr(3), ""};
  const absl::Status written = co_await stream->WriteAll(parts);
  EXPECT_TRUE(written.ok()) << written;
}

class TcpStreamTest : public IoTest {};

TEST_F(TcpStreamTest, MegabytesComeBackWhole) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto listener = Listener::Open(*executor, AnyPort());
      Scope scope(*executor);
      scope.Spawn(ServeOne(listener->get()));
      TcpDialer dialer;
      auto stream = co_await dialer.Dial((*listener)->endpoint(), std::nullopt, absl::Seconds(5));
      EXPECT_TRUE(stream.ok()) << stream.status();
      const std::string sent(8 << 20, 'x');
      scope.Spawn(WriteThenEnd(stream->get(), sent));
      const std::string back = co_await ReadBytes(**stream, sent.size());
      EXPECT_EQ(back.size(), sent.size());
      (*stream)->Close();
      co_await scope.Join();
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, ARefusedConnectionSaysWhere) {
  struct Body {
    static Task<void> Go() {
      TcpDialer dialer;
      const Endpoint nobody{*IpAddress::Parse("127.0.0.1"), 1};
      const auto stream = co_await dialer.Dial(nobody, std::nullopt, absl::Seconds(5));
      EXPECT_EQ(stream.status().message(), "open 127.0.0.1:1: connection refused");
      EXPECT_TRUE(absl::IsUnavailable(stream.status()));
    }
  };

  Run(Body::Go());
}

TEST_F(TcpStreamTest, AReadEndsAtItsDeadline) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto listener = Listener::Open(*executor, AnyPort());
      TcpDialer dialer;
      auto stream = co_await dialer.Dial((*listener)->endpoint(), std::nullopt, absl::Seconds(5));
      (*stream)->SetDeadline(absl::Milliseconds(5));
      char byte = 0;
      const auto bytes = co_await (*stream)->Read(&byte, 1);
      EXPECT_TRUE(absl::IsDeadlineExceeded(bytes.status())) << bytes.status();
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, StopEndsAcceptAndRead) {
  struct Body {
    static Task<void> ReadForEver(Stream* stream, absl::Status* status) {
      char byte = 0;
      const auto bytes = co_await stream->Read(&byte, 1);
      *status = bytes.status();
    }

    static Task<void> Go(Executor* executor) {
      auto listener = Listener::Open(*executor, AnyPort());
      TcpDialer dialer;
      auto stream = co_await dialer.Dial((*listener)->endpoint(), std::nullopt, absl::Seconds(5));
      auto second = Listener::Open(*executor, AnyPort());
      absl::Status status;
      Scope scope(*executor);
      scope.Spawn(ServeOne(second->get()));
      scope.Spawn(ReadForEver(stream->get(), &status));
      scope.Stop();
      co_await scope.Join();
      EXPECT_TRUE(absl::IsCancelled(status)) << status;
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, AUsedPortIsNamed) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto first = Listener::Open(*executor, AnyPort());
      const auto second = Listener::Open(*executor, (*first)->endpoint());
      EXPECT_NE(second.status().message().find("address already in use"), std::string::npos);
      co_return;
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, AClosedPeerDisturbsAnIdleStream) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto listener = Listener::Open(*executor, AnyPort());
      TcpDialer dialer;
      auto stream = co_await dialer.Dial((*listener)->endpoint(), std::nullopt, absl::Seconds(5));
      auto peer = co_await (*listener)->Accept();
      EXPECT_FALSE((*stream)->Disturbed());
      peer->reset();
      co_await Sleep(absl::Milliseconds(5));
      EXPECT_TRUE((*stream)->Disturbed());
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, APipeInMemoryHoldsItsWindow) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto [near, far] = testing::MemoryPipe(16);
      Scope scope(*executor);
      scope.Spawn(WriteThenEnd(near.get(), std::string(1000, 'y')));
      const std::string got = co_await ReadBytes(*far, 1000);
      EXPECT_EQ(got, std::string(1000, 'y'));
      co_await scope.Join();
      near->Close();
      char byte = 0;
      const auto end = co_await far->Read(&byte, 1);
      EXPECT_TRUE(end.ok() && *end == 0);
    }
  };

  Run(Body::Go(&executor_));
}

TEST_F(TcpStreamTest, ASourceAddressIsBoundOrIsNotOurs) {
  struct Body {
    static Task<void> Go(Executor* executor) {
      auto listener = Listener::Open(*executor, AnyPort());
      TcpDialer dialer;
      const Endpoint there = (*listener)->endpoint();
      const auto bound =
          co_await dialer.Dial(there, *IpAddress::Parse("127.0.0.9"), absl::Seconds(5));
      EXPECT_TRUE(bound.ok()) << bound.status();
      if (!bound.ok()) co_return;
      EXPECT_EQ((*bound)->local().address.ToString(), "127.0.0.9");
      const auto foreign =
          co_await dialer.Dial(there, *IpAddress::Parse("192.0.2.1"), absl::Seconds(5));
      EXPECT_TRUE(absl::IsFailedPrecondition(foreign.status())) << foreign.status();
      EXPECT_EQ(foreign.status().message(),
                "source address 192.0.2.1 is not of this machine: cannot assign requested address");
      const auto other = co_await dialer.Dial(there, *IpAddress::Parse("::1"), absl::Seconds(5));
      EXPECT_TRUE(absl::IsFailedPrecondition(other.status())) << other.status();
      EXPECT_EQ(other.status().message().find("source address ::1: "), 0u) << other.status();
    }
  };

  RunTask(executor_, Body::Go(&executor_));
}

}  // namespace
}  // namespace postern::io
