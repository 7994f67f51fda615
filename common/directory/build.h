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

#include "common/directory/checked_manifest.h"
#include "common/directory/snapshot.h"

namespace postern::directory {

// Of two objects that may not both be there, the one that comes later has the finding.
SnapshotPtr BuildSnapshot(const std::vector<CheckedPtr>& manifests,
                          std::vector<ManifestError>& errors,
                          bool stale = false);

// The same findings, without a snapshot of it.
void CheckTogether(const std::vector<CheckedPtr>& manifests, std::vector<ManifestError>& errors);

// Checks each first.
SnapshotPtr BuildSnapshot(std::vector<Manifest> manifests,
                          std::vector<ManifestError>& errors,
                          bool stale = false);

}  // namespace postern::directory
