#include "common/smtp/body_source.h"

#include "gtest/gtest.h"

#include "common/io/executor.h"
#include "common/io/scope.h"
#include "tests/support/string_body.h"

namespace postern::smtp {
namespace {

io::Task<void> ReadTwice(testing::StringBody& body, std::string& first, std::string& second) {
  for (std::string* into : {&first, &second}) {
    const absl::Status rewound = co_await body.Rewind();
    EXPECT_TRUE(rewound.ok());
    while (true) {
      const absl::StatusOr<std::string_view> view = co_await body.Next();
      if (view->empty()) break;
      EXPECT_LE(view->size(), 256u * 1024);
      into->append(*view);
    }
  }
}

TEST(BodySourceTest, AStringIsReadAsOftenAsItIsRewound) {
  std::string content;
  for (int i = 0; content.size() < 600'000; ++i)
    content += std::to_string(i);
  testing::StringBody body(std::make_shared<const std::string>(content));
  EXPECT_EQ(body.size(), content.size());
  EXPECT_EQ(body.whole(), content);
  io::Executor executor("test");
  executor.Start();
  std::string first;
  std::string second;
  io::RunTask(executor, ReadTwice(body, first, second));
  executor.Stop();
  EXPECT_EQ(first, content);
  EXPECT_EQ(second, content);
}

}  // namespace
}  // namespace postern::smtp
