#include "cli/command_line.h"

#include <algorithm>
#include <sstream>

#include "absl/strings/ascii.h"
#include <CLI/CLI.hpp>

#include "cli/help.h"
#include "common/base/text.h"
#include "common/observe/process_metrics.h"

namespace postern::cli {

namespace {

constexpr std::string_view kMail = "Queues and messages";
constexpr std::string_view kLocal = "Without a service";

constexpr PlainVerb kPlainVerbs[] = {
    {"Send-Message", kMail, "Submits a message from a file"},
    {"Redirect-Message", kMail, "Hands the queues of the server to other servers"},
    {"Drain-Server", kMail, "Hands its queues to others of its site, and refuses new mail"},
    {"Salvage-Store", kLocal,
     "Copies what is readable out of a damaged store; the service is stopped"},
    {"Rescue-Queue", kLocal, "Hands what is in the store of a stopped service to a running server"},
    {"New-UserHash", kLocal,
     "Prints a line for accept.users_file; reads the password from its input"},
    {"New-Token", kLocal, "Makes a token and its line of rpc.tokens_file"},
};

// What CLI11 fills; VerbOf makes a Verb of it.
struct Words {
  SendMessageOptions send;
  DrainOptions drain;
  SalvageStoreOptions salvage;
  RescueQueueOptions rescue;
  NewUserHashOptions user;
  NewTokenOptions token;
};

CLI::App& Add(CLI::App& app, std::string_view name) {
  return *app.add_subcommand(std::string(name), std::string(FindPlainVerb(name)->about));
}

void AddSend(CLI::App& app, Words& words) {
  SendMessageOptions& send = words.send;
  CLI::App& verb = Add(app, "Send-Message");
  verb.add_option("file", send.file, "The message (RFC 5322), or - for standard input")->required();
  verb.add_option("--from", send.from, "Envelope sender; \"<>\" for none")->required();
  verb.add_option("--to", send.to, "Envelope recipients; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb.add_option("--idempotency-key", send.idempotency_key,
                  "Sending again with the same key within a day gives the first receipt");
  verb.add_option("--notify", send.notify, "never, or some of success,failure,delay");
  verb.add_option("--ret", send.ret, "What a failure notice returns: full or hdrs");
  verb.add_option("--envid", send.envid, "Envelope id of the notices");
  verb.add_option("--body", send.body, "7bit or 8bitmime");
  verb.add_flag("--require-tls", send.require_tls,
                "Only by hosts that protect it all the way (REQUIRETLS)");
}

void AddDrain(CLI::App& app, Words& words) {
  DrainOptions& drain = words.drain;
  for (const std::string_view name : {"Redirect-Message", "Drain-Server"}) {
    CLI::App& verb = Add(app, name);
    verb.add_option("--target", drain.targets,
                    "A server that takes them; may be repeated; without it all others of the site")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb.add_option("--seconds", drain.seconds, "End after so long; what is left stays queued")
        ->check(CLI::Range(1, 7 * 24 * 3600));
    verb.add_option("--source", drain.server,
                    "-Server of Exchange: the server that is emptied, by its name in the "
                    "directory; without it the one that is asked");
    verb.add_flag("--undo", drain.undo,
                  name == "Drain-Server"
                      ? "The server takes new mail again, which it refuses from the command on"
                      : "The server takes new mail again at once, not 30 s after the command");
    verb.add_flag("--what-if", drain.what_if,
                  "Tells what would be handed to whom, and does nothing");
  }
}

void AddLocal(CLI::App& app, Words& words) {
  CLI::App& salvage = Add(app, "Salvage-Store");
  salvage.add_option("path", words.salvage.store, "Folder of the store")->required();
  salvage.add_option("--out", words.salvage.out, "An empty folder for the messages")->required();

  CLI::App& rescue = Add(app, "Rescue-Queue");
  rescue.add_option("path", words.rescue.store, "Folder of the store")->required();
  rescue.add_option("--to", words.rescue.to, "Its address: host:7172")->required();

  CLI::App& user = Add(app, "New-UserHash");
  user.add_option("name", words.user.name, "Name of the user")->required();

  CLI::App& token = Add(app, "New-Token");
  token.add_option("--identity", words.token.identity, "Whose token it is")->required();
  token
      .add_option("--roles", words.token.roles,
                  "Some of submit,relay,proxy,read,operate,administer")
      ->required();
}

void AddVerbs(CLI::App& app, Words& words) {
  AddSend(app, words);
  AddDrain(app, words);
  AddLocal(app, words);
  app.require_subcommand(1);
  for (CLI::App* verb : app.get_subcommands({})) {
    verb->ignore_case();
    verb->footer("postern --help shows how to connect, and examples.");
  }
}

Verb VerbOf(const std::string& name, const Words& words) {
  if (name == "Send-Message") return words.send;
  if (name == "Redirect-Message" || name == "Drain-Server") {
    DrainOptions drain = words.drain;
    drain.hold = name == "Drain-Server";
    return drain;
  }
  if (name == "Salvage-Store") return words.salvage;
  if (name == "Rescue-Queue") return words.rescue;
  if (name == "New-UserHash") return words.user;
  return words.token;
}

absl::Status Wrong(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, what, "; postern --help shows the verbs");
}

bool AsksForHelp(std::string_view word) {
  return word == "-h" || word == "-?" || base::EqualsIgnoreCase(word, "--help") ||
         base::EqualsIgnoreCase(word, "-Help");
}

bool Drains(std::string_view name) {
  return name == "Redirect-Message" || name == "Drain-Server";
}

// "idempotencykey" of "--idempotency-key".
std::string LettersOf(std::string_view flag) {
  std::string letters = base::LowerAscii(flag);
  std::erase(letters, '-');
  return letters;
}

// -Target b as --target b, -Server a of Exchange's Redirect-Message as --source a. A word with one
// dash that is no option of the verb is told with those that are.
absl::StatusOr<std::string> FlagWord(const PlainVerb& verb, std::string_view word) {
  const std::size_t colon = std::min(word.find(':'), word.size());
  const std::string_view name = word.substr(1, colon - 1);
  const std::vector<std::string> flags = FlagsOf(verb);
  std::string letters = LettersOf(name);
  if (letters == "server" && Drains(verb.name)) letters = "source";
  std::string known;
  for (const std::string& flag : flags) {
    if (LettersOf(flag) == letters) {
      return base::Cat(flag, colon == word.size() ? "" : "=",
                       word.substr(std::min(colon + 1, word.size())));
    }
    if (flag != "--help") known += base::Cat(known.empty() ? "" : ", ", flag);
  }
  return base::Error(absl::StatusCode::kInvalidArgument, "-", base::Printable(name),
                     ": is not a parameter of ", verb.name, ", which takes ", known,
                     Drains(verb.name) ? "; -Server and -Target as in Exchange" : "");
}

// Exchange asks before it redirects and we do not: then -Confirm:$false asks for nothing.
bool AsksNoConfirmation(std::string_view word) {
  return base::EqualsIgnoreCase(word, "-Confirm:$false") ||
         base::EqualsIgnoreCase(word, "-Confirm:false");
}

absl::StatusOr<std::vector<std::string>> InFlags(const std::vector<std::string>& words) {
  const PlainVerb* const verb = FindPlainVerb(words.front());
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const bool named = word.size() > 1 && word[0] == '-' &&
                       absl::ascii_isalpha(static_cast<unsigned char>(word[1]));
    if (verb == nullptr || !named || AsksForHelp(word)) {
      out.push_back(word);
    } else if (!(Drains(verb->name) && AsksNoConfirmation(word))) {
      auto flag = FlagWord(*verb, word);
      if (!flag.ok()) return flag.status();
      out.push_back(*std::move(flag));
    }
  }
  return out;
}

