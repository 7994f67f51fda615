// common/kubernetes/access.h
//
// Access: where the API server is and by what right it is asked: the pod's service account.
//
// Flow      Make; channel() for each thread that asks; Request for each call.
// Failure   Make: kFailedPrecondition, which names setting, file or variable. Request:
//           kUnavailable when the token cannot be read.
// Lifetime  Immutable; any thread.
// Limits    A token has at most 64 KiB.
// See       "Accessing the Kubernetes API from a Pod"

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/directory/resource.h"
#include "common/http/channel.h"
#include "common/kubernetes/settings.h"

namespace postern::kubernetes {

class Access {
 public:
  static absl::StatusOr<Access> Make(const KubernetesSettings& settings);

  absl::StatusOr<std::unique_ptr<http::Channel>> channel() const;
  // At the start of a thread: as Make has made one, that it cannot be made is a bug.
  std::unique_ptr<http::Channel> OpenChannel() const;

  // With the token as it is now, and the time that a request may take.
  absl::StatusOr<http::Call> Request(std::string_view method, std::string path) const;

  // "/apis/postern.dev/v1/namespaces/mail/sendconnectors"
  std::string PathOf(directory::Kind kind) const;
  // "/apis/coordination.k8s.io/v1/namespaces/mail/leases"
  std::string LeasesPath() const;

  const std::string& origin() const { return origin_; }

  // Of the directory.
  const std::string& name_space() const { return namespace_; }

  // The pod's own; that of the directory where no file names it.
  const std::string& pod_name_space() const { return pod_namespace_; }

 private:
  Access() = default;

  std::string origin_;
  std::string namespace_;
  std::string pod_namespace_;
  std::string ca_file_;
  std::string token_file_;
  absl::Duration request_timeout_;
};

// As part of a path or a query: everything but letters, digits and "-._~" as %XX.
std::string Escaped(std::string_view text);

// What an answer says that is no success: "403 sendconnectors is forbidden: ...". kNotFound,
// kAlreadyExists and kAborted (409: there already, or changed meanwhile), kPermissionDenied (401,
// 403), kInvalidArgument (400, 422), kResourceExhausted (429), kOutOfRange (410), kUnavailable.
absl::Status RefusalOf(const http::Answer& answer, std::string_view what);

// One call to its end: the answer of a success, or why there is none. `what` is asked for.
absl::StatusOr<http::Answer> Asked(http::Channel& channel, http::Call call, std::string_view what);

}  // namespace postern::kubernetes
