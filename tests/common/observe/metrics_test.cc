#include "common/observe/metrics.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace postern::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HistogramTest, ABoundBelongsToItsBucket) {
  Histogram histogram({1, 2});
  for (const double value : {0.5, 1.0, 1.5, 2.0, 99.0, std::nan("")})
    histogram.Record(value);
  EXPECT_THAT(histogram.Read().counts, ElementsAre(2, 2, 1));
  EXPECT_EQ(histogram.Read().sum, 104);
}

TEST(HistogramTest, ThreadsLoseNothing) {
  Histogram histogram(SecondsBuckets());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&histogram] {
      for (int i = 0; i < 10'000; ++i)
        histogram.Record(1);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(histogram.Read().sum, 40'000);
}

TEST(HistogramTest, RecordTakesNoLock) {
  EXPECT_TRUE(std::atomic<double>::is_always_lock_free);
  EXPECT_TRUE(std::atomic<std::uint64_t>::is_always_lock_free);
}

TEST(HistogramTest, BoundsMustRise) {
  EXPECT_DEATH(Histogram({2, 1}), "bounds_");
  EXPECT_DEATH(Histogram({}), "bounds_");
}

TEST(RegistryTest, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  Counter& one = registry.AddCounter("c", "C.", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&one, &registry.AddCounter("c", "C.", {{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(&one, &registry.AddCounter("c", "C.", {{"a", "2"}, {"b", "2"}}));
}

TEST(RegistryTest, TextIsPrometheusText) {
  Registry registry;
  registry.AddCounter("sent_total", "Sent.", {{"connector", "a \"b\"\n"}}).Add(3);
  registry.AddGauge("open", "Open.").Set(2.5);
  registry.AddReading("lost_total", "Lost.", [] { return 7.0; });
  Histogram& wait = registry.AddHistogram("wait_seconds", "Wait.", {0.5, 1});
  wait.Record(0.4);
  wait.Record(3);
  EXPECT_EQ(registry.Text(),
            "# HELP lost_total Lost.\n# TYPE lost_total counter\nlost_total 7\n"
            "# HELP open Open.\n# TYPE open gauge\nopen 2.5\n"
            "# HELP sent_total Sent.\n# TYPE sent_total counter\n"
            "sent_total{connector=\"a \\\"b\\\"\\n\"} 3\n"
            "# HELP wait_seconds Wait.\n# TYPE wait_seconds histogram\n"
            "wait_seconds_count 2\nwait_seconds_sum 3.4\n"
            "wait_seconds_bucket{le=\"0.5\"} 1\nwait_seconds_bucket{le=\"1\"} 1\n"
            "wait_seconds_bucket{le=\"+Inf\"} 2\n");
}

TEST(RegistryTest, BeyondTheLimitTheSetOtherCounts) {
  Registry registry(2);
  for (int i = 0; i < 10; ++i) {
    registry.AddCounter("c", "C.", {{"next_hop", std::to_string(i)}, {"kind", "x"}}).Add();
  }
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("c{kind=\"x\",next_hop=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("c{kind=\"other\",next_hop=\"other\"} 8\n"));
  EXPECT_EQ(base::Split(text, '\n').size(), 2u + 3u + 1u);
}

TEST(RegistryTest, AnyBytesMakeALabelThatPrometheusReads) {
  Registry registry;
  registry.AddCounter("c", "C.", {{"a", "\xff"}});
  registry.AddCounter("d", "D.", {{"a", std::string(1000, 'x')}});
  EXPECT_THAT(registry.Text(), HasSubstr("c{a=\"\xEF\xBF\xBD\"} 0"));
  EXPECT_LT(registry.Text().size(), 600u);
}

TEST(RegistryTest, AReadingGivenAgainTakesThePlaceOfTheFormer) {
  Registry registry;
  registry.AddReading("r", "R.", [] { return 1.0; });
  registry.AddReading("r", "R.", [] { return 2.0; });
  EXPECT_THAT(registry.Text(), HasSubstr("\nr 2\n"));
}

TEST(RegistryTest, FamiliesAreListedForTheManual) {
  Registry registry;
  registry.AddHistogram("b_seconds", "B.", {1});
  registry.AddCounter("a_total", "A.");
  const auto families = registry.Families();
  ASSERT_EQ(families.size(), 2u);
  EXPECT_EQ(base::Cat(families[0].name, " ", families[0].type, " ", families[0].about),
            "a_total counter A.");
  EXPECT_EQ(families[1].type, "histogram");
}

TEST(RegistryTest, WhatPrometheusWouldRefuseIsABug) {
  Registry registry;
  registry.AddCounter("c", "C.");
  EXPECT_DEATH(registry.AddGauge("c", "C."), "kind");
  EXPECT_DEATH(registry.AddGauge("1c", "C."), "NameIsGood");
  EXPECT_DEATH(registry.AddGauge("g", "G.", {{"a-b", "1"}}), "NameIsGood");
  EXPECT_DEATH(registry.AddGauge("g", "G.", {{"a", "1"}, {"a", "2"}}), "first");
}

TEST(RegistryTest, RowsAreWhatTheyAreWhenAsked) {
  Registry registry(/*series_max=*/2);
  std::vector<Registry::Row> rows = {{{{"hop", "a.test"}}, 3}};
  registry.AddRows("rows_now", "Rows.", [&rows] { return rows; });
  EXPECT_THAT(registry.Text(), HasSubstr("# TYPE rows_now gauge\nrows_now{hop=\"a.test\"} 3\n"));
  rows = {{{{"hop", "b.test"}}, 4}, {{{"hop", "c.test"}}, 5}, {{{"hop", "d.test"}}, 6}};
  const std::string text = registry.Text();
  EXPECT_THAT(text, Not(HasSubstr("a.test")));
  EXPECT_THAT(text, HasSubstr("rows_now{hop=\"c.test\"} 5"));
  EXPECT_THAT(text, Not(HasSubstr("d.test"))) << "beyond series_max";
}

}  // namespace
}  // namespace postern::observe
