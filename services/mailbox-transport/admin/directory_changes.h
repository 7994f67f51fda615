// services/mailbox-transport/admin/directory_changes.h
//
// DirectoryChanges: the answers to Create, Update and Delete of the Directory service, without
// gRPC: written, in force, logged and counted.
//
// Flow      Create, Update, Delete, from a thread that runs no executor and may wait.
// Failure   As proto/postern/v1/directory.proto says; on a follower always kFailedPrecondition.
// Lifetime  Borrows its parts.
// Limits    Of each resource in a log line kLoggedBytesMax bytes.
// See       common/directory/managed_folder.h

#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

#include "common/directory/change.h"
#include "common/directory/source.h"
#include "common/rpc/identity.h"
#include "postern/v1/directory.pb.h"
#include "services/mailbox-transport/admin/probe.h"
#include "services/mailbox-transport/admin/readiness.h"

namespace postern::admin {

class DirectoryChanges {
 public:
  // Two of them and the rest of the line are within the 8 KiB of a log line.
  static constexpr std::size_t kLoggedBytesMax = 3000;

  struct Parts {
    const directory::DirectorySource& source;
    const Readiness& readiness;
    DirectoryProbe& probe;
    std::string server;                              // our own name
    std::string writer;                              // on a follower: whom it follows
    directory::ChangeWriter* folder = nullptr;       // null on a follower
    std::function<absl::Status()> bring_into_force;  // what the folder holds
  };

  explicit DirectoryChanges(Parts parts) : parts_(std::move(parts)) {}

  absl::Status Create(const rpc::Identity& who,
                      const v1::CreateResourceRequest& request,
                      v1::ChangeResponse& response);
  absl::Status Update(const rpc::Identity& who,
                      const v1::UpdateResourceRequest& request,
                      v1::ChangeResponse& response);
  absl::Status Delete(const rpc::Identity& who,
                      const v1::DeleteResourceRequest& request,
                      v1::ChangeResponse& response);

  // A change that did not come as far as the folder: by whom, as far as that is known.
  static void NoteRefused(const std::string& who, const absl::Status& status);

 private:
  absl::Status Make(const rpc::Identity& who, directory::Change change, v1::ChangeResponse&);
  directory::ChangeResult Try(const directory::Change& change) const;
  void Tell(const directory::Snapshot& snapshot,
            directory::ChangeResult& result,
            v1::ChangeResponse& response) const;

  const Parts parts_;
};

}  // namespace postern::admin