absl::Status ReadPlain(const std::vector<std::string>& words, CommandLine& line) {
  Words read;
  CLI::App app("", "postern");
  AddVerbs(app, read);
  const auto flags = InFlags(words);
  if (!flags.ok()) return flags.status();
  std::vector<const char*> argv = {"postern"};
  for (const std::string& word : *flags)
    argv.push_back(word.c_str());
  try {
    app.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const CLI::Success& asked) {
    std::ostringstream help;
    std::ostringstream errors;
    app.exit(asked, help, errors);
    line.help = help.str();
    return absl::OkStatus();
  } catch (const CLI::Error& error) {
    return Wrong(error.what());
  }
  line.verb = VerbOf(app.get_subcommands().front()->get_name(), read);
  return absl::OkStatus();
}

absl::Status ReadCmdlet(const Cmdlet& cmdlet,
                        const std::vector<std::string>& arguments,
                        CommandLine& line) {
  if (std::any_of(arguments.begin(), arguments.end(), AsksForHelp)) {
    line.help = HelpFor(cmdlet);
    return absl::OkStatus();
  }
  auto call = UnderstoodCall(cmdlet, WordsOf(arguments));
  if (!call.ok()) return call.status();
  line.verb = *std::move(call);
  return absl::OkStatus();
}

}  // namespace

