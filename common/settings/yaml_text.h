// common/settings/yaml_text.h
//
// What every reader of YAML does to a text before yaml-cpp sees it, and asks when it fails.
//
// Flow      WithDocumentEnd(text) to yaml-cpp; when it throws, LineOfOpenQuote(text).
// Failure   LineOfOpenQuote: 0 when the text is wrong for another reason.

#pragma once

#include <string>
#include <string_view>

namespace postern::settings {

inline constexpr std::string_view kOpenQuote = "a quoted value has no closing quote";

// To yaml-cpp the end of the text ends a quoted value, but the end of a document does not.
std::string WithDocumentEnd(std::string_view text);

// The line of the quote that nothing closes, from 1.
int LineOfOpenQuote(std::string_view text);

}  // namespace postern::settings
