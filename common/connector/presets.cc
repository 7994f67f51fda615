#include "common/connector/presets.h"

#include "common/connector/permissions.h"
#include "common/connector/words.h"

namespace postern::connector {

namespace {

void Preset(std::string_view value, std::string& field) {
  if (field.empty()) field = value;
}

}  // namespace

v1::SendConnectorSpec WithPresets(const v1::SendConnectorSpec& given) {
  v1::SendConnectorSpec spec = given;
  Preset(NameOf(Usage::kCustom), *spec.mutable_usage());
  const Usage usage = ParseUsage(spec.usage()).value_or(Usage::kCustom);
  if (usage == Usage::kPartner) {
    if (!spec.has_require_tls()) spec.set_require_tls(true);
    if (spec.require_tls()) Preset("DomainValidation", *spec.mutable_tls_auth_level());
  }
  if (usage == Usage::kInternal) {
    Preset("unlimited", *spec.mutable_max_message_size());
    if (!spec.smart_hosts().empty()) {
      Preset("ExchangeServer", *spec.mutable_smart_host_auth_mechanism());
    }
  }
  Preset("None", *spec.mutable_tls_auth_level());
  Preset("None", *spec.mutable_smart_host_auth_mechanism());
  Preset("None", *spec.mutable_protocol_logging_level());
  Preset("Default", *spec.mutable_connector_type());
  if (!spec.has_permissions()) {
    *spec.mutable_permissions() = ToResource(DefaultPermissions(usage));
  }
  return spec;
}

}  // namespace postern::connector
