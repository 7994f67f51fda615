// What the settings of a frontend-transport alone tell; the steps of the start look at the same.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/slug.h"
#include "common/base/text.h"
#include "common/mail/domain.h"
#include "common/observe/http_server.h"
#include "common/rpc/listen_address.h"
#include "common/smtp/ports.h"
#include "common/smtp/source_pool.h"
#include "services/frontend-transport/app/app.h"

namespace postern::frontend {

void App::Check(const AppSettings& settings, settings::Errors& errors) {
  const egress::EgressSettings& egress = settings.egress;
  const auto wrong = [&errors](const auto& setting, std::string_view rule) {
    errors.Note(settings::WrongValue(setting, base::Cat(": ", rule)));
  };
  const ServerSettings& server = settings.server;
  if (!server.name->empty() && !mail::IsHostName(*server.name)) {
    wrong(server.name, "is a domain name, as mail.contoso.com");
  }
  if (!base::IsSlug(*server.site)) wrong(server.site, base::kSlugRule);
  errors.Note(smtp::SourcePool::Parse(*egress.addresses, {}).status());
  dns::CheckSettings(settings.dns, egress.dns_servers, egress.external_dns_servers, errors);
  errors.Note(base::Annotate(smtp::ParsePorts(*egress.implicit_tls_ports).status(),
                             egress.implicit_tls_ports.key));
  rpc::CheckSettings(settings.rpc, errors);
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.server.proxy_address));
  errors.Note(base::Annotate(observe::HttpServer::CheckAddress(*settings.server.http_address),
                             settings.server.http_address.key));
  std::vector<rpc::ListenAddress> all;
  for (const auto* address : {&server.proxy_address, &server.http_address})
    all.push_back({std::string(address->key), **address});
  rpc::CheckApart(all, errors);
}

}  // namespace postern::frontend
