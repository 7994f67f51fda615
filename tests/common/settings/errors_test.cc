#include "common/settings/errors.h"

#include "gtest/gtest.h"

namespace postern::settings {
namespace {

TEST(SettingsErrors, EachIsToldOnceInOrder) {
  Errors errors;
  errors.Note(absl::OkStatus());
  EXPECT_TRUE(errors.Together().ok());
  errors.Note(absl::InvalidArgumentError("b: 2"));
  errors.Note(absl::FailedPreconditionError("a: 1"));
  errors.Note(absl::InvalidArgumentError("b: 2"));
  EXPECT_EQ(errors.Together(), absl::InvalidArgumentError("b: 2\na: 1"));
}

}  // namespace
}  // namespace postern::settings
