#include "cli/script_lexer.h"

#include <algorithm>

#include "cli/quotes.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Kind = Token::Kind;

constexpr std::string_view kNoBreakSpace = "\u00A0";
constexpr std::string_view kByteOrderMark = "\uFEFF";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsNameCharacter(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9');
}

// Ends a word without quotes.
bool EndsWord(char c) {
  return std::string_view(" \t\r\n,;|(){}").find(c) != std::string_view::npos;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Lexed Run() {
    if (rest().starts_with(kByteOrderMark)) at_ += kByteOrderMark.size();
    while (true) {
      if (AtStatement()) at_ += PromptAt(rest());
      SkipBlanks();
      if (at_ >= text_.size()) break;
      Next();
    }
    // A list and a pipeline go on with what follows.
    if (!out_.tokens.empty()) {
      const Kind last = out_.tokens.back().kind;
      out_.open = out_.open || last == Kind::kComma || last == Kind::kPipe;
    }
    Add(Kind::kEnd, "");
    return std::move(out_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  bool AtStatement() const {
    return out_.tokens.empty() || (at_ > 0 && at_ <= text_.size() && text_[at_ - 1] == '\n');
  }

  void Add(Kind kind, std::string text, bool colon = false) {
    out_.tokens.push_back({kind, std::move(text), colon, line_});
  }

  void Bad(std::string why) { Add(Kind::kBad, std::move(why)); }

  void Advance(std::size_t bytes) {
    const std::string_view passed = text_.substr(at_, bytes);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    at_ += bytes;
  }

  // Spaces, comments and continued lines.
  void SkipBlanks() {
    while (at_ < text_.size()) {
      const std::string_view left = rest();
      if (left[0] == ' ' || left[0] == '\t' || left[0] == '\r') {
        Advance(1);
      } else if (left.starts_with(kNoBreakSpace)) {
        Advance(kNoBreakSpace.size());
      } else if (left[0] == '#') {
        Advance(std::min(left.find('\n'), left.size()));
      } else if (left.starts_with("<#")) {
        const auto end = left.find("#>");
        out_.open = out_.open || end == std::string_view::npos;
        Advance(end == std::string_view::npos ? left.size() : end + 2);
      } else if (const std::size_t continued = ContinuationAt(left)) {
        out_.open = out_.open || at_ + continued >= text_.size();
        Advance(continued);
        at_ += PromptAt(rest());
      } else {
        return;
      }
    }
  }

  // A backtick that is the last sign of its line, spaces apart: nobody sees those.
  static std::size_t ContinuationAt(std::string_view text) {
    if (text[0] != '`') return 0;
    const std::size_t end = std::min(text.find_first_not_of(" \t\r", 1), text.size());
    if (end == text.size()) return end;
    return text[end] == '\n' ? end + 1 : 0;
  }

  void Next() {
    const std::string_view left = rest();
    switch (left[0]) {
      case '\n':
        return NewLine();
      case ';':
        return Sign(Kind::kEnd);
      case ',':
        return Sign(Kind::kComma);
      case '|':
        return left.starts_with("||") ? Refuse(2, "\"||\"") : Sign(Kind::kPipe);
      case '(':
        return Bracketed(Kind::kCommand, '(', ')', 0);
      case '@':
        return At();
      case '$':
        return Variable();
      case '&':
      case '<':
      case '>':
        return Refuse(1, base::Cat("\"", left.substr(0, 1), "\""));
      case '{':
        if (AfterFilter()) return Bracketed(Kind::kString, '{', '}', 0);
        [[fallthrough]];
      case '}':
      case ')':
        return Refuse(1, base::Cat("a block \"", left.substr(0, 1), "\""));
      default:
        break;
    }
    if (QuoteAt(left).kind != Quote::kNone) return String();
    const std::size_t dash = DashAt(left);
    if (dash > 0 && Parameter(dash)) return;
    Bare();
  }

  // {Status -eq "Retry"} is the text of a condition there; the server reads it.
  bool AfterFilter() const {
    if (out_.tokens.empty() || out_.tokens.back().kind != Kind::kParameter) return false;
    const std::string& name = out_.tokens.back().text;
    return !name.empty() && base::StartsWithIgnoreCase("Filter", name);
  }

  void Sign(Kind kind) {
    Add(kind, "");
    Advance(1);
  }

  // After a comma or a pipe the statement goes on in the next line.
  void NewLine() {
    const Kind last = out_.tokens.empty() ? Kind::kEnd : out_.tokens.back().kind;
    if (last != Kind::kComma && last != Kind::kPipe) Add(Kind::kEnd, "");
    Advance(1);
  }

  void Refuse(std::size_t bytes, std::string what) {
    Bad(base::Cat(what, " is not known here: a line is a cmdlet with its parameters"));
    Advance(bytes);
  }

  void Variable() {
    const std::string_view name = rest().substr(1, VariableNameAt(rest()));
    for (const std::string_view known : {"true", "false", "null"}) {
      if (!base::EqualsIgnoreCase(name, known)) continue;
      Add(Kind::kConstant, base::Cat("$", known));
      return Advance(1 + name.size());
    }
    Bad(base::Cat("variables are not known here: write the value itself in the place of $", name));
    Advance(1 + name.size());
  }

  void At() {
    if (rest().starts_with("@{")) return Bracketed(Kind::kEdits, '{', '}', 1);
    if (rest().starts_with("@(")) return Bracketed(Kind::kCommand, '(', ')', 1);
    Refuse(1, QuoteAt(rest().substr(1)).kind == Quote::kNone ? "\"@\"" : "a here-string");
  }

  // "(...)", "@(...)", "@{...}" or "{...}" up to its own closing bracket; quotes hide brackets.
  void Bracketed(Kind kind, char open, char close, std::size_t skip) {
    const std::string_view left = rest();
    int depth = 0;
    std::string fault;
    std::size_t end = skip;
    while (end < left.size()) {
      if (QuoteAt(left.substr(end)).kind != Quote::kNone) {
        const QuotedEnd quoted = EndOfQuoted(left.substr(end));
        if (quoted.bytes == std::string_view::npos) break;
        if (fault.empty()) fault = quoted.fault;
        end += quoted.bytes;
        continue;
      }
      if (left[end] == open) ++depth;
      if (left[end] == close && --depth == 0) {
        if (fault.empty()) {
          Add(kind, std::string(left.substr(0, end + 1)));
        } else {
          Bad(std::move(fault));
        }
        return Advance(end + 1);
      }
      ++end;
    }
    out_.open = true;
    Bad(base::Cat("the bracket ", left.substr(0, skip + 1), " is not closed"));
    Advance(left.size());
  }

  struct QuotedEnd {
    std::size_t bytes = 0;  // npos: it has none
    std::string fault;
  };

  // A string that cannot be read - it holds a variable - ends at its mark all the same.
  static QuotedEnd EndOfQuoted(std::string_view text) {
    const auto quoted = ReadQuoted(text);
    if (quoted.ok()) return {quoted->bytes, ""};
    const std::size_t mark = QuoteAt(text).bytes;
    const auto end = text.find(text.substr(0, mark), mark);
    return {end == std::string_view::npos ? end : end + mark,
            std::string(base::MessageOf(quoted.status()))};
  }

  void String() {
    auto quoted = ReadQuoted(rest());
    if (quoted.ok()) {
      Add(Kind::kString, std::move(quoted->text));
      return Advance(quoted->bytes);
    }
    QuotedEnd end = EndOfQuoted(rest());
    Bad(std::move(end.fault));
    out_.open = out_.open || end.bytes == std::string_view::npos;
    Advance(std::min(end.bytes, rest().size()));
  }

  // "-Name", "-Name:", "--name", "--name="; false: it is a word like "-1" or "--".
  bool Parameter(std::size_t dash) {
    const std::string_view left = rest();
    const bool two = left.substr(dash).starts_with("-");
    std::size_t end = dash + (two ? 1 : 0);
    const std::size_t begin = end;
    if (end >= left.size() || !(IsLetter(left[end]) || left[end] == '?')) return false;
    while (end < left.size() &&
           (IsNameCharacter(left[end]) || left[end] == '?' || (two && left[end] == '-')))
      ++end;
    std::string name(left.substr(begin, end - begin));
    std::erase(name, '-');
    const bool colon = end < left.size() && left[end] == (two ? '=' : ':');
    Add(Kind::kParameter, std::move(name), colon);
    Advance(end + (colon ? 1 : 0));
    return true;
  }

  void Bare() {
    std::string word;
    const std::size_t begin = at_;
    while (at_ < text_.size() && !EndsWord(text_[at_])) {
      const std::string_view left = rest();
      if (left.starts_with(kNoBreakSpace) || ContinuationAt(left) > 0) break;
      if (left[0] == '`') {
        const Quoted escape = ReadEscape(left.substr(1));
        word += escape.text;
        Advance(1 + escape.bytes);
      } else if (at_ > begin && QuoteAt(left).kind != Quote::kNone) {
        const auto quoted = ReadQuoted(left);
        if (!quoted.ok()) return String();
        word += quoted->text;
        Advance(quoted->bytes);
      } else {
        word.push_back(left[0]);
        Advance(1);
      }
    }
    Add(Kind::kWord, std::move(word));
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  Lexed out_;
};

}  // namespace

std::size_t PromptAt(std::string_view text) {
  const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::string_view left = line.substr(begin);
  if (left.starts_with(">>")) return begin + 2;
  for (const std::string_view mark : {"[PS]", "PS ", "[postern]"}) {
    if (!base::StartsWithIgnoreCase(left, mark)) continue;
    const auto end = left.find('>');
    if (end != std::string_view::npos) return begin + end + 1;
  }
  return 0;
}

Lexed Lex(std::string_view text) {
  return Lexer(text).Run();
}

}  // namespace postern::cli
