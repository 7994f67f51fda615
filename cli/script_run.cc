#include "cli/script_run.h"

#include <filesystem>
#include <fstream>
#include <istream>
#include <map>
#include <optional>
#include <vector>

#include "cli/help.h"
#include "cli/mail_parameters.h"
#include "cli/script_lexer.h"
#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

constexpr std::string_view kPrompt = "[postern] > ";
constexpr std::string_view kMore = ">> ";

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

bool IsEnd(const ScriptLine& line) {
  return base::EqualsIgnoreCase(line.name, "exit") || base::EqualsIgnoreCase(line.name, "quit");
}

bool CanBeTried(const Cmdlet& cmdlet) {
  for (const Parameter* parameter : ParametersOf(cmdlet)) {
    if (parameter->name == "WhatIf") return true;
  }
  return false;
}

// Whether the word gives -WhatIf, by whichever of its names, and is right.
bool IsWhatIf(const Cmdlet& cmdlet, const Word& word) {
  Complaints complaints;
  return Bind(cmdlet, {word}, complaints).Find("WhatIf") != nullptr;
}

// The words of a plain verb as they would stand on a command line; of a list each with its option.
std::vector<std::string> PlainWords(const ScriptLine& line) {
  std::vector<std::string> words = {line.name};
  std::string option;
  for (const Word& word : line.words) {
    if (!word.parameter.empty()) {
      option = base::Cat("-", word.parameter);
      words.push_back(option);
      if (word.value) words.back() += base::Cat(":", word.value->ToString());
    } else if (word.value->kind == Literal::Kind::kList && !option.empty()) {
      for (std::size_t i = 0; i < word.value->values.size(); ++i) {
        if (i > 0) words.push_back(option);
        words.push_back(word.value->values[i]);
      }
    } else {
      words.push_back(word.value->ToString());
    }
  }
  return words;
}

absl::StatusOr<Verb> UnderstoodCmdlet(const Cmdlet& cmdlet, const ScriptLine& line, bool what_if) {
  if (cmdlet.action == Action::kInvokeScript || cmdlet.action == Action::kShell ||
      cmdlet.action == Action::kCompletion) {
    return Invalid(cmdlet.name, " is not run from a script");
  }
  if (line.view && cmdlet.action != Action::kGet && cmdlet.action != Action::kTrack &&
      !ReadsMail(cmdlet.action)) {
    return Invalid("Format-List and Format-Table follow a Get- of resources");
  }
  std::vector<Word> words = line.words;
  if (what_if && CanBeTried(cmdlet)) {
    std::erase_if(words, [&cmdlet](const Word& word) { return IsWhatIf(cmdlet, word); });
    words.push_back({.parameter = "WhatIf"});
  }
  auto call = UnderstoodCall(cmdlet, words);
  if (!call.ok()) return call.status();
  if (line.view) {
    call->view = *line.view;
    call->viewed = true;
  }
  return *std::move(call);
}

// A line as a verb; kInvalidArgument: it cannot be understood.
absl::StatusOr<Verb> UnderstoodLine(const ScriptLine& line, bool what_if, const Session& session) {
  if (!line.fault.empty()) return Invalid(line.fault);
  if (const Cmdlet* cmdlet = FindCmdlet(line.name)) return UnderstoodCmdlet(*cmdlet, line, what_if);
  if (FindPlainVerb(line.name) == nullptr) {
    return Invalid("\"", base::Printable(line.name), "\" is not a verb; postern --help shows them");
  }
  if (what_if) return Invalid(line.name, " cannot be tried with -WhatIf");
  if (line.view) return Invalid("Format-List and Format-Table follow a Get- of resources");
  auto read = ParseVerb(PlainWords(line), session.options);
  if (!read.ok()) return read.status();
  return std::move(read->verb);
}

// What the lines of one script have in common while it runs.
class ScriptRun {
 public:
  ScriptRun(std::string name, bool what_if, Session& session)
      : name_(std::move(name)), what_if_(what_if), session_(session) {}

  // Reads every line; prints what cannot be understood.
  bool Understand(const Script& script) {
    bool good = true;
    for (const ScriptLine& line : script.lines) {
      if (IsEnd(line)) break;
      auto verb = UnderstoodLine(line, what_if_, session_);
      if (!verb.ok()) Print(verb.status(), line.number);
      good = good && verb.ok();
      lines_.push_back(&line);
      verbs_.push_back(std::move(verb));
    }
    return good;
  }

  // The number of lines that failed.
  int Run(bool goes_on) {
    int failed = 0;
    for (std::size_t i = 0; i < verbs_.size(); ++i) {
      const absl::Status done =
          verbs_[i].ok() ? RunLine(*lines_[i], *verbs_[i]) : verbs_[i].status();
      if (done.ok()) continue;
      ++failed;
      if (verbs_[i].ok()) Print(done, lines_[i]->number);
      if (!goes_on) break;
    }
    return failed;
  }

 private:
  // Who types a line knows which it is.
  std::string PlaceOf(int line) const {
    return name_.empty() ? "postern: " : base::Cat(name_, ":", line, ": ");
  }

  void Print(const absl::Status& status, int line) {
    PrintFailure(status, ForTerminal(PlaceOf(line)), session_.shell);
  }

