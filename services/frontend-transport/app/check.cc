// What the settings of a frontend-transport alone tell; the steps of the start look at the same.

#include "common/base/text.h"
#include "common/observe/http_server.h"
#include "common/rpc/listen_address.h"
#include "common/smtp/ports.h"
#include "common/smtp/source_pool.h"
#include "services/frontend-transport/app/app.h"

namespace postern::frontend {

void App::Check(const AppSettings& settings, settings::Errors& errors) {
  const egress::EgressSettings& egress = settings.egress;
  errors.Note(smtp::SourcePool::Parse(*egress.addresses, {}).status());
  dns::CheckSettings(settings.dns, egress.dns_servers, egress.external_dns_servers, errors);
  errors.Note(base::Annotate(smtp::ParsePorts(*egress.implicit_tls_ports).status(),
                             egress.implicit_tls_ports.key));
  rpc::CheckSettings(settings.rpc, errors);
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.server.proxy_address));
  errors.Note(base::Annotate(observe::HttpServer::CheckAddress(*settings.server.http_address),
                             settings.server.http_address.key));
}

}  // namespace postern::frontend
