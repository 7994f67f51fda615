// cli/script_lexer.h
//
// The signs of a script for the Exchange Management Shell: words, strings, lists, ends of lines.
//
// Flow      Lex(text) -> ReadScript (cli/script_reader.h).
// Failure   What is not known here - variables, blocks, redirection - is a token kBad that says
//           why, so that the reader can go on with the next line.
// Limits    kScriptBytesMax.
// See       about_Parsing of PowerShell, argument mode

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

inline constexpr std::size_t kScriptBytesMax = 4 * 1024 * 1024;

struct Token {
  enum class Kind : std::uint8_t {
    kWord,       // without quotes, or partly with them
    kString,     // in quotes; {...} after -Filter, with its braces
    kConstant,   // $true, $false, $null
    kParameter,  // -Name; `colon` when it is -Name:
    kEdits,      // @{...}, as it is written
    kCommand,    // (...), as it is written
    kComma,
    kPipe,
    kEnd,  // of a statement: a line's end, or ";"
    kBad,  // `text` says why
  };

  Kind kind = Kind::kEnd;
  std::string text;
  bool colon = false;
  int line = 1;
};

struct Lexed {
  std::vector<Token> tokens;  // the last one is a kEnd
  // The text ends inside a string, a list or a bracket, or with a backtick: more is expected.
  bool open = false;
};

Lexed Lex(std::string_view text);

// The bytes of a prompt at the start of a line, "[PS] C:\>", which people paste with it.
std::size_t PromptAt(std::string_view line);

}  // namespace postern::cli