  absl::Status RunLine(const ScriptLine& line, const Verb& verb) {
    Shell& shell = session_.shell;
    // Data is for other programs: then what is done is told beside it.
    std::ostream& to = shell.output == Output::kTable ? shell.out : shell.err;
    if (!name_.empty()) {
      to << ForTerminal(base::Cat(PlaceOf(line.number), line.name)) << '\n' << std::flush;
    }
    const auto* call = std::get_if<CmdletCall>(&verb);
    if (call == nullptr) return Flushed(RunVerb(verb, session_));
    if (const int before = LineThatCreates(*call); before > 0) {
      to << ForTerminal(base::Cat("What if: \"", call->identity, "\" would be there from line ",
                                  before, " on, so this line is not tried"))
         << '\n';
      return absl::OkStatus();
    }
    const absl::Status done = Flushed(RunVerb(verb, session_));
    if (done.ok()) NoteCreated(*call, line.number);
    return done;
  }

  // What was only tried is there all the same once a later line makes it.
  void NoteCreated(const CmdletCall& call, int line) {
    if (call.line.cmdlet->action != Action::kNew) return;
    const std::string key = Key(call.kind(), NameOf(call.change.resource));
    if (call.what_if()) {
      created_[key] = line;
    } else {
      created_.erase(key);
    }
  }

  // What a line printed stands before what the next one says on standard error.
  absl::Status Flushed(absl::Status done) {
    session_.shell.out.flush();
    return done;
  }

  static std::string Key(std::string_view kind, std::string_view name) {
    return base::LowerAscii(base::Cat(kind, "/", name));
  }

  // 0 when the resource of the call does not wait for an earlier line that was only tried. A line
  // that changes something is never passed over: it fails where the resource is not there.
  int LineThatCreates(const CmdletCall& call) const {
    if (!what_if_ && !call.what_if()) return 0;
    const auto found = created_.find(Key(call.kind(), call.identity));
    return found == created_.end() || call.identity.empty() ? 0 : found->second;
  }

  const std::string name_;
  const bool what_if_;
  Session& session_;
  std::vector<const ScriptLine*> lines_;
  std::vector<absl::StatusOr<Verb>> verbs_;
  std::map<std::string, int> created_;
};

absl::StatusOr<std::string> ReadAll(std::istream& in) {
  std::string text(kScriptBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return absl::DataLossError("the script cannot be read to its end");
  return text;
}

absl::StatusOr<std::string> ReadScriptFile(const std::string& path, Shell& shell) {
  if (path == "-") return ReadAll(shell.in);
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    return Invalid(path, ": the file cannot be read");
  }
  return ReadAll(file);
}

// "help", "Get-Help New-Site" and "New-Site -?".
std::optional<std::string> HelpAsked(const ScriptLine& line) {
  if (base::EqualsIgnoreCase(line.name, "help") || base::EqualsIgnoreCase(line.name, "Get-Help")) {
    const bool named = !line.words.empty() && line.words.front().value;
    const Cmdlet* cmdlet = named ? FindCmdlet(line.words.front().value->ToString()) : nullptr;
    return cmdlet == nullptr ? HelpForAll() : HelpFor(*cmdlet);
  }
  const Cmdlet* cmdlet = FindCmdlet(line.name);
  for (const Word& word : line.words) {
    if (cmdlet != nullptr && word.parameter == "?") return HelpFor(*cmdlet);
  }
  return std::nullopt;
}

}  // namespace

absl::Status InvokeScript(const CmdletCall& call, Session& session) {
  const std::string path = call.line.Text("Path");
  const auto text = ReadScriptFile(path, session.shell);
  if (!text.ok()) return text.status();
  const bool from_input = path == "-";
  // Answers cannot be read from where the script comes from.
  if (from_input) session.shell.in_is_terminal = false;
  const Script script = ReadScript(*text);
  ScriptRun run(from_input ? "standard input" : path, call.what_if(), session);
  const bool goes_on = call.line.Has("Continue");
  if (!run.Understand(script) && !goes_on) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "nothing was run: put these lines right, or give -Continue");
  }
  const int failed = run.Run(goes_on);
  if (failed == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition,
                     goes_on
                         ? base::Cat(failed, " of ", script.lines.size(), " lines failed")
                         : std::string("the script ended at the line that failed; what was done "
                                       "before it stays"));
}

absl::Status RunShell(Session& session) {
  Shell& shell = session.shell;
  std::string text;
  std::string line;
  int typed = 0;
  int failed = 0;
  const auto ask = [&](std::string_view prompt) {
    if (shell.in_is_terminal) shell.out << prompt << std::flush;
    return static_cast<bool>(std::getline(shell.in, line));
  };
  while (ask(text.empty() ? kPrompt : kMore)) {
    text += base::Cat(text.empty() ? "" : "\n", line);
    const Script script = ReadScript(text);
    // An empty line ends what would wait for ever.
    if (script.open && !base::Trim(line).empty() && text.size() <= kScriptBytesMax) continue;
    text.clear();
    if (script.lines.empty()) continue;
    if (IsEnd(script.lines.front())) break;
    if (const auto help = HelpAsked(script.lines.front())) {
      shell.out << *help;
      continue;
    }
    ++typed;
    ScriptRun run("", false, session);
    if (!run.Understand(script) || run.Run(false) > 0) ++failed;
  }
  if (!text.empty()) {
    ++typed;
    ++failed;
    PrintFailure(Invalid("\"", base::Printable(text),
                         "\" is not run: the input ends in the middle of the line"),
                 "postern: ", shell);
  }
  if (shell.in_is_terminal) shell.out << '\n';
  // Who types has seen it, and ends the shell as he likes.
  if (shell.in_is_terminal || failed == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, failed, " of ", typed, " lines failed");
}

}  // namespace postern::cli
