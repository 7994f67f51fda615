#include "common/observe/process_metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace postern::observe {
namespace {

double ValueOf(const Registry& registry, std::string_view name) {
  const std::string text = registry.Text();
  const std::size_t at = text.find(base::Cat("\n", name, " "));
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessMetricsTest, TheProcessIsMeasured) {
  Registry registry;
  AddProcessMetrics(registry, "mailbox-transport");
  EXPECT_GT(ValueOf(registry, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(ValueOf(registry, "process_cpu_seconds_total"), 0);
  EXPECT_GT(ValueOf(registry, "process_start_time_seconds"), 1.7e9);
  EXPECT_THAT(registry.Text(),
              ::testing::HasSubstr(base::Cat("postern_build_info{service=\"mailbox-transport\","
                                             "version=\"",
                                             Version(), "\"} 1\n")));
}

TEST(ProcessMetricsTest, AnOpenFileIsCounted) {
  Registry registry;
  AddProcessMetrics(registry, "s");
  const double before = ValueOf(registry, "process_open_fds");
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(ValueOf(registry, "process_open_fds"), before + 1);
  ::close(fd);
}

}  // namespace
}  // namespace postern::observe
