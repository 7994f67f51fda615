// common/directory/build.h
//
// BuildSnapshot: manifests to a Snapshot, with the rules of each object and those between objects.
//
// Failure   Every finding goes to `errors`; null when there is one.
// See       common/connector/validate.h for the rules of a connector

#pragma once

#include <vector>

#include "common/connector/validate.h"
#include "common/directory/manifest.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

SnapshotPtr BuildSnapshot(const std::vector<Manifest>& manifests,
                          std::vector<ManifestError>& errors,
                          bool stale = false);

// The rules of one object.
std::vector<connector::FieldError> Validate(const v1::Site& site);
std::vector<connector::FieldError> Validate(const v1::TransportServer& server);
std::vector<connector::FieldError> Validate(const v1::TransportConfig& config);

// All defaults explicit.
v1::Site ToResource(const Site& site);
v1::TransportServer ToResource(const TransportServer& server);
v1::TransportConfig ToResource(const TransportConfig& config);

}  // namespace postern::directory
