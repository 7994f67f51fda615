#include "common/dns/cached_resolver.h"

#include "gtest/gtest.h"

#include "tests/support/await.h"
#include "tests/support/dns_servers.h"

namespace postern::dns {
namespace {

TEST(CachedResolverTest, TheSecondQuestionAsksNobody) {
  // a.test MX 10 mx.test, for five minutes.
  const std::string record(
      "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x0b\x00\x0a\x02mx\x04test\x00", 23);
  testing::ScriptedDns server(testing::ScriptedDns::Bytes(record));
  io::Executor executor("cached");
  executor.Start();
  std::unique_ptr<CachedResolver> made;
  executor.Run([&] { made = *CachedResolver::Make(executor, {server.server()}); });
  for (int again = 0; again < 2; ++again) {
    const auto answer = testing::Await(executor, made->resolver().Mx("a.test"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->records.at(0).host, "mx.test");
    EXPECT_EQ(server.questions(), 1);
  }
  executor.Run([&] { made.reset(); });
  executor.Stop();
}

TEST(CachedResolverTest, AServerThatIsNoneIsNamed) {
  io::Executor executor("cached");
  executor.Start();
  executor.Run([&] {
    const auto made = CachedResolver::Make(executor, {"not a server"});
    EXPECT_TRUE(absl::IsInvalidArgument(made.status())) << made.status();
  });
  executor.Stop();
}

}  // namespace
}  // namespace postern::dns
