#include "common/directory/slug.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "common/connector/validate.h"

namespace postern::directory {
namespace {

std::string Free(std::string_view name) {
  return SlugFor(name, [](const std::string&) { return false; });
}

std::string Beside(std::string_view name, const std::set<std::string>& taken) {
  return SlugFor(name, [&](const std::string& slug) { return taken.contains(slug); });
}

TEST(SlugTest, NamesAndTheirSlugs) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"Internet", "internet"},
      {"To Contoso", "to-contoso"},
      {"To  Contoso (new)", "to-contoso-new"},
      {"--a--", "a"},
      {"mail.contoso.com", "mail-contoso-com"},
      {"Z\xC3\xBCrich 1", "z-rich-1"},
      {"EdgeSync - Site to Internet", "edgesync-site-to-internet"},
      {"0", "0"},
  };
  for (const auto& [name, slug] : rows)
    EXPECT_EQ(Free(name), slug) << name;
}

TEST(SlugTest, EverySlugIsAValidName) {
  for (const std::string& name :
       {std::string("Internet"), std::string(64, 'x'), std::string(62, 'x') + "  y",
        std::string("\xD0\x9F\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0"), std::string("***")}) {
    for (const std::string& slug : {Free(name), Beside(name, {Free(name)})}) {
      std::vector<connector::FieldError> errors;
      connector::ValidateSlug("metadata.name", slug, errors);
      EXPECT_TRUE(errors.empty()) << name << " -> " << slug;
    }
  }
}

TEST(SlugTest, WhereNothingIsLeftTheHashStandsAlone) {
  EXPECT_THAT(Free("\xD0\x9F\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0"),
              ::testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(Free("***").size(), 8u);
  EXPECT_NE(Free("***"), Free("**"));
}

TEST(SlugTest, WhereItIsTakenAHashFollows) {
  EXPECT_THAT(Beside("To Contoso", {"to-contoso"}),
              ::testing::MatchesRegex("to-contoso-[0-9a-f]+"));
  EXPECT_EQ(Beside("To Contoso", {"to-contoso"}), Beside("to contoso", {"to-contoso"}));
  EXPECT_NE(Beside("To Contoso", {"to-contoso"}), Beside("To-Contoso", {"to-contoso"}));
  const std::string first = Beside("x", {"x"});
  EXPECT_EQ(Beside("x", {"x", first}).size(), first.size() + 8);
  EXPECT_EQ(Beside(std::string(64, 'x'), {std::string(63, 'x')}).size(), 63u);
}

}  // namespace
}  // namespace postern::directory
