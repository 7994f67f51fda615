// Any bytes are an export or none; what is taken of one is a connector that the rules can look at.
#include <cstdint>
#include <string_view>

#include "cli/import_connector.h"
#include "cli/import_verb.h"
#include "common/base/check.h"
#include "common/connector/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const auto objects =
      cli::ExportedObjects(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!objects.ok()) return 0;
  cli::ImportOptions options;
  options.own_site = "site/a";
  for (const cli::JsonObject& object : *objects) {
    const cli::ImportedConnector imported = cli::ImportConnector(object, options);
    POSTERN_CHECK(!imported.findings.empty());
    connector::Validate(imported.resource.send_connector());
  }
  return 0;
}
