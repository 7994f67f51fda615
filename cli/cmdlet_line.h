// cli/cmdlet_line.h
//
// CmdletLine: the words after a cmdlet's name, as PowerShell binds them to parameters.
//
// Flow      WordsOf(argv), or the words of a script; Bind(cmdlet, words, complaints).
// Failure   Every mistake goes to `complaints`, each naming parameter, value and rule; what could
//           be bound is returned.
// Limits    kWordsMax words.
// See       about_Parameters of PowerShell; cli/literal.h for values

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cmdlets.h"
#include "cli/literal.h"
#include "common/connector/validate.h"

namespace postern::cli {

inline constexpr std::size_t kWordsMax = 10'000;

// `path` is "-Name".
using Complaints = std::vector<connector::FieldError>;

struct Word {
  std::string parameter;  // "Name" of "-Name"; empty: the word is a value
  bool colon = false;     // "-Name:", whose value stands right behind
  std::optional<Literal> value;

  bool operator==(const Word&) const = default;
};

// The words of a command line: "-Name", "-Name:value", "--name", "--name=value", or a value.
std::vector<Word> WordsOf(const std::vector<std::string>& arguments);

struct Given {
  const Parameter* parameter = nullptr;
  std::optional<Literal> literal;  // without raw words; a switch may have none
};

struct CmdletLine {
  const Cmdlet* cmdlet = nullptr;
  std::vector<Given> given;
  std::vector<std::string> warnings;

  // Null when the line does not give it.
  const Given* Find(std::string_view name) const;
  // Its one text; empty when the line does not give it.
  std::string Text(std::string_view name) const;
  // Its values; none when the line does not give it.
  std::vector<std::string> List(std::string_view name) const;
  // A switch: given, and not as -Name:$false.
  bool Has(std::string_view name) const;
};

CmdletLine Bind(const Cmdlet& cmdlet, const std::vector<Word>& words, Complaints& complaints);

// -Port: "x": a whole number is expected
void Complain(Complaints& complaints,
              std::string_view parameter,
              std::string_view value,
              std::string_view rule);

// Every complaint, one a line.
absl::Status StatusOf(const Complaints& complaints);

}  // namespace postern::cli
