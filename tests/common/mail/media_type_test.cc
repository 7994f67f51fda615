#include "common/mail/media_type.h"

#include <gtest/gtest.h>

namespace postern::mail {
namespace {

TEST(MediaTypeTest, TheNameIsRead) {
  struct Row {
    std::string_view body;
    std::string_view name;  // empty: refused
  };

  const Row rows[] = {
      {" text/plain", "text/plain"},
      {" Text / HTML ; charset=utf-8", "text/html"},
      {"\r\n (a (nested) one \\) )multipart(x)/mixed;boundary=a", "multipart/mixed"},
      {" application/x-foo+xml", "application/x-foo+xml"},
      {" text", ""},
      {" /plain", ""},
      {" text/", ""},
      {"", ""},
      {" text/plain charset=utf-8", ""},
      {" text/plain (no end", ""},
      {" te\xc3\xa9xt/plain", ""},
  };
  for (const Row& row : rows) {
    const auto media = ParseMediaType(row.body);
    EXPECT_EQ(media.ok() ? media->name : "", row.name) << row.body;
    EXPECT_TRUE(media.ok() || absl::IsInvalidArgument(media.status()));
  }
}

TEST(MediaTypeTest, CommentsNestAsDeepAsTheLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + std::string(depth, ')') + "a/b";
  };
  EXPECT_TRUE(ParseMediaType(nested(kCommentDepthMax)).ok());
  EXPECT_FALSE(ParseMediaType(nested(kCommentDepthMax + 1)).ok());
}

TEST(MediaTypeTest, TheBoundaryIsReadOrRefused) {
  const std::string longest(kBoundaryBytesMax, 'b');

  struct Row {
    std::string parameters;
    std::string_view boundary;  // empty: refused
  };

  const Row rows[] = {
      {"; boundary=abc", "abc"},
      {";BOUNDARY = \"a b\" ", "a b"},
      {"; type=text/html;\r\n\tboundary=\"a\\+b\";", "a+b"},
      {"; boundary=----=_Part_1:2/3?", "----=_Part_1:2/3?"},
      {"; boundary=abc (comment); x=y", "abc"},
      {"; boundary=" + longest, longest},
      {"; boundary=" + longest + "b", ""},
      {"; boundary=\"\"", ""},
      {"; boundary=", ""},
      {"; boundary", ""},
      {"", ""},
      {";;", ""},
      {"; x=y", ""},
      {"; boundary=a; boundary=a", ""},
      {"; boundary*0=a; boundary*1=b", ""},
      {"; boundary=a; boundary*=utf-8''b", ""},
      {"; boundary=\"a ", ""},
      {"; boundary=\"a \"", ""},
      {"; boundary=a b", ""},
      {"; boundary=\"a\r\n b\"", ""},
      {"; boundary=a*b", ""},
      {"; boundary=\"a\\", ""},
      {" boundary=a", ""},
      {"; boundary=a (", ""},
  };
  for (const Row& row : rows) {
    const auto boundary = BoundaryOf(row.parameters);
    EXPECT_EQ(boundary.ok() ? *boundary : "", row.boundary) << row.parameters;
    EXPECT_TRUE(boundary.ok() || absl::IsInvalidArgument(boundary.status()));
  }
}

TEST(MediaTypeTest, ATokenStandsAlone) {
  EXPECT_EQ(ParseToken(" (x) 8BIT (y)").value_or(""), "8bit");
  for (const std::string_view body : {"", "8bit 7bit", "8bit;", "(", "\"8bit\""})
    EXPECT_FALSE(ParseToken(body).ok()) << body;
}

}  // namespace
}  // namespace postern::mail
