#include "common/http/curl.h"

#include <fstream>

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::http {
namespace {

TEST(CurlTest, MillisecondsAreRoundedUpAndBounded) {
  struct Row {
    absl::Duration duration;
    long milliseconds;
  };

  const Row rows[] = {
      {-absl::Seconds(1), 1},
      {absl::ZeroDuration(), 1},
      {absl::Microseconds(1), 1},
      {absl::Milliseconds(1), 1},
      {absl::Milliseconds(1) + absl::Nanoseconds(1), 2},
      {absl::Microseconds(2999), 3},
      {absl::Seconds(30), 30'000},
      {absl::InfiniteDuration(), 86'400'000},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Milliseconds(row.duration), row.milliseconds) << row.duration;
}

TEST(CurlTest, OnlyTheServersCertificateIsAFaultOfTheServer) {
  EXPECT_EQ(CodeOf(CURLE_PEER_FAILED_VERIFICATION), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(CURLE_OPERATION_TIMEDOUT), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(CodeOf(CURLE_SSL_CACERT_BADFILE), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(CURLE_COULDNT_CONNECT), absl::StatusCode::kUnavailable);
}

TEST(CurlTest, ThisLibcurlHasEveryOption) {
  StartCurl();
  CURL* const easy = curl_easy_init();
  ASSERT_NE(easy, nullptr);
  char error[CURL_ERROR_SIZE] = {};
  const std::string url = "https://mta-sts.example.test/";
  EXPECT_EQ(SetBasics(easy, url, "/nowhere/ca.pem", error), CURLE_OK);
  EXPECT_EQ(SetBasics(easy, url, "", error), CURLE_OK);
  curl_easy_cleanup(easy);
}

TEST(CurlTest, CaFileThatCannotBeReadIsNamed) {
  const absl::Status status = CheckCaFile("/nowhere/ca.pem");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(base::MessageOf(status), "http: CA file /nowhere/ca.pem cannot be read");
  EXPECT_TRUE(CheckCaFile("/dev/null").ok());
}

}  // namespace
}  // namespace postern::http
