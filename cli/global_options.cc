#include "cli/global_options.h"

#include <cstdlib>

#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::cli {

namespace {

constexpr absl::Duration kSendTimeout = absl::Minutes(10);

constexpr GlobalOption kOptions[] = {
    {"--server", "POSTERN_SERVER", "Admin port of a mailbox-transport, host:port (127.0.0.1:7172)",
     &GlobalOptions::server},
    {"--submission", "POSTERN_SUBMISSION", "Its submission port, for Send-Message (127.0.0.1:7171)",
     &GlobalOptions::submission},
    {"--ca", "POSTERN_CA", "PEM file of the authorities that sign the services' certificates",
     &GlobalOptions::ca},
    {"--certificate", "POSTERN_CERTIFICATE", "PEM file of your certificate",
     &GlobalOptions::certificate},
    {"--key", "POSTERN_KEY", "PEM file of its private key", &GlobalOptions::key},
    {"--token-file", "POSTERN_TOKEN_FILE", "File with a bearer token, instead of a certificate",
     &GlobalOptions::token_file},
    {"--trust-domain", "POSTERN_TRUST_DOMAIN",
     "SPIFFE trust domain of the services (postern.local)", &GlobalOptions::trust_domain},
    {"--insecure-plaintext", "POSTERN_INSECURE_PLAINTEXT",
     "No TLS: for a development service on this machine", &GlobalOptions::insecure_plaintext, true},
    {"--timeout", "POSTERN_TIMEOUT", "How long to wait: 30s, 5m (30s; Send-Message 10m)",
     &GlobalOptions::timeout},
    {"--output", "POSTERN_OUTPUT", "table, json or yaml (table)", &GlobalOptions::output},
};

absl::Status Wrong(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

const GlobalOption* Find(std::string_view flag) {
  for (const GlobalOption& option : kOptions) {
    if (base::EqualsIgnoreCase(option.flag, flag)) return &option;
  }
  return nullptr;
}

absl::StatusOr<bool> PlaintextOf(const GlobalOptions& options) {
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (base::EqualsIgnoreCase(options.insecure_plaintext, yes)) return true;
  }
  for (const char* no : {"false", "0", "no", "off", ""}) {
    if (base::EqualsIgnoreCase(options.insecure_plaintext, no)) return false;
  }
  return Wrong("--insecure-plaintext ", options.insecure_plaintext, ": is true or false");
}

}  // namespace

std::span<const GlobalOption> AllGlobalOptions() {
  return kOptions;
}

absl::StatusOr<std::vector<std::string>> TakeGlobalOptions(const std::vector<std::string>& words,
                                                           GlobalOptions& options) {
  for (const GlobalOption& option : kOptions) {
    const char* value = std::getenv(option.environment);
    if (value != nullptr) options.*option.text = value;
  }
  std::vector<std::string> rest;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string_view word = words[at];
    const std::size_t equals = word.find('=');
    const GlobalOption* option = Find(word.substr(0, equals));
    if (option == nullptr) {
      rest.emplace_back(word);
    } else if (equals != std::string_view::npos) {
      options.*option->text = word.substr(equals + 1);
    } else if (option->alone) {
      options.*option->text = "true";
    } else if (at + 1 == words.size()) {
      return Wrong(option->flag, ": a value follows");
    } else {
      options.*option->text = words[++at];
    }
  }
  return rest;
}

absl::StatusOr<Output> OutputOf(const GlobalOptions& options) {
  if (base::EqualsIgnoreCase(options.output, "table")) return Output::kTable;
  if (base::EqualsIgnoreCase(options.output, "json")) return Output::kJson;
  if (base::EqualsIgnoreCase(options.output, "yaml")) return Output::kYaml;
  return Wrong("--output ", options.output, ": is table, json or yaml");
}

absl::StatusOr<ConnectionOptions> ConnectionFor(const GlobalOptions& options, bool submits) {
  ConnectionOptions connection;
  connection.address = submits ? options.submission : options.server;
  connection.certificate_file = options.certificate;
  connection.key_file = options.key;
  connection.ca_file = options.ca;
  connection.trust_domain = options.trust_domain;
  connection.token_file = options.token_file;
  const auto plaintext = PlaintextOf(options);
  if (!plaintext.ok()) return plaintext.status();
  connection.insecure_plaintext = *plaintext;
  if (submits) connection.timeout = kSendTimeout;
  if (options.timeout.empty()) return connection;
  const auto timeout = base::ParseTimeSpan(options.timeout);
  if (!timeout.ok() || *timeout <= absl::ZeroDuration()) {
    return Wrong("--timeout ", options.timeout, ": write a time above zero, as 30s or 5m");
  }
  connection.timeout = *timeout;
  return connection;
}

}  // namespace postern::cli
