// common/smtp/provisions.h
//
// Provisions: what the engines of a service share, made of its settings: whom they trust, what they
// show, what they log in with, and where they write down what was said.
//
// Flow      Make at start; tls() and stores() for Engine::Parts.
// Failure   Make: a trust file that cannot be read, a log folder that cannot be written, a port
//           that is none; each names its setting. A later change that is wrong keeps what was
//           there, and is logged.
// Lifetime  Outlives the engines; borrows the disk pool and the registry.
// Limits    As the parts: tls::CertificateStore, CredentialStore, observe::CsvLog.
// See       docs/exchange.md "DANE and MTA-STS", "Logins"

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/http/client.h"
#include "common/io/on_disk.h"
#include "common/observe/metrics.h"
#include "common/smtp/connectivity_log.h"
#include "common/smtp/credentials.h"
#include "common/smtp/engine.h"
#include "common/smtp/protocol_log.h"
#include "common/smtp/protocol_log_settings.h"
#include "common/smtp/security_settings.h"
#include "common/smtp/unlogged.h"
#include "common/tls/certificate_store.h"
#include "common/tls/context.h"

namespace postern::smtp {

class Provisions {
 public:
  struct Options {
    std::string step;  // "deliver", "egress": of settings, metrics and log lines
    std::string tls_ca_file;
    std::string certificates_path;
    std::string secrets_path;
    std::vector<std::string> implicit_tls_ports;  // only looked at
    ProtocolLogSettings protocol_log;
    std::string protocol_folder;  // stands in for an empty path
    ConnectivityLogSettings connectivity_log;
    std::string connectivity_folder;  // stands in for an empty path
    SecuritySettings security;
  };

  static absl::StatusOr<std::unique_ptr<Provisions>> Make(Options options,
                                                          io::DiskPool& disk,
                                                          observe::Registry& registry);

  const tls::ClientContext& tls() const { return tls_; }

  EngineStores stores();

 private:
  Provisions(Options options, io::DiskPool& disk);
  absl::Status TrustFile();
  void TrustAgain();
  absl::Status OpenProtocolLog(observe::Registry& registry);
  absl::Status OpenConnectivityLog(observe::Registry& registry);
  absl::Status OpenWeb();

  const Options options_;
  tls::ClientContext tls_;
  CredentialStore credentials_;
  std::unique_ptr<tls::CertificateStore> certificates_;
  std::unique_ptr<ProtocolLog> protocol_log_;
  Unlogged unlogged_;
  std::unique_ptr<ConnectivityLog> connectivity_log_;
  std::unique_ptr<tls::FileWatch> trust_watch_;
  std::unique_ptr<http::Client> web_;
};

// Declares the metrics, for the manual page.
void DeclareProvisions(observe::Registry& registry, const std::string& step);

}  // namespace postern::smtp
