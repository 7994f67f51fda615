#include "common/smtp/provisions.h"

#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/observe/csv_log_settings.h"
#include "common/observe/log.h"
#include "common/smtp/ports.h"

namespace postern::smtp {

namespace {

// Tells when each certificate ends; 0 for one that is gone.
class ExpiryGauges {
 public:
  ExpiryGauges(observe::Registry& registry, const std::string& step)
      : registry_(registry), name_(base::Cat("postern_", step, "_certificate_expires_seconds")) {}

  void Tell(const tls::CertificateStore::Loaded& loaded) {
    for (const std::string& name : known_) {
      if (!loaded.contains(name)) GaugeOf(name).Set(0);
    }
    for (const auto& [name, certificate] : loaded) {
      GaugeOf(name).Set(static_cast<double>(absl::ToUnixSeconds(certificate->facts.ends)));
      known_.insert(name);
    }
  }

  observe::Gauge& GaugeOf(const std::string& name) {
    return registry_.AddGauge(name_,
                              "When a certificate that may be shown to remote hosts ends, in "
                              "seconds since 1970; 0 when it is gone.",
                              {{"certificate", name}});
  }

 private:
  observe::Registry& registry_;
  const std::string name_;
  std::set<std::string> known_;
};

void AddLostReading(observe::Registry& registry,
                    const std::string& step,
                    std::function<double()> read) {
  registry.AddReading(base::Cat("postern_", step, "_protocol_log_lost_total"),
                      "Lines of the protocol log that could not be kept.", std::move(read));
}

void AddConnectivityReading(observe::Registry& registry,
                            const std::string& step,
                            std::function<double()> read) {
  registry.AddReading(base::Cat("postern_", step, "_connectivity_log_lost_total"),
                      "Lines of the connectivity log that could not be kept.", std::move(read));
}

}  // namespace

Provisions::Provisions(Options options, io::DiskPool& disk)
    : options_(std::move(options)),
      credentials_(options_.secrets_path, disk),
      unlogged_(options_.step, options_.protocol_log.path.key) {}

absl::StatusOr<std::unique_ptr<Provisions>> Provisions::Make(Options options,
                                                             io::DiskPool& disk,
                                                             observe::Registry& registry) {
  const auto ports = ParsePorts(options.implicit_tls_ports);
  if (!ports.ok()) {
    return base::Annotate(ports.status(), base::Cat(options.step, ".implicit_tls_ports"));
  }
  std::unique_ptr<Provisions> made(new Provisions(std::move(options), disk));
  if (absl::Status trusted = made->TrustFile(); !trusted.ok()) return trusted;
  const std::string& step = made->options_.step;
  const auto gauges = std::make_shared<ExpiryGauges>(registry, step);
  made->certificates_ = std::make_unique<tls::CertificateStore>(
      made->options_.certificates_path, step,
      [gauges](const tls::CertificateStore::Loaded& loaded) { gauges->Tell(loaded); });
  if (absl::Status opened = made->OpenProtocolLog(registry); !opened.ok()) return opened;
  if (absl::Status opened = made->OpenConnectivityLog(registry); !opened.ok()) return opened;
  if (absl::Status opened = made->OpenWeb(); !opened.ok()) return opened;
  return made;
}

absl::Status Provisions::OpenWeb() {
  const SecuritySettings& settings = options_.security;
  if (!*settings.mta_sts) return absl::OkStatus();
  http::Client::Options options;
  options.ca_file = *settings.mta_sts_ca_file;
  auto client = http::Client::Make(std::move(options));
  if (!client.ok()) return base::Annotate(client.status(), settings.mta_sts_ca_file.key);
  web_ = *std::move(client);
  return absl::OkStatus();
}

EngineStores Provisions::stores() {
  EngineStores stores;
  stores.credentials = &credentials_;
  stores.certificates = certificates_.get();
  stores.protocol_log = protocol_log_.get();
  stores.unlogged = &unlogged_;
  stores.connectivity_log = connectivity_log_.get();
  stores.web = web_.get();
  stores.sts.step = options_.step;
  stores.sts.port = static_cast<std::uint16_t>(*options_.security.mta_sts_port);
  stores.sts.refresh_after = absl::Hours(24);
  stores.dane = *options_.security.dane;
  return stores;
}

absl::Status Provisions::TrustFile() {
  tls::ClientContext::Revocation revocation;
  revocation.crl_file = *options_.security.crl_file;
  const absl::Status lists = tls_.SetRevocation(revocation);
  if (!lists.ok()) return base::Annotate(lists, options_.security.crl_file.key);
  const std::string& file = options_.tls_ca_file;
  if (file.empty()) return absl::OkStatus();
  trust_watch_ = std::make_unique<tls::FileWatch>([file] { return tls::StampOf(file); },
                                                  [this] { TrustAgain(); });
  return base::Annotate(tls_.Load("", "", file), base::Cat(options_.step, ".tls_ca_file"));
}

void Provisions::TrustAgain() {
  const absl::Status loaded = tls_.Load("", "", options_.tls_ca_file);
  if (loaded.ok()) {
    POSTERN_LOG(kInfo, options_.step, "authorities read again", {{"file", options_.tls_ca_file}});
  } else {
    POSTERN_LOG(kError, options_.step, "authorities cannot be used, the old ones stay",
                {{"error", loaded}});
  }
}

absl::Status Provisions::OpenProtocolLog(observe::Registry& registry) {
  observe::CsvLogOptions form;
  form.prefix = "SEND";
  form.log_type = "SMTP Send Protocol Log";
  form.fields =
      "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,"
      "data,context";
  form.step = options_.step;
  form.folder = options_.protocol_folder;
  auto opened = observe::OpenCsvLog(options_.protocol_log, std::move(form));
  if (!opened.ok()) return opened.status();
  if (*opened != nullptr) protocol_log_ = std::make_unique<ProtocolLog>(*std::move(opened));
  AddLostReading(registry, options_.step, [this] {
    return protocol_log_ == nullptr ? 0.0 : static_cast<double>(protocol_log_->lines_lost());
  });
  return absl::OkStatus();
}

absl::Status Provisions::OpenConnectivityLog(observe::Registry& registry) {
  auto opened =
      ConnectivityLog::Open(options_.connectivity_log, options_.connectivity_folder, options_.step);
  if (!opened.ok()) return opened.status();
  connectivity_log_ = *std::move(opened);
  AddConnectivityReading(registry, options_.step, [this] {
    return connectivity_log_ == nullptr ? 0.0
                                        : static_cast<double>(connectivity_log_->lines_lost());
  });
  return absl::OkStatus();
}

void DeclareProvisions(observe::Registry& registry, const std::string& step) {
  ExpiryGauges(registry, step).GaugeOf("name");
  AddLostReading(registry, step, [] { return 0.0; });
  AddConnectivityReading(registry, step, [] { return 0.0; });
}

}  // namespace postern::smtp
