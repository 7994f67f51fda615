#include "cli/drain_verb.h"

#include <sstream>

#include "gmock/gmock.h"

namespace postern::cli {
namespace {

using ::testing::HasSubstr;

class DrainVerbTest : public ::testing::Test {
 protected:
  // A server that answers each round with the next of these.
  DrainCall Answers(std::vector<v1::RedirectMessageResponse> rounds) {
    return [this, rounds = std::move(rounds)](const v1::RedirectMessageRequest& request) mutable
           -> absl::StatusOr<v1::RedirectMessageResponse> {
      asked_.push_back(request);
      if (rounds.empty()) return absl::UnavailableError("the server has gone");
      v1::RedirectMessageResponse round = rounds.front();
      rounds.erase(rounds.begin());
      return round;
    };
  }

  static v1::RedirectMessageResponse Round(std::uint64_t moved,
                                           std::uint64_t remaining,
                                           const std::string& error = "") {
    v1::RedirectMessageResponse round;
    round.set_moved(moved);
    round.set_remaining(remaining);
    round.set_last_error(error);
    round.add_targets("mbx-1");
    round.set_server("mbx-0");
    return round;
  }

  absl::Status Run(const DrainOptions& options, const DrainCall& call) {
    return Drain(
        options, call, [this](absl::Duration) { ++pauses_; }, shell_);
  }

  std::vector<v1::RedirectMessageRequest> asked_;
  int pauses_ = 0;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Shell shell_{in_, out_, err_};
};

TEST_F(DrainVerbTest, RoundsGoOnUntilNothingRemains) {
  EXPECT_TRUE(Run({.targets = {"mbx-1"}, .hold = true},
                  Answers({Round(40, 60), Round(0, 60, "relay to mbx-1: refused"), Round(60, 0)}))
                  .ok());
  EXPECT_THAT(out_.str(), HasSubstr("mbx-0: the queues are empty, 100 handed to mbx-1 in "));
  EXPECT_EQ(err_.str(),
            "mbx-0: 60 remain, 40 handed over\n"
            "mbx-0: 60 remain, 40 handed over: relay to mbx-1: refused\n");
  EXPECT_EQ(pauses_, 1);
  ASSERT_EQ(asked_.size(), 3u);
  EXPECT_TRUE(asked_[0].hold());
  EXPECT_EQ(asked_[0].targets(0), "mbx-1");
}

TEST_F(DrainVerbTest, WhatRemainsAtTheEndOfItsTimeIsTold) {
  const DrainCall slow = [](const v1::RedirectMessageRequest&) {
    absl::SleepFor(absl::Milliseconds(600));
    return absl::StatusOr<v1::RedirectMessageResponse>(Round(1, 9, "no room"));
  };
  const absl::Status over = Run({.seconds = 1}, slow);
  EXPECT_EQ(over.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(over.message(),
            "mbx-0: 9 messages remain, 2 were handed over; the last reason: no room");
}

TEST_F(DrainVerbTest, UndoIsOneCall) {
  EXPECT_TRUE(Run({.hold = true, .undo = true}, Answers({Round(0, 7)})).ok());
  EXPECT_EQ(out_.str(), "mbx-0: takes new mail again; 7 wait there\n");
  EXPECT_TRUE(asked_.at(0).release());
}

TEST_F(DrainVerbTest, WhatIfAsksAndDoesNothing) {
  EXPECT_TRUE(Run({.hold = true, .what_if = true}, Answers({Round(0, 60)})).ok());
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_TRUE(asked_[0].dry_run());
  EXPECT_EQ(out_.str(),
            "What if: mbx-0: 60 messages would be handed to mbx-1; new mail would be refused from "
            "then on, until --undo or the server's end\n");
}

TEST_F(DrainVerbTest, AServerThatGoesEndsIt) {
  EXPECT_EQ(Run({}, Answers({Round(1, 9)})).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace postern::cli
