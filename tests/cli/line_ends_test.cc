#include "cli/line_ends.h"

#include "gtest/gtest.h"

#include "common/base/text.h"

namespace postern::cli {
namespace {

struct LineEndCase {
  std::string in;
  std::string out;
  std::uint64_t converted;
};

const LineEndCase kLineEndCases[] = {
    {"", "", 0},
    {"a\n", "a\r\n", 1},
    {"a\r\n", "a\r\n", 0},
    {"\n\n", "\r\n\r\n", 2},
    {"a\r\nb\nc", "a\r\nb\r\nc", 1},
    {"a\rb\n", "a\rb\r\n", 1},
    {"a\r\r\n", "a\r\r\n", 0},
    {"a\n\r\n", "a\r\n\r\n", 1},
    {"last\r", "last\r", 0},
};

TEST(LineEnds, BareLfBecomesCrLf) {
  for (const LineEndCase& one : kLineEndCases) {
    LineEnds ends;
    EXPECT_EQ(ends.Convert(one.in), one.out) << base::Printable(one.in);
    EXPECT_EQ(ends.converted(), one.converted) << base::Printable(one.in);
  }
}

TEST(LineEnds, PiecesOfAnySizeGiveTheSame) {
  for (const LineEndCase& one : kLineEndCases) {
    for (std::size_t bytes = 1; bytes <= one.in.size(); ++bytes) {
      LineEnds ends;
      std::string out;
      for (std::size_t from = 0; from < one.in.size(); from += bytes)
        out += ends.Convert(std::string_view(one.in).substr(from, bytes));
      EXPECT_EQ(out, one.out) << base::Printable(one.in) << " in pieces of " << bytes;
      EXPECT_EQ(ends.converted(), one.converted);
    }
  }
}

}  // namespace
}  // namespace postern::cli
