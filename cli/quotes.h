// cli/quotes.h
//
// Quotes and dashes as PowerShell reads them, typographic ones too: a pasted procedure has those.
//
// Flow      QuoteAt(text) says whether a string begins; ReadQuoted(text) reads it.
// Failure   kInvalidArgument with the rule: no closing quote, or a variable inside "...".
// See       about_Quoting_Rules of PowerShell

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace postern::cli {

enum class Quote : std::uint8_t { kNone, kSingle, kDouble };

struct QuoteMark {
  Quote kind = Quote::kNone;
  std::size_t bytes = 0;
};

// The quotation mark with which `text` begins.
QuoteMark QuoteAt(std::string_view text);

// The bytes of the dash with which `text` begins; 0 when it begins with none.
std::size_t DashAt(std::string_view text);

struct Quoted {
  std::string text;       // what it says
  std::size_t bytes = 0;  // of what it was read from, with its marks
};

// The string with which `text` begins. In '...' only '' is special; in "..." a doubled mark, the
// escapes of the backtick, and $true, $false and $null.
absl::StatusOr<Quoted> ReadQuoted(std::string_view text);

// What "`n" and its like stand for; `text` begins after the backtick. `bytes` is what it takes.
Quoted ReadEscape(std::string_view text);

// A name after "$" at the start of `text`: "$true" is 4 bytes, "$5" is none.
std::size_t VariableNameAt(std::string_view text);

}  // namespace postern::cli
