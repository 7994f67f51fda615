#include "common/smtp/dot_writer.h"

#include "gtest/gtest.h"

#include "common/base/random.h"
#include "common/smtp/dot_reader.h"

namespace postern::smtp {
namespace {

std::string WriteDots(std::string_view content, std::vector<std::size_t> cuts = {}) {
  cuts.push_back(content.size());
  DotWriter dots;
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  for (const std::size_t cut : cuts) {
    dots.Add(content.substr(at, cut - at), parts);
    at = cut;
  }
  dots.Finish(parts);
  std::string out;
  for (const std::string_view part : parts)
    out += part;
  return out;
}

TEST(DotWriterTest, DotsAreDoubledAtTheBeginningOfLines) {
  EXPECT_EQ(WriteDots(""), ".\r\n");
  EXPECT_EQ(WriteDots("a"), "a\r\n.\r\n");
  EXPECT_EQ(WriteDots("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(WriteDots(".\r\n"), "..\r\n.\r\n");
  EXPECT_EQ(WriteDots("..a\r\n.b\r\nc.d\r\n"), "...a\r\n..b\r\nc.d\r\n.\r\n");
  EXPECT_EQ(WriteDots("a\r"), "a\r\r\n.\r\n");
  EXPECT_EQ(WriteDots("a\n"), "a\n\r\n.\r\n");
}

TEST(DotWriterTest, ContentWithoutLeadingDotsIsOneView) {
  const std::string content(5000, 'x');
  DotWriter dots;
  std::vector<std::string_view> parts;
  dots.Add(content, parts);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].data(), content.data());
}

TEST(DotWriterTest, WhatIsWrittenReadsBackHoweverItIsCut) {
  base::SeededRandom random(7);
  const std::string_view pieces[] = {"\r\n", ".", "a", "..", "\r\n.", "text", "\r\n\r\n"};
  for (int round = 0; round < 300; ++round) {
    std::string content;
    for (int i = 0; i < 12; ++i)
      content += pieces[random.Below(std::size(pieces))];
    content += "\r\n";
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      const std::string wire = WriteDots(content, {cut});
      DotReader dots;
      std::string read;
      ASSERT_EQ(dots.Take(wire, &read), wire.size());
      ASSERT_TRUE(dots.done());
      ASSERT_EQ(read, content);
    }
  }
}

}  // namespace
}  // namespace postern::smtp
