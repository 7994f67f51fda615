#include "common/base/status_macros.h"

#include <memory>

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::base {
namespace {

absl::Status PassOn(const absl::Status& status, bool& went_on) {
  POSTERN_RETURN_IF_ERROR(status);
  went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> AddBoth(absl::StatusOr<int> one, absl::StatusOr<int> two) {
  POSTERN_ASSIGN_OR_RETURN(const int first, std::move(one));
  POSTERN_ASSIGN_OR_RETURN(const int second, std::move(two));
  return first + second;
}

absl::StatusOr<int> Unwrap(absl::StatusOr<std::unique_ptr<int>> given) {
  POSTERN_ASSIGN_OR_RETURN(const std::unique_ptr<int> value, std::move(given));
  return *value;
}

TEST(StatusMacrosTest, FailureReturnsAndSuccessGoesOn) {
  bool went_on = false;
  EXPECT_TRUE(absl::IsNotFound(PassOn(absl::NotFoundError("x"), went_on)));
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(PassOn(absl::OkStatus(), went_on).ok());
  EXPECT_TRUE(went_on);
}

TEST(StatusMacrosTest, ValuesAreAssignedAndTheFirstFailureReturns) {
  EXPECT_EQ(*AddBoth(1, 2), 3);
  EXPECT_EQ(MessageOf(AddBoth(absl::NotFoundError("one"), absl::NotFoundError("two")).status()),
            "one");
  EXPECT_EQ(MessageOf(AddBoth(1, absl::NotFoundError("two")).status()), "two");
}

TEST(StatusMacrosTest, ValueIsMovedOut) {
  EXPECT_EQ(*Unwrap(std::make_unique<int>(7)), 7);
}

}  // namespace
}  // namespace postern::base
