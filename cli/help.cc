#include "cli/help.h"

#include <algorithm>
#include <vector>

#include "cli/command_line.h"
#include "cli/global_options.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr std::string_view kAbout =
    "postern: the management shell of Postern.\n"
    "Verbs and parameters are matched without regard to case; postern <verb> --help explains "
    "one.\n";

constexpr std::string_view kExamples =
    "Examples:\n"
    "  postern New-SendConnector Internet -Usage Internet -AddressSpaces '*'\n"
    "  postern Set-SendConnector Internet -FrontendProxyEnabled true -WhatIf\n"
    "  postern Get-SendConnector --output yaml > connectors.yaml\n"
    "  postern Test-Route joe@contoso.com --size 10MB\n"
    "  postern Invoke-Script connectors.ps1\n"
    "  postern Get-Queue -Filter \"Status -eq 'Retry' -and MessageCount -gt 10\"\n"
    "  postern Get-Message -Queue contoso.com --output json\n"
    "  postern Remove-Message -Filter \"FromAddress -eq 'x@contoso.com'\" -WithNDR false -WhatIf\n"
    "  postern Send-Message mail.eml --from ann@example.com --to joe@contoso.com\n"
    "  source <(postern Completion bash)\n"
    "Options may stand before or after the verb, and in the environment, as POSTERN_SERVER.\n";

std::string_view WordOf(Form form) {
  switch (form) {
    case Form::kText:
      return "text";
    case Form::kFlag:
      return "true|false";
    case Form::kNumber:
      return "number";
    case Form::kSize:
      return "size";
    case Form::kSpan:
      return "time";
    case Form::kList:
      return "list";
    case Form::kWord:
      return "word";
    case Form::kWords:
      return "words";
    case Form::kSecret:
      return "secret";
    case Form::kSwitch:
      return "";
  }
  return "";
}

std::string_view WordOf(Standing standing) {
  switch (standing) {
    case Standing::kField:
      return "field";
    case Standing::kNew:
      return "new";
    case Standing::kUsage:
      return "usage";
    case Standing::kIgnored:
      return "ignored";
    case Standing::kRefused:
      return "refused";
  }
  return "";
}

std::string Padded(std::string_view text, std::size_t columns) {
  return base::Cat(text, std::string(columns - std::min(text.size(), columns), ' '));
}

struct Line {
  std::string_view name;
  std::string_view group;
  std::string_view about;
};

std::vector<Line> AllVerbs() {
  std::vector<Line> lines;
  for (const Cmdlet& cmdlet : Cmdlets())
    lines.push_back({cmdlet.name, cmdlet.group, cmdlet.about});
  for (const PlainVerb& verb : PlainVerbs())
    lines.push_back({verb.name, verb.group, verb.about});
  return lines;
}

// What Exchange calls it, where that is another word.
std::string AliasesOf(const Cmdlet& cmdlet) {
  return cmdlet.alias.empty() ? "" : base::Cat(" (", cmdlet.alias, ")");
}

std::string DescribeParameter(const Cmdlet& cmdlet, const Parameter& parameter) {
  std::string out = base::Cat("  -", parameter.name);
  const std::string_view form = WordOf(parameter.form);
  if (!form.empty()) out += base::Cat(" <", form, ">");
  out += "\n";
  const std::string_view refusal = RefusalOf(cmdlet, parameter);
  if (!refusal.empty()) {
    return base::Cat(out, Wrapped(base::Cat("Not taken. ", refusal), "      ", kHelpColumns));
  }
  std::string effect(parameter.effect);
  if (parameter.standing == Standing::kIgnored) effect = base::Cat("Without effect. ", effect);
  out += Wrapped(effect, "      ", kHelpColumns);
  if (!parameter.values.empty()) {
    out += Wrapped(base::Cat("Values: ", parameter.values), "      ", kHelpColumns);
  }
  // Set- leaves alone what is not given.
  if (!parameter.fallback.empty() && cmdlet.action != Cmdlet::Action::kSet) {
    out += Wrapped(base::Cat("Default: ", parameter.fallback), "      ", kHelpColumns);
  }
  return out;
}

// What must be given, the one without a name first.
std::string UsageOf(const Cmdlet& cmdlet) {
  const std::string_view positional = PositionalOf(cmdlet);
  std::string first;
  std::string others;
  for (const Parameter* parameter : ParametersOf(cmdlet)) {
    const std::string value = base::Cat(" <", WordOf(parameter->form), ">");
    if (parameter->name == positional) {
      const std::string word = base::Cat("[-", parameter->name, "]", value);
      first = IsRequired(cmdlet, *parameter) ? base::Cat(" ", word) : base::Cat(" [", word, "]");
    } else if (parameter->fallback == "required" && RefusalOf(cmdlet, *parameter).empty() &&
               cmdlet.action != Cmdlet::Action::kSet) {
      others += base::Cat(" -", parameter->name, value);
    }
  }
  return base::Cat("Usage: postern ", cmdlet.name, first, others, " [parameters] [options]");
}

}  // namespace

std::string Wrapped(std::string_view text, std::string_view indent, std::size_t columns) {
  std::string out;
  std::string line(indent);
  for (const std::string_view word : base::Split(text, ' ')) {
    if (line.size() > indent.size() && line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line = indent;
    }
    if (line.size() > indent.size()) line.push_back(' ');
    line += word;
  }
  return out + line + "\n";
}

std::string HelpForAll() {
  std::string out = base::Cat(kAbout, "\nUsage: postern <verb> [parameters] [options]\n");
  const std::vector<Line> lines = AllVerbs();
  std::vector<std::string_view> groups;
  for (const Line& line : lines) {
    if (std::find(groups.begin(), groups.end(), line.group) == groups.end()) {
      groups.push_back(line.group);
    }
  }
  for (const std::string_view group : groups) {
    out += base::Cat("\n", group, ":\n");
    for (const Line& line : lines) {
      if (line.group == group) out += base::Cat("  ", Padded(line.name, 24), line.about, "\n");
    }
  }
  out += "\nOptions:\n";
  for (const GlobalOption& option : AllGlobalOptions())
    out += base::Cat("  ", Padded(option.flag, 24), option.about, "\n");
  return base::Cat(out, "  ", Padded("--version", 24), "Name and version\n  ", Padded("--help", 24),
                   "This, or what a verb takes\n\n", kExamples);
}

std::string HelpFor(const Cmdlet& cmdlet) {
  std::string out = base::Cat(cmdlet.name, AliasesOf(cmdlet), ": ", cmdlet.about, ".\n\n",
                              Wrapped(UsageOf(cmdlet), "", kHelpColumns), "\nParameters:\n");
  for (const Parameter* parameter : ParametersOf(cmdlet))
    out += DescribeParameter(cmdlet, *parameter);
  return base::Cat(
      out, "\n",
      Wrapped("Names may be cut where they stay clear; lists are parted by commas. A shell makes "
              "nothing of an unquoted $true: write true, or '$true'.",
              "", kHelpColumns),
      "postern --help shows how to connect, and examples.\n");
}

std::string ParameterLines() {
  std::string out;
  for (const Parameter& parameter : connector::SendConnectorParameters()) {
    const std::string_view form =
        parameter.form == Form::kSwitch ? "switch" : WordOf(parameter.form);
    out += base::Cat(parameter.name, "\t", WordOf(parameter.standing), "\t", form, "\t",
                     parameter.values, "\t", parameter.fallback, "\t", parameter.effect, "\n");
  }
  return out;
}

}  // namespace postern::cli
