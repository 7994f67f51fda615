#include "common/rpc/grpc_log.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <grpc/support/log.h>

namespace postern::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class GrpcLogTest : public ::testing::Test {
 protected:
  ~GrpcLogTest() override { gpr_set_log_function(nullptr); }
};

TEST_F(GrpcLogTest, ErrorsAreWarningsOfTheStepRpc) {
  const std::string file = ::testing::TempDir() + "/postern-grpc-log";
  std::remove(file.c_str());
  ASSERT_TRUE(observe::OpenLog(observe::Level::kInfo, file).ok());
  LogGrpc();
  gpr_log("/grpc/src/ssl_transport.cc", 1934, GPR_LOG_SEVERITY_ERROR, "it does %s", "not fit");
  gpr_log("/grpc/src/ssl_transport.cc", 1935, GPR_LOG_SEVERITY_DEBUG, "it does fit");
  observe::CloseLog();
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text,
              AllOf(HasSubstr("\"level\":\"warning\",\"step\":\"rpc\",\"msg\":\"grpc says\""),
                    HasSubstr("\"text\":\"it does not fit\",\"at\":\"ssl_transport.cc:1934\""),
                    Not(HasSubstr("it does fit"))));
}

TEST_F(GrpcLogTest, ShellSaysNothingOfIt) {
  QuietGrpc();
  ::testing::internal::CaptureStderr();
  gpr_log("/grpc/src/ssl_transport.cc", 1934, GPR_LOG_SEVERITY_ERROR, "it does not fit");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(GrpcLogTest, LevelOfEachKindOfLine) {
  using observe::Level;
  EXPECT_EQ(LevelOf(true, "handshake failed"), Level::kWarning);
  EXPECT_EQ(LevelOf(false, "handshake failed"), Level::kDebug);
  EXPECT_EQ(LevelOf(true, "No match found for server name: 127.0.0.1."), Level::kDebug);
  EXPECT_EQ(LevelOf(true, "assertion failed: false"), Level::kError);
}

}  // namespace
}  // namespace postern::rpc
