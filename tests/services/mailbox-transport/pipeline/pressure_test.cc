#include "services/mailbox-transport/pipeline/pressure.h"

#include "gmock/gmock.h"

namespace postern::pipeline {
namespace {

using ::testing::HasSubstr;
using enum PressureLevel;

constexpr PressureMarks kMarks = {71, 73, 75};
constexpr double kQuiet = 10;
constexpr double kOver = 74;
constexpr double kFar = 80;

TEST(PressureTest, ALevelRisesAtOnceAndFallsBelowTheMarkUnderIt) {
  struct Row {
    PressureLevel now;
    double reading;
    PressureLevel next;
  };

  const Row rows[] = {
      {kNormal, 70.9, kNormal}, {kNormal, 71, kNormal},   {kNormal, 72.9, kNormal},
      {kNormal, 73, kMedium},   {kNormal, 75, kHigh},     {kMedium, 72, kMedium},
      {kMedium, 70.9, kNormal}, {kMedium, 74.9, kMedium}, {kMedium, 75, kHigh},
      {kHigh, 74, kHigh},       {kHigh, 72.9, kMedium},   {kHigh, 70.9, kNormal},
  };
  for (const Row& row : rows)
    EXPECT_EQ(NextLevel(row.now, row.reading, kMarks), row.next)
        << NameOf(row.now) << " at " << row.reading;
}

TEST(PressureTest, ADiskIsHighItsReserveBeforeTheEnd) {
  const PressureMarks large = DiskMarks(1'000'000, 50'000);
  EXPECT_DOUBLE_EQ(large.high, 950'000);
  EXPECT_DOUBLE_EQ(large.medium, 930'000);
  EXPECT_DOUBLE_EQ(large.normal, 910'000);
  EXPECT_DOUBLE_EQ(DiskMarks(1000, 50'000).high, 900) << "a tenth of a small disk";
  EXPECT_DOUBLE_EQ(PercentMarks(1000, 75).high, 750);
  EXPECT_DOUBLE_EQ(PercentMarks(1000, 75).normal, 710);
}

class PressureBoardTest : public ::testing::Test {
 protected:
  PressureState Read(double space, double flow = kQuiet) {
    board_.Note(space_, space, kMarks);
    board_.Note(flow_, flow, kMarks);
    return board_.State();
  }

  PressureBoard board_;
  const std::size_t space_ = board_.Add("memory", PressureBoard::Kind::kSpace);
  const std::size_t flow_ = board_.Add("commit latency", PressureBoard::Kind::kFlow);
};

TEST_F(PressureBoardTest, MediumSpaceRefusesApplicationsAndHighServersToo) {
  EXPECT_EQ(Read(kQuiet), PressureState());
  EXPECT_EQ(Read(kOver), (PressureState{.refused_for = "memory"}));
  EXPECT_EQ(Read(kFar), (PressureState{.refused_for = "memory", .servers_refused = true}));
  EXPECT_EQ(Read(kOver), (PressureState{.refused_for = "memory", .servers_refused = true}));
  EXPECT_EQ(Read(kQuiet), PressureState());
}

TEST_F(PressureBoardTest, FlowHoldsMailBackLongerAndLonger) {
  for (const int seconds : {10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 55, 55})
    EXPECT_EQ(Read(kQuiet, kOver), (PressureState{.hold = absl::Seconds(seconds)}));
  EXPECT_EQ(Read(kQuiet, kQuiet), PressureState());
  EXPECT_EQ(Read(kQuiet, kOver).hold, kHoldFirst) << "it begins again";
}

TEST_F(PressureBoardTest, FlowThatNeverGetsBetterRefusesApplications) {
  for (int i = 0; i < kFlowPatience; ++i)
    ASSERT_EQ(Read(kQuiet, kFar).refused_for, "");
  const PressureState late = Read(kQuiet, kFar);
  EXPECT_EQ(late.refused_for, "commit latency");
  EXPECT_FALSE(late.servers_refused);
}

TEST_F(PressureBoardTest, EachChangeIsToldOnce) {
  Read(kQuiet);
  EXPECT_TRUE(board_.TakeNews().empty());
  Read(kFar);
  Read(kFar);
  const auto news = board_.TakeNews();
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].resource, "memory");
  EXPECT_EQ(news[0].before, kNormal);
  EXPECT_EQ(news[0].now, kHigh);
  EXPECT_TRUE(board_.TakeNews().empty());
}

TEST(PressureTest, WhoIsRefusedIsToldTheResource) {
  Pressure pressure;
  EXPECT_TRUE(pressure.Admit(model::Submitter::kApplication).ok());
  pressure.Set({.refused_for = "store disk", .hold = absl::Seconds(10)});
  const absl::Status refused = pressure.Admit(model::Submitter::kApplication);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("store disk"));
  EXPECT_TRUE(pressure.Admit(model::Submitter::kServer).ok());
  EXPECT_EQ(pressure.hold(), absl::Seconds(10));
  pressure.Set({.refused_for = "store disk", .servers_refused = true});
  EXPECT_FALSE(pressure.Admit(model::Submitter::kServer).ok());
  pressure.Set({});
  EXPECT_TRUE(pressure.Admit(model::Submitter::kServer).ok());
  EXPECT_EQ(pressure.hold(), absl::ZeroDuration());
}

}  // namespace
}  // namespace postern::pipeline
