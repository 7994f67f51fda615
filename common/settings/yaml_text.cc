#include "common/settings/yaml_text.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "common/base/text.h"

namespace postern::settings {

namespace {

// Whether the text ends within a quoted value.
bool EndsQuoted(std::string_view text) {
  try {
    YAML::LoadAll(WithDocumentEnd(text));
    return false;
  } catch (const YAML::Exception& error) {
    return error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
  }
}

// Behind the quote that opens a value, each other is written \" or ''.
std::size_t LastDoubleQuote(std::string_view text) {
  std::size_t at = text.rfind('"');
  while (at != std::string_view::npos && at > 0 && text[at - 1] == '\\')
    at = text.rfind('"', at - 1);
  return at;
}

std::size_t LastSingleQuote(std::string_view text) {
  std::size_t at = text.rfind('\'');
  while (at != std::string_view::npos) {
    std::size_t first = at;
    while (first > 0 && text[first - 1] == '\'')
      --first;
    if ((at - first) % 2 == 0) return first;
    if (first == 0) return std::string_view::npos;
    at = text.rfind('\'', first - 1);
  }
  return at;
}

}  // namespace

std::string WithDocumentEnd(std::string_view text) {
  const bool whole_line = text.empty() || text.ends_with('\n');
  return base::Cat(text, whole_line ? "" : "\n", "...\n");
}

int LineOfOpenQuote(std::string_view text) {
  if (!EndsQuoted(text)) return 0;
  for (const std::size_t at : {LastDoubleQuote(text), LastSingleQuote(text)}) {
    if (at == std::string_view::npos) continue;
    if (EndsQuoted(text.substr(0, at)) || !EndsQuoted(text.substr(0, at + 1))) continue;
    return static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n')) +
           1;
  }
  return 0;
}

}  // namespace postern::settings
