#include "cli/command_line.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::cli {

namespace {

constexpr char kAbout[] =
    "postern: the management shell of Postern.\n"
    "Verbs are matched without regard to case; postern <verb> --help explains one.\n";

constexpr char kExamples[] =
    "Examples:\n"
    "  postern Get-Queue\n"
    "  postern Get-Message --queue contoso.com --output json\n"
    "  postern Test-Route joe@contoso.com --size 10MB\n"
    "  postern Send-Message mail.eml --from ann@example.com --to joe@contoso.com\n"
    "  postern New-Token --identity billing --roles submit\n"
    "Options may stand before or after the verb, and in the environment, as POSTERN_SERVER.\n";

constexpr absl::Duration kSendTimeout = absl::Minutes(10);

// What CLI11 fills; ParseCommandLine makes a CommandLine of it.
struct Words {
  ConnectionOptions connection;
  std::string server = "127.0.0.1:7172";
  std::string submission = "127.0.0.1:7171";
  std::string output = "table";
  std::string timeout;
  v1::GetMessageRequest get_message;
  std::string connector;
  std::string queue;
  std::string message;
  std::string message_queue;
  std::string recipient;
  std::string size = "0";
  std::uint32_t result_size = 0;
  bool include_recipients = false;
  SendMessageOptions send;
  SalvageStoreOptions salvage;
  NewUserHashOptions user;
  NewTokenOptions token;
};

void AddGlobal(CLI::App& app, Words& words) {
  const auto add = [&](const char* flag, std::string& into, const char* about, const char* name) {
    return app.add_option(flag, into, about)->envname(name)->group("Connection");
  };
  add("--server", words.server, "Admin port of a mailbox-transport, host:port", "POSTERN_SERVER")
      ->capture_default_str();
  add("--submission", words.submission, "Its submission port, for Send-Message",
      "POSTERN_SUBMISSION")
      ->capture_default_str();
  ConnectionOptions& connection = words.connection;
  add("--ca", connection.ca_file,
      "PEM file of the authorities that sign the services' certificates", "POSTERN_CA");
  add("--certificate", connection.certificate_file, "PEM file of your certificate",
      "POSTERN_CERTIFICATE");
  add("--key", connection.key_file, "PEM file of its private key", "POSTERN_KEY");
  add("--token-file", connection.token_file, "File with a bearer token, instead of a certificate",
      "POSTERN_TOKEN_FILE");
  add("--trust-domain", connection.trust_domain, "SPIFFE trust domain of the services",
      "POSTERN_TRUST_DOMAIN")
      ->capture_default_str();
  app.add_flag("--insecure-plaintext", connection.insecure_plaintext,
               "No TLS: for a development service on this machine")
      ->envname("POSTERN_INSECURE_PLAINTEXT")
      ->group("Connection");
  add("--timeout", words.timeout, "How long to wait: 30s, 5m (default 30s; Send-Message 10m)",
      "POSTERN_TIMEOUT");
  app.add_option("--output", words.output, "table or json")
      ->envname("POSTERN_OUTPUT")
      ->check(CLI::IsMember({"table", "json"}, CLI::ignore_case))
      ->capture_default_str();
}

void AddQueries(CLI::App& app, Words& words) {
  CLI::App& connector = *app.add_subcommand("Get-SendConnector", "Shows Send connectors");
  connector.add_option("identity", words.connector, "Its name; all without");

  CLI::App& queue = *app.add_subcommand("Get-Queue", "Shows queues of the server");
  queue.add_option("identity", words.queue,
                   "Submission, Unreachable, a next-hop domain or a number; all without");

  CLI::App& message = *app.add_subcommand("Get-Message", "Shows queued messages");
  message.add_option("identity", words.message, "A message's number; all without");
  message.add_option("--queue", words.message_queue, "Only those in this queue");
  message.add_option("--result-size", words.result_size, "At most so many (default 1000)")
      ->check(CLI::Range(1, 250000));
  message.add_flag("--include-recipients", words.include_recipients,
                   "With the recipients, in JSON; one message always shows them");

  CLI::App& route = *app.add_subcommand(
      "Test-Route", "Explains which connector a recipient's mail takes, and why not the others");
  route.add_option("address", words.recipient, "The recipient")->required();
  route.add_option("--size", words.size, "Size of the message: 10MB")->capture_default_str();
}

void AddSend(CLI::App& app, Words& words) {
  SendMessageOptions& send = words.send;
  CLI::App& verb = *app.add_subcommand("Send-Message", "Submits a message from a file");
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
}

void AddLocal(CLI::App& app, Words& words) {
  CLI::App& salvage = *app.add_subcommand(
      "Salvage-Store",
      "Copies the readable messages out of a damaged store; the service is stopped");
  salvage.add_option("path", words.salvage.store, "Folder of the store")->required();
  salvage.add_option("--out", words.salvage.out, "An empty folder for the messages")->required();

  CLI::App& user = *app.add_subcommand(
      "New-UserHash",
      "Prints a line for accept.users_file; the password comes from standard input");
  user.add_option("name", words.user.name, "Name of the user")->required();

  CLI::App& token =
      *app.add_subcommand("New-Token", "Makes a token and its line of rpc.tokens_file");
  token.add_option("--identity", words.token.identity, "Whose token it is")->required();
  token
      .add_option("--roles", words.token.roles,
                  "Some of submit,relay,proxy,read,operate,administer")
      ->required();
}

absl::StatusOr<Verb> QueryOf(const std::string& name, const Words& words) {
  if (name == "Get-SendConnector") {
    v1::GetSendConnectorRequest request;
    request.set_identity(words.connector);
    return request;
  }
  if (name == "Get-Queue") {
    v1::GetQueueRequest request;
    request.set_identity(words.queue);
    return request;
  }
  if (name == "Get-Message") {
    v1::GetMessageRequest request;
    request.set_identity(words.message);
    request.set_queue(words.message_queue);
    request.set_result_size(words.result_size);
    request.set_include_recipients(words.include_recipients || !words.message.empty());
    return request;
  }
  const auto size = base::ParseSize(words.size);
  if (!size.ok()) return base::Annotate(size.status(), base::Cat("--size ", words.size));
  v1::TestRouteRequest request;
  request.set_recipient(words.recipient);
  request.set_size(*size);
  return request;
}

absl::StatusOr<Verb> VerbOf(const std::string& name, const Words& words) {
  if (name == "Send-Message") return words.send;
  if (name == "Salvage-Store") return words.salvage;
  if (name == "New-UserHash") return words.user;
  if (name == "New-Token") return words.token;
  return QueryOf(name, words);
}

absl::StatusOr<CommandLine> Understood(const std::string& name, const Words& words) {
  CommandLine line;
  auto verb = VerbOf(name, words);
  if (!verb.ok()) return verb.status();
  line.verb = std::move(*verb);
  line.connection = words.connection;
  const bool sends = name == "Send-Message";
  line.connection.address = sends ? words.submission : words.server;
  if (sends) line.connection.timeout = kSendTimeout;
  if (!words.timeout.empty()) {
    const auto timeout = base::ParseTimeSpan(words.timeout);
    if (!timeout.ok() || *timeout <= absl::ZeroDuration()) {
      return base::Error(absl::StatusCode::kInvalidArgument, "--timeout ", words.timeout,
                         ": write a time above zero, as 30s or 5m");
    }
    line.connection.timeout = *timeout;
  }
  line.output = base::EqualsIgnoreCase(words.output, "json") ? Output::kJson : Output::kTable;
  return line;
}

absl::Status Wrong(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, what, "; postern --help shows the verbs");
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  Words words;
  CLI::App app(kAbout, "postern");
  app.footer(kExamples);
  app.set_help_all_flag("--help-all", "Help for every verb");
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobal(app, words);
  AddQueries(app, words);
  AddSend(app, words);
  AddLocal(app, words);
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  for (CLI::App* verb : app.get_subcommands({})) {
    verb->ignore_case()->fallthrough()->group("Verbs");
    verb->set_help_all_flag();
    verb->footer("postern --help shows how to connect, and examples.");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    std::ostringstream help;
    std::ostringstream errors;
    app.exit(asked, help, errors);
    CommandLine line;
    line.help = help.str();
    return line;
  } catch (const CLI::RequiredError& error) {
    // Without a verb the first word that nothing took stands where one belongs.
    const auto rest = app.remaining();
    if (!app.get_subcommands().empty()) return Wrong(error.what());
    if (rest.empty()) return Wrong("say which verb");
    return Wrong(base::Cat("\"", base::Printable(rest.front()), "\" is not a verb"));
  } catch (const CLI::Error& error) {
    return Wrong(error.what());
  }
  return Understood(app.get_subcommands().front()->get_name(), words);
}

}  // namespace postern::cli
