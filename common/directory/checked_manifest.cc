#include "common/directory/checked_manifest.h"

#include <utility>

#include "common/base/check.h"
#include "common/directory/rules.h"

namespace postern::directory {

namespace {

SendConnector TypedOf(const v1::SendConnector& object) {
  auto connector = connector::FromResource(object);
  POSTERN_CHECK(connector.ok());
  return *std::move(connector);
}

Site TypedOf(const v1::Site& object) {
  return SiteFrom(object);
}

SiteLink TypedOf(const v1::SiteLink& object) {
  return LinkFrom(object);
}

TransportServer TypedOf(const v1::TransportServer& object) {
  return ServerFrom(object);
}

AcceptedDomain TypedOf(const v1::AcceptedDomain& object) {
  return DomainFrom(object);
}

TransportConfig TypedOf(const v1::TransportConfig& object) {
  return ConfigFrom(object);
}

}  // namespace

CheckedPtr Check(Manifest manifest) {
  auto checked = std::make_shared<CheckedManifest>();
  checked->manifest = std::move(manifest);
  std::visit(
      [&](const auto& object) {
        checked->findings = Validate(object);
        if (checked->findings.empty()) checked->typed = TypedOf(object);
      },
      checked->manifest.object);
  return checked;
}

}  // namespace postern::directory
