// cli/directory_client.h
//
// DirectoryClient: the directory of one server, read and changed; changes go to its writer.
//
// Flow      DirectoryClient client(options, shell); Get, List, Create, Update, Delete.
// Failure   The status of the call. A change that the server refuses because another one is the
//           writer is repeated there, once; from then on everything is asked of that one.
// Limits    kResourcesMax resources of a list.
// See       proto/postern/v1/directory.proto

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/connection.h"
#include "cli/shell.h"
#include "postern/v1/directory.pb.h"

namespace postern::cli {

inline constexpr std::size_t kResourcesMax = 100'000;

class DirectoryClient {
 public:
  DirectoryClient(ConnectionOptions options, Shell& shell)
      : options_(std::move(options)), shell_(shell) {}

  // Says on standard error what is asked.
  void set_verbose(bool verbose) { verbose_ = verbose; }

  const ConnectionOptions& options() const { return options_; }

  absl::StatusOr<v1::Resource> Get(std::string_view kind, std::string_view name);
  // Of every kind when `kind` is empty.
  absl::StatusOr<std::vector<v1::Resource>> List(std::string_view kind);

  absl::StatusOr<v1::ChangeResponse> Create(const v1::Resource& resource, bool dry_run);
  // The fields of `mask`; all of the spec when it is empty. A resource version makes it fail with
  // kAborted when the resource has another by now.
  absl::StatusOr<v1::ChangeResponse> Update(const v1::Resource& resource,
                                            const std::vector<std::string>& mask,
                                            bool dry_run);
  absl::StatusOr<v1::ChangeResponse> Delete(const v1::Resource& resource, bool dry_run);

  // The server that was asked first, for what is no matter of the directory.
  absl::StatusOr<Connection*> Asked();

  // The server of that name, at its relayAddress; it is the one that was asked first when that has
  // the name. kNotFound when the directory does not know it.
  absl::StatusOr<Connection*> ServerNamed(std::string_view name);

  // "site/<name>": the site of the server that was asked first. kNotFound when the directory does
  // not know that server.
  absl::StatusOr<std::string> OwnSite();

 private:
  absl::StatusOr<Connection*> Current();
  absl::StatusOr<std::string> OwnName();
  template <typename Request>
  absl::StatusOr<v1::ChangeResponse> Change(const Request& request, std::string_view what);
  void Say(std::string_view what);

  ConnectionOptions options_;
  Shell& shell_;
  bool verbose_ = false;
  std::unique_ptr<Connection> asked_;
  std::unique_ptr<Connection> writer_;
  std::unique_ptr<Connection> named_;
};

}  // namespace postern::cli
