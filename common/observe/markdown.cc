#include "common/observe/markdown.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::observe {

std::string MarkdownOf(const Registry& registry) {
  std::vector<Registry::Family> families = registry.Families();
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string page = "| Metric | Type | Meaning |\n|---|---|---|\n";
  for (const Registry::Family& family : families) {
    page += base::Cat("| `", family.name, "` | ", family.type, " | ", family.about, " |\n");
  }
  return page;
}

}  // namespace postern::observe
