#include "cli/local_verbs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <termios.h>
#include <unistd.h>

#include "cli/table.h"
#include "common/base/text.h"
#include "common/rpc/identity.h"
#include "common/tls/digest.h"
#include "common/tls/password_hash.h"
#include "services/mailbox-transport/app/rescue.h"
#include "services/mailbox-transport/store/salvage.h"

namespace postern::cli {

namespace {

constexpr std::size_t kPasswordBytesMax = 1024;
constexpr std::size_t kNameBytesMax = 256;

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

// While it lives, what is typed is not shown.
class Silence {
 public:
  explicit Silence(bool terminal) : on_(terminal && tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!on_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }

  ~Silence() {
    if (on_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool on_;
};

// A word of a users or tokens file.
bool IsWord(std::string_view text, std::string_view without) {
  return !text.empty() && text.size() <= kNameBytesMax && text.front() != '#' &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return c > ' ' && c <= '~' && without.find(c) == std::string_view::npos;
         });
}

absl::StatusOr<std::string> ReadPassword(const std::string& name, Shell& shell) {
  if (shell.in_is_terminal) shell.err << "password of " << name << ": " << std::flush;
  std::string password;
  {
    const Silence silence(shell.in_is_terminal);
    std::getline(shell.in, password);
  }
  if (shell.in_is_terminal) shell.err << '\n';
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty()) return Invalid("no password: write it to standard input, in one line");
  if (password.size() > kPasswordBytesMax) {
    return Invalid("the password has more than ", kPasswordBytesMax, " bytes");
  }
  return password;
}

// Printable ASCII, as both JSON and YAML take it.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

// Names with values that are written as JSON has them.
void PrintFields(const std::vector<std::pair<std::string, std::string>>& fields, Shell& shell) {
  const bool json = shell.output == Output::kJson;
  std::vector<std::string> parts;
  for (const auto& [name, value] : fields)
    parts.push_back(json ? base::Cat("\"", name, "\": ", value) : base::Cat(name, ": ", value));
  shell.out << (json ? base::Cat("{", base::Join(parts, ", "), "}\n")
                     : base::Cat(base::Join(parts, "\n"), "\n"));
}

}  // namespace

absl::Status SalvageStore(const std::string& store, const std::string& out, Shell& shell) {
  const auto report = store::Salvage(store, out);
  if (!report.ok()) return report.status();
  for (const std::string& note : report->notes)
    shell.err << ForTerminal(note) << '\n';
  if (report->rebuilt) {
    shell.err << "the store was read piece by piece: messages that were already delivered may be "
                 "among these\n";
  }
  if (shell.output != Output::kTable) {
    PrintFields({{"messages", base::Cat(report->messages)},
                 {"incomplete", base::Cat(report->incomplete)},
                 {"unreadable", base::Cat(report->unreadable)},
                 {"rebuilt", base::Cat(report->rebuilt)}},
                shell);
    return absl::OkStatus();
  }
  shell.out << RenderList({{"Messages", base::Cat(report->messages)},
                           {"Incomplete", base::Cat(report->incomplete)},
                           {"Unreadable", base::Cat(report->unreadable)},
                           {"Folder", out}});
  return absl::OkStatus();
}

absl::Status RescueQueue(const RescueQueueOptions& options,
                         const ConnectionOptions& connection,
                         Shell& shell) {
  app::RescueOptions rescue;
  rescue.store_path = options.store;
  rescue.server = options.to;
  rescue.rpc.certificate_file.value = connection.certificate_file;
  rescue.rpc.key_file.value = connection.key_file;
  rescue.rpc.ca_file.value = connection.ca_file;
  rescue.rpc.trust_domain.value = connection.trust_domain;
  rescue.rpc.insecure_plaintext.value = connection.insecure_plaintext;
  rescue.progress = [&shell](const app::RescueReport& now) {
    shell.err << now.rescued << " of " << now.found << " rescued" << std::endl;
  };
  const auto report = app::Rescue(rescue);
  if (!report.ok()) return report.status();
  if (shell.output != Output::kTable) {
    PrintFields({{"found", base::Cat(report->found)},
                 {"rescued", base::Cat(report->rescued)},
                 {"kept", base::Cat(report->kept)},
                 {"inHand", base::Cat(report->in_hand)},
                 {"error", report->error}},
                shell);
  } else {
    shell.out << RenderList({{"Messages", base::Cat(report->found)},
                             {"Rescued", base::Cat(report->rescued)},
                             {"Kept", base::Cat(report->kept)},
                             {"InHand", base::Cat(report->in_hand)}});
  }
  if (report->kept == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, report->kept,
                     " messages are still in the store: ", report->error);
}

absl::Status NewUserHash(const std::string& name, Shell& shell) {
  if (!IsWord(name, ":")) {
    return Invalid("user name \"", base::Printable(name),
                   "\": printable ASCII without spaces and colons, at most ", kNameBytesMax,
                   " bytes");
  }
  const auto password = ReadPassword(name, shell);
  if (!password.ok()) return password.status();
  const std::string hash = tls::HashPassword(*password).ToString();
  if (shell.output != Output::kTable) {
    PrintFields({{"user", Quoted(name)}, {"hash", Quoted(hash)}}, shell);
  } else {
    shell.out << name << ':' << hash << '\n';
  }
  return absl::OkStatus();
}

absl::Status NewToken(const NewTokenOptions& options, base::Random& random, Shell& shell) {
  if (!IsWord(options.identity, "\"\\")) {
    return Invalid("--identity \"", base::Printable(options.identity),
                   "\": printable ASCII without spaces, quotes and backslashes, at most ",
                   kNameBytesMax, " bytes");
  }
  const auto roles = rpc::Roles::Parse(options.roles);
  if (!roles.ok()) return Invalid("--roles: ", base::MessageOf(roles.status()));
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t word = random.Next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  const std::string token = base::Hex(bytes);
  tls::Sha256 hash;
  hash.Update(token);
  std::string words;
  for (int role = 0; role <= static_cast<int>(rpc::Role::kAdminister); ++role) {
    if (!roles->Has(static_cast<rpc::Role>(role))) continue;
    words.append(words.empty() ? "" : ",").append(rpc::NameOf(static_cast<rpc::Role>(role)));
  }
  const std::string line = base::Cat(base::Hex(hash.Finish()), ' ', options.identity, ' ', words);
  if (shell.output != Output::kTable) {
    PrintFields({{"token", Quoted(token)}, {"line", Quoted(line)}}, shell);
    return absl::OkStatus();
  }
  shell.out << RenderList(
      {{"Token (for the application)", token}, {"Line (for rpc.tokens_file)", line}});
  return absl::OkStatus();
}

}  // namespace postern::cli
