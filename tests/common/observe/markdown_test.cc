#include "common/observe/markdown.h"

#include <gtest/gtest.h>

namespace postern::observe {
namespace {

TEST(MarkdownTest, EachFamilyIsOneRowInTheOrderOfNames) {
  Registry registry;
  registry.AddCounter("b_total", "B.", {{"site", "a"}});
  registry.AddCounter("b_total", "B.", {{"site", "b"}});
  registry.AddGauge("a", "A.");
  EXPECT_EQ(MarkdownOf(registry),
            "| Metric | Type | Meaning |\n|---|---|---|\n| `a` | gauge | A. |\n"
            "| `b_total` | counter | B. |\n");
}

}  // namespace
}  // namespace postern::observe
