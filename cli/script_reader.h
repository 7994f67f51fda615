// cli/script_reader.h
//
// ReadScript: the lines of a script, each a cmdlet with its words, or the reason why it is none.
//
// Flow      ReadScript(text) -> ScriptLine by ScriptLine to cli/script_run.h.
// Failure   `fault` of a line; the lines after it are read all the same.
// Limits    kScriptBytesMax; kScriptLinesMax lines.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cmdlet_line.h"
#include "cli/resource_print.h"

namespace postern::cli {

inline constexpr std::size_t kScriptLinesMax = 10'000;

struct ScriptLine {
  int number = 0;            // of the line in which it begins
  std::string name;          // "New-SendConnector"
  std::vector<Word> words;   // after the name, without raw ones
  std::optional<View> view;  // of | Format-List and | Format-Table
  std::string fault;         // why it cannot be run; empty: it can
};

struct Script {
  std::vector<ScriptLine> lines;
  bool open = false;  // the text ends in the middle of a line
};

Script ReadScript(std::string_view text);

}  // namespace postern::cli
