#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include "cli/command_line.h"
#include "cli/resource_fields.h"
#include "cli/table.h"
#include "cli/value_forms.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;

constexpr std::string_view kSourceServer = "SourceServer";

// The functions that the tables below are put between. A word of the line that names a parameter
// decides what may follow; what is being typed is compared without regard to case.
constexpr std::string_view kFunctions = R"bash(
_postern_offer() {  # offers each line of $1 that begins with what is typed
  local typed=$cur lead= line
  [[ $typed == *,* ]] && { lead=${typed%,*},; typed=${typed##*,}; }
  typed=${typed#[\"\']}
  while IFS= read -r line; do
    [[ -n $line && ${line,,} == "${typed,,}"* ]] || continue
    if [[ $cur != [\"\']* ]]; then
      printf -v line '%q' "$line"
    elif [[ $line == *[\"\'\$\`\\]* ]]; then
      continue  # it would end the quote that is being typed
    fi
    COMPREPLY+=("$lead$line")
  done <<<"$1"
}

_postern_ask() {  # names of the directory, of kind $1
  "${COMP_WORDS[0]}" "${globals[@]}" --complete "$1" 2>/dev/null
}

_postern() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb= parameter= word i
  local -a globals=()
  COMPREPLY=()
  [[ $cur == [:=] ]] && cur=
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i],,}
    case $word in
      : | =) continue ;;
      --insecure-plaintext) globals+=("$word") ;;
      --output) parameter=$word; [[ $((i + 1)) -lt COMP_CWORD ]] && ((++i)) && parameter= ;;
      --server | --submission | --ca | --certificate | --key | --token-file | --trust-domain | \
        --timeout)
        ((i + 1 < COMP_CWORD)) || return 0
        globals+=("$word" "${COMP_WORDS[++i]}")
        parameter=
        ;;
      -*) parameter=$word ;;
      *) [[ -n $verb ]] || { verb=$word; parameter=; continue; }
        parameter= ;;
    esac
  done
  if [[ $parameter == --output ]]; then
    _postern_offer $'table\njson\nyaml'
  elif [[ $cur == --* ]]; then
    _postern_offer "$_postern_options"$'\n'"$(_postern_parameters "$verb")"
  elif [[ -z $verb ]]; then
    _postern_offer "$_postern_verbs"
  elif [[ $cur == -* ]]; then
    _postern_offer "$(_postern_parameters "$verb")"
  else
    _postern_offer "$(_postern_values "$verb" "$parameter")"
  fi
}

complete -o bashdefault -o default -F _postern postern
)bash";

std::string Quoted(const std::vector<std::string>& words) {
  return base::Cat("$'", base::Join(words, "\\n"), "'");
}

std::vector<std::string> ParameterWords(const Cmdlet& cmdlet) {
  std::vector<std::string> words;
  for (const Parameter* parameter : ParametersOf(cmdlet)) {
    const bool of_use = RefusalOf(cmdlet, *parameter).empty() &&
                        parameter->standing != Parameter::Standing::kIgnored;
    if (of_use) words.push_back(base::Cat("-", parameter->name));
  }
  return words;
}

// The kind whose names are a value of the parameter; empty: none.
std::string_view KindNamedBy(const Cmdlet& cmdlet, const Parameter& parameter) {
  if (parameter.name == "Identity") return cmdlet.kind;
  if (parameter.name == "SourceTransportServers") return kSourceServer;
  return parameter.name == "Site" || parameter.name == "Sites" ? "Site" : "";
}

std::vector<std::string> ValueWords(const Parameter& parameter) {
  if (parameter.form == Form::kFlag) return {"true", "false"};
  const bool words = parameter.form == Form::kWord || parameter.form == Form::kWords ||
                     parameter.name == "ExtendedRights";
  return words ? WordsFrom(parameter.values) : std::vector<std::string>();
}

// "new-site | new-adsite)": how a case begins.
std::string CaseOf(const Cmdlet& cmdlet) {
  std::string out = base::LowerAscii(cmdlet.name);
  if (!cmdlet.alias.empty()) out += base::Cat(" | ", base::LowerAscii(cmdlet.alias));
  return base::Cat(out, ")");
}

std::string ParametersFunction() {
  std::string out = "_postern_parameters() {  # of the verb $1\n  case $1 in\n";
  for (const Cmdlet& cmdlet : Cmdlets()) {
    out += base::Cat("    ", CaseOf(cmdlet), " echo ", Quoted(ParameterWords(cmdlet)), " ;;\n");
  }
  for (const PlainVerb& verb : PlainVerbs()) {
    out +=
        base::Cat("    ", base::LowerAscii(verb.name), ") echo ", Quoted(FlagsOf(verb)), " ;;\n");
  }
  return base::Cat(out, "  esac\n}\n\n");
}

// What may follow one parameter, as a case of the verb's.
std::string ValueCase(const Cmdlet& cmdlet, const Parameter& parameter) {
  std::string does;
  if (const std::string_view kind = KindNamedBy(cmdlet, parameter); !kind.empty()) {
    does = base::Cat("_postern_ask ", kind);
  } else if (const auto words = ValueWords(parameter); !words.empty()) {
    does = base::Cat("echo ", Quoted(words));
  } else {
    return "";
  }
  std::string pattern = base::Cat("-", base::LowerAscii(parameter.name));
  // Without a parameter the value stands for the positional one.
  if (PositionalOf(cmdlet) == parameter.name) pattern += " | ''";
  return base::Cat("      ", pattern, ") ", does, " ;;\n");
}

std::string ValuesFunction() {
  std::string out = "_postern_values() {  # of the verb $1 after its parameter $2\n  case $1 in\n";
  for (const Cmdlet& cmdlet : Cmdlets()) {
    std::string cases;
    for (const Parameter* parameter : ParametersOf(cmdlet)) {
      if (RefusalOf(cmdlet, *parameter).empty()) cases += ValueCase(cmdlet, *parameter);
    }
    if (cases.empty()) continue;
    out += base::Cat("    ", CaseOf(cmdlet), " case $2 in\n", cases, "    esac ;;\n");
  }
  return base::Cat(out, "  esac\n}\n");
}

}  // namespace

std::string BashCompletion() {
  std::vector<std::string> verbs;
  for (const Cmdlet& cmdlet : Cmdlets())
    verbs.emplace_back(cmdlet.name);
  for (const PlainVerb& verb : PlainVerbs())
    verbs.emplace_back(verb.name);
  std::vector<std::string> options = {"--help", "--version"};
  for (const GlobalOption& option : AllGlobalOptions())
    options.emplace_back(option.flag);
  return base::Cat("# Completion of postern for bash: source <(postern Completion bash)\n\n",
                   "_postern_verbs=", Quoted(verbs), "\n_postern_options=", Quoted(options), "\n\n",
                   ParametersFunction(), ValuesFunction(), kFunctions);
}

void PrintNames(const CompleteNames& names, ConnectionOptions options, Shell& shell) {
  options.timeout = std::min(options.timeout, kCompletionTimeout);
  DirectoryClient client(std::move(options), shell);
  const auto print = [&](std::string_view kind, std::string_view before) {
    const auto resources = client.List(kind);
    if (!resources.ok()) return;
    for (const v1::Resource& resource : *resources) {
      if (KindOf(resource) == kind) shell.out << before << ForTerminal(NameOf(resource)) << '\n';
    }
  };
  if (names.kind != kSourceServer) return print(names.kind, "");
  print("TransportServer", "");
  print("Site", "site/");
}

}  // namespace postern::cli
