// services/mailbox-transport/admin/directory_reads.h
//
// DirectoryReads: the answers to Get and List of the Directory service, without gRPC.
//
// Flow      Get, List; index() for who watches.
// Failure   kNotFound, kInvalidArgument: what was asked and the rule.
// Lifetime  Borrows its parts. Thread-safe.
// Limits    kPageDefault resources a page, kPageMost at most; a page ends early at kPageBytesMax,
//           below what a gRPC client takes unless it is told otherwise (4 MiB).
// See       proto/postern/v1/directory.proto

#pragma once

#include <mutex>

#include "absl/status/status.h"

#include "common/directory/resource_index.h"
#include "common/directory/source.h"
#include "postern/v1/directory.pb.h"
#include "services/mailbox-transport/admin/readiness.h"

namespace postern::admin {

class DirectoryReads {
 public:
  static constexpr int kPageDefault = 100;
  static constexpr int kPageMost = 1000;
  static constexpr std::size_t kPageBytesMax = 3 * 1024 * 1024;

  DirectoryReads(const directory::DirectorySource& source, const Readiness& readiness)
      : source_(source), readiness_(readiness) {}

  absl::Status Get(const v1::GetResourceRequest& request, v1::Resource& response) const;
  absl::Status List(const v1::ListResourcesRequest& request,
                    v1::ListResourcesResponse& response) const;

  // Of the directory as it is now; made once for each snapshot.
  directory::ResourceIndexPtr index() const;

  // Sets the status of a Send connector as this server sees it.
  void SetStatus(const directory::Snapshot& snapshot, v1::Resource& resource) const;

 private:
  const directory::DirectorySource& source_;
  const Readiness& readiness_;
  mutable std::mutex mutex_;
  mutable directory::ResourceIndexPtr index_;
};

// Names the kinds when `word` is none of them.
absl::StatusOr<directory::Kind> KindFrom(const std::string& word);

}  // namespace postern::admin
