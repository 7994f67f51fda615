#include "cli/script_reader.h"

#include <algorithm>

#include "cli/cmdlets.h"
#include "cli/quotes.h"
#include "cli/script_lexer.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Kind = Token::Kind;
using Tokens = std::vector<Token>;

constexpr std::string_view kKeywords[] = {
    "if",    "else",     "foreach", "for",   "while",  "do",    "until",  "switch", "try",
    "catch", "function", "param",   "begin", "return", "throw", "filter", "where"};

bool IsValue(Kind kind) {
  return kind == Kind::kWord || kind == Kind::kString || kind == Kind::kConstant ||
         kind == Kind::kEdits || kind == Kind::kCommand;
}

// "('a','b')" or "@('a')": the strings; nullopt when it holds anything but strings and commas.
std::optional<std::vector<std::string>> StringsIn(std::string_view bracketed) {
  const std::size_t open = bracketed.find('(');
  const Lexed inside = Lex(bracketed.substr(open + 1, bracketed.size() - open - 2));
  std::vector<std::string> strings;
  for (const Token& token : inside.tokens) {
    if (token.kind == Kind::kString) strings.push_back(token.text);
    if (token.kind != Kind::kString && token.kind != Kind::kComma && token.kind != Kind::kEnd) {
      return std::nullopt;
    }
  }
  return strings;
}

// The line that does without a pipe what one was meant for; empty: nothing is known of it.
std::string InsteadOfPipe(std::string_view after) {
  if (base::EqualsIgnoreCase(after, "Where-Object") || base::EqualsIgnoreCase(after, "where") ||
      base::EqualsIgnoreCase(after, "?")) {
    return "; give the condition to the Get- itself, as Get-Queue -Filter {Status -eq \"Retry\"}";
  }
  const Cmdlet* const cmdlet = FindCmdlet(after);
  if (cmdlet == nullptr) return "";
  for (const Parameter* parameter : ParametersOf(*cmdlet)) {
    if (parameter->name == "Filter") {
      return base::Cat("; say itself which ones it takes, as ", cmdlet->name,
                       " -Filter {Status -eq \"Retry\"}");
    }
  }
  return base::Cat("; write a line of its own for each, with the name: ", cmdlet->name, " NAME");
}

// The tokens of one statement, as words of a cmdlet.
class StatementReader {
 public:
  explicit StatementReader(Tokens tokens) : tokens_(std::move(tokens)) {
    line_.number = tokens_.front().line;
  }

