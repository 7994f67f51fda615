#include "common/io/alarm.h"

#include <memory>

#include "common/io/event.h"
#include "tests/common/io/io_test.h"

namespace postern::io {
namespace {

class AlarmTest : public IoTest {};

TEST_F(AlarmTest, LaterSetReplacesTheEarlierAndClearEndsIt) {
  struct Body {
    static Task<void> Go(Executor* executor, int* rings) {
      Alarm alarm(*executor, [rings] { ++*rings; });
      alarm.Set(absl::Milliseconds(1));
      alarm.Set(absl::Milliseconds(2));
      EXPECT_TRUE((co_await Sleep(absl::Milliseconds(30))).ok());
      EXPECT_EQ(*rings, 1);
      alarm.Set(absl::ZeroDuration());
      alarm.Clear();
      EXPECT_TRUE((co_await Sleep(absl::Milliseconds(10))).ok());
    }
  };

  int rings = 0;
  Run(Body::Go(&executor_, &rings));
  EXPECT_EQ(rings, 1);
}

TEST_F(AlarmTest, MayBeDestroyedInItsOwnCallback) {
  std::unique_ptr<Alarm> alarm;
  bool rang = false;

  struct Body {
    static Task<void> Go(Executor* executor, std::unique_ptr<Alarm>* alarm, bool* rang) {
      *alarm = std::make_unique<Alarm>(*executor, [alarm, rang] {
        alarm->reset();
        *rang = true;
      });
      (*alarm)->Set(absl::ZeroDuration());
      EXPECT_TRUE((co_await Sleep(absl::Milliseconds(20))).ok());
    }
  };

  Run(Body::Go(&executor_, &alarm, &rang));
  EXPECT_TRUE(rang);
  EXPECT_EQ(alarm, nullptr);
}

}  // namespace
}  // namespace postern::io
