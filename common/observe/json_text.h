// common/observe/json_text.h
//
// Text from anywhere, made fit for a JSON line and for a metric label.
//
// Limits    Takes any bytes: what is not UTF-8 becomes U+FFFD, control characters are escaped.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::observe {

// Appends the text as a JSON string, with quotes. Stops with "..." where `out` would pass
// `size_max` and then returns false; the closing quote and the dots may pass it by four bytes.
bool AppendJsonString(std::string& out, std::string_view text, std::size_t size_max = SIZE_MAX);

// The text with each broken sequence as U+FFFD.
std::string ValidUtf8(std::string_view text);

}  // namespace postern::observe
