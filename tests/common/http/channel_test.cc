#include "common/http/channel.h"

#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/base/text.h"
#include "tests/support/certificates.h"
#include "tests/support/https_server.h"

namespace postern::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() : web_(ca_.Issue(testing::ForService("spiffe://test/web"))) {
    channel_ = *Channel::Make(Options());
  }

  Channel::Options Options() const {
    Channel::Options options;
    options.origin = base::Cat("https://127.0.0.1:", web_.port());
    options.ca_file = ca_.ca_file();
    return options;
  }

  static Call Get(std::string path) {
    Call call;
    call.path = std::move(path);
    call.time_max = absl::Seconds(5);
    return call;
  }

  absl::StatusOr<Answer> Ask(Call call) { return channel_->Ask(std::move(call)); }

  testing::CertificateAuthority ca_;
  testing::HttpsServer web_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelTest, AnAnswerOfAnyStatusIsAnAnswer) {
  web_.Answers("409 Conflict", "", "{}");
  const auto answer = Ask(Get("/a?b=c"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->body, "{}");
}

TEST_F(ChannelTest, TheRequestIsAsTheCallSays) {
  web_.Serves("ok");
  Call call = Get("/a");
  call.method = "DELETE";
  call.bearer_token = "secret";
  ASSERT_TRUE(Ask(std::move(call)).ok());
  EXPECT_THAT(web_.heard().at(0),
              AllOf(HasSubstr("DELETE /a HTTP/1.1\r\n"),
                    HasSubstr("Authorization: Bearer secret\r\n"), Not(HasSubstr("Content-"))));
}

TEST_F(ChannelTest, AConnectionIsUsedAgain) {
  web_.Serves("ok");
  ASSERT_TRUE(Ask(Get("/a")).ok());
  ASSERT_TRUE(Ask(Get("/b")).ok());
  EXPECT_EQ(web_.connections(), 1);
}

TEST_F(ChannelTest, ARetryAfterIsTold) {
  web_.Answers("429 Too Many Requests", "Retry-After: 7\r\n");
  EXPECT_EQ(Ask(Get("/"))->retry_after, absl::Seconds(7));
  web_.Answers("429 Too Many Requests", "Retry-After: 99999999\r\n");
  EXPECT_EQ(Ask(Get("/"))->retry_after, absl::Hours(1));
}

TEST_F(ChannelTest, AnAnswerThatIsTooLongIsNone) {
  web_.Serves(std::string(2000, 'x'));
  Call call = Get("/");
  call.body_bytes_max = 1999;
  EXPECT_EQ(Ask(std::move(call)).status().code(), absl::StatusCode::kOutOfRange);
  Call fits = Get("/");
  fits.body_bytes_max = 2000;
  EXPECT_TRUE(Ask(std::move(fits)).ok());
}

TEST_F(ChannelTest, OfALongRefusalTheBeginningIsEnough) {
  web_.Answers("500 Oops", "", std::string(200'000, 'x'));
  const auto answer = Ask(Get("/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 500);
  EXPECT_LE(answer->body.size(), 64u * 1024);
}

TEST_F(ChannelTest, FailuresAreToldApart) {
  web_.Stalls();
  Call slow = Get("/");
  slow.time_max = absl::Milliseconds(50);
  EXPECT_EQ(Ask(std::move(slow)).status().code(), absl::StatusCode::kDeadlineExceeded);
  web_.Says("nothing of HTTP\r\n\r\n");
  EXPECT_EQ(Ask(Get("/")).status().code(), absl::StatusCode::kUnavailable);
  web_.Leaves();
  EXPECT_EQ(Ask(Get("/")).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ChannelTest, AServerThatCannotProveItsNameHearsNothing) {
  web_.Serves("ok");
  Channel::Options options = Options();
  const testing::CertificateAuthority stranger("Another authority");
  options.ca_file = stranger.ca_file();
  channel_ = *Channel::Make(options);
  EXPECT_EQ(Ask(Get("/")).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(web_.requests(), 0u);
}

TEST_F(ChannelTest, MistakesOfTheCallerAreRefused) {
  EXPECT_EQ(Ask(Get("no-slash")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Ask(Get("/a b")).status().code(), absl::StatusCode::kInvalidArgument);
  Call call = Get("/");
  call.bearer_token = "a\r\nHost: b";
  EXPECT_EQ(Ask(std::move(call)).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* origin : {"http://a", "https://", "https://a/b", "https://u@a", ""}) {
    Channel::Options options = Options();
    options.origin = origin;
    EXPECT_EQ(Channel::Make(options).status().code(), absl::StatusCode::kInvalidArgument) << origin;
  }
  Channel::Options options = Options();
  options.ca_file = "/nowhere";
  EXPECT_EQ(Channel::Make(options).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ChannelTest, AStreamComesPieceByPiece) {
  web_.Says("HTTP/1.1 200 OK\r\n\r\nabc");
  web_.Drips(absl::Milliseconds(1));
  Call call = Get("/");
  std::string came;
  bool opened = false;
  call.opened = [&] { opened = came.empty(); };
  call.take = [&](std::string_view piece) {
    came += piece;
    return true;
  };
  const auto answer = Ask(std::move(call));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(came, "abc");
  EXPECT_TRUE(opened);
  EXPECT_EQ(answer->body, "");
}

TEST_F(ChannelTest, AStreamThatIsRefusedHasABody) {
  web_.Answers("410 Gone", "", "why");
  Call call = Get("/");
  bool touched = false;
  call.opened = [&] { touched = true; };
  call.take = [&](std::string_view) { return touched = true; };
  const auto answer = Ask(std::move(call));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 410);
  EXPECT_EQ(answer->body, "why");
  EXPECT_FALSE(touched);
}

TEST_F(ChannelTest, AStreamEndsWhenItsTakerHasEnough) {
  web_.Says("HTTP/1.1 200 OK\r\n\r\nabc");
  Call call = Get("/");
  call.take = [](std::string_view) { return false; };
  EXPECT_EQ(Ask(std::move(call)).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ChannelTest, ACallThatIsDroppedIsNeverDone) {
  web_.Stalls();
  bool done = false;
  const auto id = channel_->Begin(Get("/"), [&](const absl::StatusOr<Answer>&) { done = true; });
  for (int round = 0; round < 1000 && web_.requests() == 0; ++round)
    channel_->Poll(absl::Milliseconds(5));
  channel_->Drop(id);
  channel_->Drop(id);
  channel_->Poll(absl::Milliseconds(5));
  EXPECT_FALSE(done);
}

TEST_F(ChannelTest, StopEndsWhatWaits) {
  web_.Stalls();
  std::thread other([this] {
    web_.WaitFor(1);
    channel_->Stop();
  });
  EXPECT_EQ(Ask(Get("/")).status().code(), absl::StatusCode::kCancelled);
  other.join();
}

TEST_F(ChannelTest, WakeEndsAPoll) {
  const absl::Time began = absl::Now();
  std::thread other([this] { channel_->Wake(); });
  channel_->Poll(absl::Seconds(30));
  other.join();
  EXPECT_LT(absl::Now() - began, absl::Seconds(20));
}

}  // namespace
}  // namespace postern::http