std::span<const PlainVerb> PlainVerbs() {
  return kPlainVerbs;
}

const PlainVerb* FindPlainVerb(std::string_view name) {
  for (const PlainVerb& verb : kPlainVerbs) {
    if (base::EqualsIgnoreCase(verb.name, name)) return &verb;
  }
  return nullptr;
}

std::vector<std::string> FlagsOf(const PlainVerb& verb) {
  Words words;
  CLI::App app("", "postern");
  AddVerbs(app, words);
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_subcommand(std::string(verb.name))->get_options()) {
    for (const std::string& name : option->get_lnames())
      flags.push_back(base::Cat("--", name));
  }
  return flags;
}

absl::StatusOr<CommandLine> ParseVerb(const std::vector<std::string>& words,
                                      const GlobalOptions& options) {
  CommandLine line;
  line.options = options;
  if (words.empty()) return Wrong("say which verb");
  if (AsksForHelp(words.front())) {
    line.help = HelpForAll();
    return line;
  }
  if (base::EqualsIgnoreCase(words.front(), "--version")) {
    line.help = base::Cat("postern ", observe::Version(), "\n");
    return line;
  }
  // For tools/docs, which makes a page of it.
  if (words.front() == "--print-parameters") {
    line.help = ParameterLines();
    return line;
  }
  const bool completes = words.size() == 2 && words.front() == "--complete";
  const Cmdlet* cmdlet = FindCmdlet(words.front());
  const PlainVerb* plain = FindPlainVerb(words.front());
  if (cmdlet == nullptr && plain == nullptr && !completes) {
    return Wrong(base::Cat("\"", base::Printable(words.front()), "\" is not a verb"));
  }
  const auto output = OutputOf(options);
  if (!output.ok()) return output.status();
  line.output = *output;
  auto connection = ConnectionFor(options, plain != nullptr && plain->name == "Send-Message");
  if (!connection.ok()) return connection.status();
  line.connection = *std::move(connection);
  // For the script of Completion, which nobody types.
  if (completes) {
    line.verb = CompleteNames{words.back()};
    return line;
  }
  const absl::Status read = cmdlet == nullptr
                                ? ReadPlain(words, line)
                                : ReadCmdlet(*cmdlet, {words.begin() + 1, words.end()}, line);
  if (!read.ok()) return read;
  return line;
}

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  GlobalOptions options;
  const auto words = TakeGlobalOptions({argv + 1, argv + argc}, options);
  if (!words.ok()) return words.status();
  return ParseVerb(*words, options);
}

}  // namespace postern::cli
