// common/directory/checked_manifest.h
//
// CheckedManifest: one manifest with what its own rules say of it, looked at once and then shared.
//
// Flow      Check(manifest) -> BuildSnapshot of many. What one object says of another is not here.
// Failure   The findings; without any there is a typed form.
// Lifetime  Immutable: readers of several threads may hold it.
// See       common/connector/validate.h and common/directory/rules.h for the rules

#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "common/connector/validate.h"
#include "common/directory/manifest.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

struct CheckedManifest {
  // Empty while there are findings.
  using Typed = std::variant<std::monostate,
                             SendConnector,
                             Site,
                             SiteLink,
                             TransportServer,
                             AcceptedDomain,
                             TransportConfig>;

  Manifest manifest;
  std::vector<connector::FieldError> findings;
  Typed typed;
};

using CheckedPtr = std::shared_ptr<const CheckedManifest>;

CheckedPtr Check(Manifest manifest);

}  // namespace postern::directory
