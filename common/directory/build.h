// common/directory/build.h
//
// BuildSnapshot: manifests to a Snapshot, with the rules of each object and those between objects.
//
// Failure   Every finding goes to `errors`; null when it is not empty. With errors from parsing the
//           rules between objects are not looked at. A connector may name servers and sites that
//           are not there: it is kept, and its mail waits.
// See       common/connector/validate.h and common/directory/rules.h for the rules of one object

#pragma once

#include <vector>

#include "common/directory/manifest.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

SnapshotPtr BuildSnapshot(const std::vector<Manifest>& manifests,
                          std::vector<ManifestError>& errors,
                          bool stale = false);

}  // namespace postern::directory
