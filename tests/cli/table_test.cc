#include "cli/table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace postern::cli {
namespace {

Table Queues() {
  Table table({{"Identity"}, {"Count", Table::Align::kRight}, {"LastError"}});
  table.Add({"mbx-0\\1", "7", ""});
  table.Add({"mbx-0\\12", "1200", "451 4.4.0 DNS query failed with a long explanation"});
  return table;
}

TEST(Table, ColumnsAreAlignedUnderHeadersAndDashes) {
  EXPECT_EQ(Queues().Render(0),
            "Identity Count LastError\n"
            "-------- ----- ---------\n"
            "mbx-0\\1      7\n"
            "mbx-0\\12  1200 451 4.4.0 DNS query failed with a long explanation\n");
}

TEST(Table, WidestColumnIsCutToTheTerminal) {
  EXPECT_EQ(Queues().Render(40),
            "Identity Count LastError\n"
            "-------- ----- ---------\n"
            "mbx-0\\1      7\n"
            "mbx-0\\12  1200 451 4.4.0 DNS query fa...\n");
}

TEST(Table, HeadersAreNeverCut) {
  EXPECT_EQ(Queues().Render(5),
            "Identity Count LastError\n"
            "-------- ----- ---------\n"
            "mbx-0\\1      7\n"
            "mbx-0\\12  1200 451 4....\n");
}

TEST(Table, CharactersAreCountedNotBytes) {
  Table table({{"Subject"}, {"Size"}});
  table.Add(
      {"Gr\xC3\xBC\xC3\x9F"
       "e aus K\xC3\xB6ln",
       "1"});
  table.Add({"short", "2"});
  EXPECT_EQ(table.Render(0),
            "Subject        Size\n"
            "-------        ----\n"
            "Gr\xC3\xBC\xC3\x9F"
            "e aus K\xC3\xB6ln 1\n"
            "short          2\n");
}

TEST(Table, StrangersCannotWriteToTheTerminal) {
  EXPECT_EQ(ForTerminal("a\x1B[31mred\r\nb\x07"), "a [31mred  b ");
  EXPECT_EQ(ForTerminal("a\xC2\x9B"
                        "31mb"),
            "a 31mb");
  EXPECT_EQ(ForTerminal("exe.\xE2\x80\xAEgpj"), "exe. gpj");
  EXPECT_EQ(ForTerminal("a\xFFz"), "a?z");
  EXPECT_EQ(ForTerminal("K\xC3\xB6ln \xE2\x82\xAC"), "K\xC3\xB6ln \xE2\x82\xAC");
}

TEST(Table, ListHasItsColonsInOneColumn) {
  EXPECT_EQ(RenderList({{"Identity", "mbx-0\\1"}, {"LastError", ""}, {"Size", "12"}}),
            "Identity  : mbx-0\\1\n"
            "LastError :\n"
            "Size      : 12\n");
}

}  // namespace
}  // namespace postern::cli