  ScriptLine Read() {
    if (CheckKeyword()) return std::move(line_);
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const bool pipes = i > 0 && tokens_[i - 1].kind == Kind::kPipe;
      // Before what stands in the block of a Where-Object.
      if (pipes && !InsteadOfPipe(tokens_[i].text).empty()) return NoPipe(tokens_[i].text);
      if (tokens_[i].kind == Kind::kBad) return Fault(tokens_[i].text);
    }
    if (now().kind != Kind::kWord) return Fault("a line begins with the name of a cmdlet");
    line_.name = tokens_[at_++].text;
    while (!at_end() && line_.fault.empty()) {
      if (now().kind == Kind::kPipe) {
        ReadPipeline();
      } else if (now().kind == Kind::kParameter) {
        ReadParameter();
      } else if (now().kind == Kind::kComma) {
        Fault("a comma stands between two values");
      } else {
        line_.words.push_back({.value = ReadValue()});
      }
    }
    return std::move(line_);
  }

 private:
  bool at_end() const { return at_ == tokens_.size(); }

  const Token& now() const { return tokens_[at_]; }

  ScriptLine& Fault(std::string_view why) {
    if (line_.fault.empty()) line_.fault = why;
    return line_;
  }

  ScriptLine& NoPipe(std::string_view after) {
    return Fault(base::Cat("\"| ", after,
                           "\" is not known here: only Format-List (fl) and Format-Table (ft) "
                           "follow a Get-",
                           InsteadOfPipe(after)));
  }

  bool CheckKeyword() {
    for (const std::string_view word : kKeywords) {
      if (now().kind != Kind::kWord || !base::EqualsIgnoreCase(word, now().text)) continue;
      Fault(base::Cat("\"", word,
                      "\" belongs to PowerShell's language, which is not known here: "
                      "only lines of cmdlets are run"));
      return true;
    }
    return false;
  }

  void ReadParameter() {
    const Token& token = tokens_[at_++];
    Word word{.parameter = token.text, .colon = token.colon};
    if (token.colon && !at_end() && IsValue(now().kind)) word.value = ReadValue();
    line_.words.push_back(std::move(word));
  }

  // One value, or a list parted by commas.
  Literal ReadValue() {
    std::vector<Literal> values = {ReadOne()};
    while (!at_end() && now().kind == Kind::kComma) {
      ++at_;
      if (at_end() || !IsValue(now().kind)) {
        Fault("a comma stands between two values");
        break;
      }
      values.push_back(ReadOne());
    }
    if (values.size() == 1) return values.front();
    Literal list{.kind = Literal::Kind::kList};
    for (const Literal& value : values) {
      if (value.kind != Literal::Kind::kText && value.kind != Literal::Kind::kList) {
        Fault(base::Cat(value.ToString(), " is no value of a list"));
      }
      list.values.insert(list.values.end(), value.values.begin(), value.values.end());
    }
    return list;
  }

  Literal ReadOne() {
    const Token& token = tokens_[at_++];
    switch (token.kind) {
      case Kind::kConstant:
        return token.text == "$null" ? Literal::Null() : Literal::Text(token.text);
      case Kind::kEdits: {
        auto edits = ReadEdits(token.text);
        if (edits.ok()) return *std::move(edits);
        Fault(base::MessageOf(edits.status()));
        return Literal::Null();
      }
      case Kind::kCommand: {
        auto strings = StringsIn(token.text);
        if (!strings) return {.kind = Literal::Kind::kCommand, .values = {token.text}};
        return {.kind = Literal::Kind::kList, .values = *std::move(strings)};
      }
      default:
        return Literal::Text(token.text);
    }
  }

  // | Format-List Name,AddressSpaces
  void ReadPipeline() {
    ++at_;
    const std::string name = at_end() || now().kind != Kind::kWord ? "" : tokens_[at_++].text;
    const bool list =
        base::EqualsIgnoreCase(name, "Format-List") || base::EqualsIgnoreCase(name, "fl");
    const bool table =
        base::EqualsIgnoreCase(name, "Format-Table") || base::EqualsIgnoreCase(name, "ft");
    if (line_.view || (!list && !table)) {
      NoPipe(name);
      return;
    }
    View view{.form = list ? View::Form::kList : View::Form::kTable};
    while (!at_end() && now().kind != Kind::kPipe && line_.fault.empty()) {
      if (now().kind == Kind::kParameter) {
        ReadFormatParameter();
      } else if (IsValue(now().kind)) {
        const Literal properties = ReadValue();
        view.properties.insert(view.properties.end(), properties.values.begin(),
                               properties.values.end());
      } else {
        Fault("a comma stands between two values");
      }
    }
    // "*" is everything, as without properties.
    if (view.properties == std::vector<std::string>{"*"}) view.properties.clear();
    line_.view = std::move(view);
  }

  void ReadFormatParameter() {
    const std::string name = tokens_[at_++].text;
    for (const std::string_view known : {"Property", "AutoSize", "Wrap"}) {
      if (base::StartsWithIgnoreCase(known, name)) return;
    }
    Fault(base::Cat("-", name, " of Format-List and Format-Table is not known here"));
  }

  const Tokens tokens_;
  std::size_t at_ = 0;
  ScriptLine line_;
};

}  // namespace

Script ReadScript(std::string_view text) {
  Script script;
  if (text.size() > kScriptBytesMax) {
    script.lines.push_back({.number = 1});
    script.lines.back().fault = base::Cat("a script has at most ", kScriptBytesMax, " bytes");
    return script;
  }
  Lexed lexed = Lex(text);
  script.open = lexed.open;
  Tokens statement;
  for (Token& token : lexed.tokens) {
    if (token.kind != Kind::kEnd) {
      statement.push_back(std::move(token));
      continue;
    }
    if (statement.empty()) continue;
    script.lines.push_back(StatementReader(std::exchange(statement, {})).Read());
    if (script.lines.size() < kScriptLinesMax) continue;
    script.lines.back().fault = base::Cat("a script has at most ", kScriptLinesMax, " lines");
    break;
  }
  return script;
}

}  // namespace postern::cli
