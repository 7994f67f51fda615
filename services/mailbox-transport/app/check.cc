// What the settings of a mailbox-transport alone tell; the steps of the start look at the same.

#include "common/base/text.h"
#include "common/directory/rules.h"
#include "common/observe/http_server.h"
#include "common/rpc/listen_address.h"
#include "common/smtp/ports.h"
#include "services/mailbox-transport/accept/listener_config.h"
#include "services/mailbox-transport/app/app.h"
#include "services/mailbox-transport/queue/rate_limits.h"

namespace postern::app {

namespace {

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

void CheckDirectory(const directory::DirectorySettings& settings, settings::Errors& errors) {
  const std::string& source = *settings.source;
  if (source != "files" && source != "kubernetes") {
    errors.Note(Invalid(settings.source.key, ": \"", base::Printable(source),
                        "\" is neither files nor kubernetes"));
  }
  const std::string& writer = *settings.writer;
  if (writer.empty()) return;
  if (source == "kubernetes") {
    errors.Note(Invalid(settings.writer.key, ": \"", base::Printable(writer),
                        "\": must be empty: with directory.source kubernetes the API server "
                        "is the writer"));
  } else if (!directory::IsHostPort(writer)) {
    errors.Note(
        Invalid(settings.writer.key, ": \"", base::Printable(writer), "\" is not host:port"));
  }
}

void CheckQueue(queue::QueueSettings settings, settings::Errors& errors) {
  for (const std::string& rule : *settings.rate_limits)
    errors.Note(queue::RateLimits::Parse({rule}).status());
  errors.Note(queue::RateLimits::Parse(*settings.rate_limits).status());
  settings.rate_limits.value.clear();
  errors.Note(queue::CheckSettings(settings));
}

}  // namespace

void App::Check(const AppSettings& settings, settings::Errors& errors) {
  errors.Note(accept::ListenersFrom(settings.accept).status());
  CheckDirectory(settings.directory, errors);
  CheckQueue(settings.queue, errors);
  dns::CheckSettings(settings.dns, settings.deliver.dns_servers,
                     settings.deliver.external_dns_servers, errors);
  errors.Note(base::Annotate(smtp::ParsePorts(*settings.deliver.implicit_tls_ports).status(),
                             settings.deliver.implicit_tls_ports.key));
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.endpoints.submission_address));
  errors.Note(rpc::CheckListenAddress(settings.rpc, settings.endpoints.admin_address));
  errors.Note(base::Annotate(observe::HttpServer::CheckAddress(*settings.endpoints.http_address),
                             settings.endpoints.http_address.key));
}

}  // namespace postern::app
