#include "common/dns/search_list.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "common/base/text.h"

namespace postern::dns {

namespace {

constexpr std::size_t kDomainsMax = 32;
constexpr std::size_t kNdotsMax = 15;
constexpr std::string_view kNdots = "ndots:";

}  // namespace

SearchList SearchList::OfSystem(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return Parse(text.str());
}

SearchList SearchList::Parse(std::string_view text) {
  SearchList list;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    const bool search = key == "search" || key == "domain";
    if (search) list.domains_.clear();  // the last line counts
    for (std::string word; words >> word;) {
      if (search && list.domains_.size() < kDomainsMax) {
        if (word.ends_with('.')) word.pop_back();
        if (!word.empty()) list.domains_.push_back(base::LowerAscii(word));
      } else if (key == "options" && word.starts_with(kNdots)) {
        std::size_t ndots = list.ndots_;
        std::from_chars(word.data() + kNdots.size(), word.data() + word.size(), ndots);
        list.ndots_ = std::min(ndots, kNdotsMax);
      }
    }
  }
  return list;
}

std::vector<std::string> SearchList::NamesFor(std::string_view name) const {
  if (name.ends_with('.')) return {std::string(name.substr(0, name.size() - 1))};
  std::vector<std::string> names;
  for (const std::string& domain : domains_)
    names.push_back(base::Cat(name, ".", domain));
  const auto dots = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.'));
  names.insert(dots >= ndots_ ? names.begin() : names.end(), std::string(name));
  return names;
}

}  // namespace postern::dns
