// cli/literal.h
//
// Literal: a value of a parameter, as the administrator wrote it.
//
// Flow      A script's value is read whole by the script reader. A word of a command line is RAW:
//           the shell that started us took its quotes away, so that only the parameter's form tells
//           whether a comma parts a list; AsList reads it then.
// Failure   kInvalidArgument with the rule that @{...} or a quote breaks.
// Limits    kValuesMax values of one parameter.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace postern::cli {

inline constexpr std::size_t kValuesMax = 10'000;

struct Literal {
  enum class Kind : std::uint8_t {
    kRaw,      // one word of a command line
    kText,     // one value
    kList,     // any number of them
    kNull,     // $null
    kEdits,    // @{Add=...; Remove=...}
    kCommand,  // (Get-Credential): a command in parentheses, kept as it is written
  };

  Kind kind = Kind::kText;
  std::vector<std::string> values;  // one, of all but kList; none of kNull and kEdits
  std::vector<std::string> add;     // of kEdits
  std::vector<std::string> remove;

  bool operator==(const Literal&) const = default;

  static Literal Raw(std::string_view word) { return Of(Kind::kRaw, word); }

  static Literal Text(std::string_view text) { return Of(Kind::kText, text); }

  static Literal Null() { return {.kind = Kind::kNull}; }

  // As it could be written again, for messages.
  std::string ToString() const;

 private:
  static Literal Of(Kind kind, std::string_view text) {
    return {.kind = kind, .values = {std::string(text)}};
  }
};

// A raw word where one value is expected: $null, or the word as it is. Others stay what they are.
Literal AsOne(const Literal& literal);

// A raw word where a list is expected: $null, @{...}, or values parted by commas, each in quotes
// or not. A single text is a list of one.
absl::StatusOr<Literal> AsList(const Literal& literal);

// "@{Add='a','b'; Remove='c'}", from its first character to its last.
absl::StatusOr<Literal> ReadEdits(std::string_view text);

}  // namespace postern::cli
