// What the settings of a mailbox-transport alone tell; the steps of the start look at the same.

#include "common/base/text.h"
#include "common/observe/http_server.h"
#include "common/rpc/listen_address.h"
#include "common/smtp/ports.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/app/app.h"

namespace postern::app {

void App::Check(const AppSettings& settings, settings::Errors& errors) {
  errors.Note(accept::ListenersFrom(settings.accept).status());
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
}

}  // namespace postern::app
