#include "cli/findings.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/connector/parameters.h"
#include "common/directory/parameters.h"

namespace postern::cli {

namespace {

using connector::Parameter;

// The parameter of a field, not one of the switches that stand for its values.
const Parameter* ParameterOf(std::string_view kind, std::string_view field) {
  for (const Parameter& parameter : directory::ParametersOf(kind)) {
    if (parameter.field == field && parameter.standing != Parameter::Standing::kUsage) {
      return &parameter;
    }
  }
  return nullptr;
}

// "spec.smartHosts[0]" at the start of `line`: how many bytes, and the field in it.
struct Path {
  std::string_view field;
  std::size_t bytes = 0;
};

Path PathAt(std::string_view line) {
  constexpr std::string_view kSpec = "spec.";
  constexpr std::string_view kName = "metadata.name";
  if (line.starts_with(kName)) return {"name", kName.size()};
  if (!line.starts_with(kSpec)) return {};
  const std::size_t end = std::min(line.find(": "), line.size());
  const std::string_view path = line.substr(kSpec.size(), end - kSpec.size());
  return {path.substr(0, path.find_first_of(".[")), end};
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The fields that a rule mentions. One in lower case throughout ("port") may be a plain word.
std::string WordsRenamed(std::string_view kind, std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted || !IsWordCharacter(text[at])) {
      out.push_back(text[at++]);
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && IsWordCharacter(text[at]))
      ++at;
    const std::string_view word = text.substr(begin, at - begin);
    const bool camel = base::LowerAscii(word) != word;
    const Parameter* parameter = camel ? ParameterOf(kind, word) : nullptr;
    out.append(parameter == nullptr ? word : parameter->name);
  }
  return out;
}

std::string LineInTerms(std::string_view kind, std::string_view line) {
  const Path path = PathAt(line);
  const Parameter* parameter = path.bytes == 0 ? nullptr : ParameterOf(kind, path.field);
  if (parameter == nullptr) return WordsRenamed(kind, line);
  return base::Cat("-", parameter->name, WordsRenamed(kind, line.substr(path.bytes)));
}

}  // namespace

std::string InParameterTerms(std::string_view kind, std::string_view findings) {
  std::vector<std::string> lines;
  for (const std::string_view line : base::Split(findings, '\n'))
    lines.push_back(LineInTerms(kind, line));
  return base::Join(lines, "\n");
}

absl::Status InParameterTerms(const Cmdlet& cmdlet, const absl::Status& status) {
  const std::string_view said = base::MessageOf(status);
  const std::size_t end = said.find(": ");
  if (status.ok() || end == std::string_view::npos) return status;
  std::string name;
  for (const char c : said.substr(0, end)) {
    if (c != '_') name.push_back(c);
  }
  for (const Parameter* parameter : ParametersOf(cmdlet)) {
    if (!base::EqualsIgnoreCase(parameter->name, name)) continue;
    absl::Status told = base::Error(status.code(), "-", parameter->name, said.substr(end));
    status.ForEachPayload([&told](absl::string_view type, const absl::Cord& payload) {
      told.SetPayload(type, payload);
    });
    return told;
  }
  return status;
}

}  // namespace postern::cli
