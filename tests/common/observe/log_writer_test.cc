#include "common/observe/log_writer.h"

#include <csignal>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::observe {
namespace {

TEST(LogWriterTest, AFullDiskIsCountedAndBlocksNobody) {
  const std::uint64_t before = LinesDropped();
  {
    const auto writer = LogWriter::Open("/dev/full");
    ASSERT_TRUE(writer.ok());
    for (int i = 0; i < 100; ++i)
      (*writer)->Write("line");
  }
  EXPECT_EQ(LinesDropped() - before, 100u);
}

TEST(LogWriterTest, AFullQueueLosesLinesAndCountsThem) {
  // As in a service: the writer may still have lines when the reading end has gone.
  std::signal(SIGPIPE, SIG_IGN);
  const std::uint64_t before = LinesDropped();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto writer = LogWriter::Open(base::Cat("/proc/self/fd/", ends[1]));
  ASSERT_TRUE(writer.ok());
  // Nobody reads: the pipe and the queue fill up, and still no call waits.
  const std::string line(1000, 'x');
  for (int i = 0; i < 20'000; ++i)
    (*writer)->Write(line);
  EXPECT_GE(LinesDropped() - before, 20'000u - 8192u - 2 * 131u - 2u);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(LogWriterTest, AFullPipeDoesNotHoldUpTheEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const absl::Time began = absl::Now();
  {
    const auto writer = LogWriter::Open(base::Cat("/proc/self/fd/", ends[1]));
    ASSERT_TRUE(writer.ok());
    for (int i = 0; i < 2000; ++i)
      (*writer)->Write(std::string(1000, 'x'));
  }
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace postern::observe
