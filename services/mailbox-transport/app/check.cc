// What the settings of a mailbox-transport alone tell; the steps of the start look at the same.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/slug.h"
#include "common/base/text.h"
#include "common/mail/address.h"
#include "common/mail/domain.h"
#include "common/observe/http_server.h"
#include "common/rpc/listen_address.h"
#include "common/smtp/ports.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/app/app.h"

namespace postern::app {

namespace {

using Text = settings::Setting<std::string>;

// What is not set has a meaning of its own, or is told by another check.
void CheckText(const Text& setting, bool good, std::string_view rule, settings::Errors& errors) {
  if (good || setting->empty()) return;
  errors.Note(settings::WrongValue(setting, base::Cat(": ", rule)));
}

void CheckNames(const AppSettings& settings, settings::Errors& errors) {
  const Text& name = settings.server.name;
  CheckText(name, base::IsSlug(base::LowerAscii(*name)), base::kSlugRule, errors);
  const Text& site = settings.kubernetes.site;
  CheckText(site, base::IsSlug(*site), base::kSlugRule, errors);
  for (const Text* domain :
       {&settings.server.fqdn, &settings.settle.external_dsn_reporting_authority}) {
    CheckText(*domain, mail::IsHostName(**domain), "is a domain name, as mail.contoso.com", errors);
  }
  for (const Text* address :
       {&settings.settle.external_postmaster_address, &settings.deliver.tls_report_contact}) {
    CheckText(*address, mail::ParseMailbox(**address, false).ok(), "is an address: local@domain",
              errors);
  }
}

void CheckPorts(const AppSettings& settings,
                const absl::StatusOr<std::vector<accept::ListenerConfig>>& listeners,
                settings::Errors& errors) {
  std::vector<rpc::ListenAddress> all;
  for (const Text* address :
       {&settings.endpoints.submission_address, &settings.endpoints.admin_address,
        &settings.endpoints.http_address}) {
    all.push_back({std::string(address->key), **address});
  }
  if (listeners.ok()) {
    for (const accept::ListenerConfig& listener : *listeners) {
      all.push_back({base::Cat("accept.listeners: listener ", base::Printable(listener.name, 64)),
                     listener.address.ToString()});
    }
  }
  rpc::CheckApart(all, errors);
}

}  // namespace

void App::Check(const AppSettings& settings, settings::Errors& errors) {
  CheckNames(settings, errors);
  const auto listeners = accept::ListenersFrom(settings.accept);
  errors.Note(listeners.status());
  errors.Note(directory::CheckSettings(settings.directory));
  errors.Note(queue::CheckSettings(settings.queue));
  dns::CheckSettings(settings.dns, settings.deliver.dns_servers,
                     settings.deliver.external_dns_servers, errors);
  errors.Note(base::Annotate(smtp::ParsePorts(*settings.deliver.implicit_tls_ports).status(),
                             settings.deliver.implicit_tls_ports.key));
  rpc::CheckSettings(settings.rpc, errors);
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.endpoints.submission_address));
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.endpoints.admin_address));
  errors.Note(base::Annotate(observe::HttpServer::CheckAddress(*settings.endpoints.http_address),
                             settings.endpoints.http_address.key));
  CheckPorts(settings, listeners, errors);
}

}  // namespace postern::app
