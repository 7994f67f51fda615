// cli/value_forms.h
//
// The forms of values as Exchange writes them, made the one form in which a resource has them.
//
// Flow      ParseFlag, NormalSize, ... of one text; WordsFrom a table's `values`.
// Failure   kInvalidArgument with the rule; the caller adds parameter and value.
// See       common/base/units.h

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::cli {

// $true, true, 1 and their opposites.
absl::StatusOr<bool> ParseFlag(std::string_view text);

absl::StatusOr<std::int32_t> ParseNumber(std::string_view text);

// Whether "1 to 10, or unlimited" of a table of parameters has the word; as a number it is the
// largest.
bool TakesUnlimited(std::string_view values);
inline constexpr std::int32_t kUnlimitedNumber = INT32_MAX;

// "25MB", "25 MB (26,214,400 bytes)", "26214400", "unlimited": the shortest exact form.
absl::StatusOr<std::string> NormalSize(std::string_view text);

// "00:15:00", "1.00:00:00", "15m": [dd.]hh:mm:ss.
absl::StatusOr<std::string> NormalSpan(std::string_view text);

// "None, Verbose; only with x" of a table of parameters: {None, Verbose}.
std::vector<std::string> WordsFrom(std::string_view values);

// The word in its table's spelling; the rule names them all.
absl::StatusOr<std::string> NormalWord(std::string_view text, std::string_view values);

// The values of a parameter that takes some of the words: "A, B" in one of them is two.
std::vector<std::string> PartsOf(const std::vector<std::string>& values);

// Default, the first word of the table, says that there is no other: it is not kept beside one.
std::vector<std::string> WithoutDefault(std::vector<std::string> words, std::string_view values);

// "26,214,400".
std::string Grouped(std::uint64_t number);

// "26214400" is "25 MB (26,214,400 bytes)", as Exchange shows sizes.
std::string ShownSize(std::string_view size);

}  // namespace postern::cli
