#include "common/kubernetes/access.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/connector/send_connector.h"
#include "common/directory/folder.h"
#include "common/kubernetes/collection.h"
#include "common/kubernetes/json.h"

namespace postern::kubernetes {

namespace {

constexpr std::size_t kTokenBytesMax = 64 * 1024;
constexpr std::size_t kNamespaceBytesMax = 63;
constexpr std::size_t kReasonBytesMax = 1000;

template <typename... Parts>
absl::Status Missing(const Parts&... parts) {
  return base::Error(absl::StatusCode::kFailedPrecondition, parts...);
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> OriginOf(const KubernetesSettings& settings) {
  if (!settings.api_server->empty()) return *settings.api_server;
  const std::string host = Variable("KUBERNETES_SERVICE_HOST");
  std::string port = Variable("KUBERNETES_SERVICE_PORT");
  if (host.empty()) {
    return Missing(
        "kubernetes.api_server is empty and KUBERNETES_SERVICE_HOST is not set: outside of a pod "
        "the setting must say where the API server is");
  }
  if (port.empty()) port = "443";
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? base::Cat("https://[", host, "]:", port) : base::Cat("https://", host, ":", port);
}

bool IsNamespace(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kNamespaceBytesMax &&
         std::all_of(name.begin(), name.end(), fits);
}

absl::StatusOr<std::string> PodNamespace(const KubernetesSettings& settings) {
  const auto text = directory::ReadFileText(*settings.namespace_file, kTokenBytesMax);
  if (!text.ok()) return text.status();
  return std::string(base::Trim(*text));
}

absl::StatusOr<std::string> NamespaceOf(const KubernetesSettings& settings,
                                        const absl::StatusOr<std::string>& of_pod) {
  if (settings.name_space->empty() && !of_pod.ok()) {
    return Missing("kubernetes.namespace is empty, and kubernetes.namespace_file: ",
                   base::MessageOf(of_pod.status()));
  }
  const std::string& name = settings.name_space->empty() ? *of_pod : *settings.name_space;
  if (IsNamespace(name)) return name;
  return Missing("kubernetes.namespace: \"", base::Printable(name),
                 "\" is not the name of a namespace");
}

absl::StatusCode CodeOf(int status, std::string_view reason) {
  switch (status) {
    case 400:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? absl::StatusCode::kAlreadyExists
                                       : absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

absl::StatusOr<Access> Access::Make(const KubernetesSettings& settings) {
  Access access;
  auto origin = OriginOf(settings);
  if (!origin.ok()) return origin.status();
  access.origin_ = *std::move(origin);
  const auto of_pod = PodNamespace(settings);
  auto name_space = NamespaceOf(settings, of_pod);
  if (!name_space.ok()) return name_space.status();
  access.namespace_ = *std::move(name_space);
  access.pod_namespace_ = of_pod.value_or(access.namespace_);
  access.ca_file_ = *settings.ca_file;
  access.token_file_ = *settings.token_file;
  access.request_timeout_ = *settings.request_timeout;
  // What is wrong with the settings is said at the start.
  if (const auto channel = access.channel(); !channel.ok()) {
    return Missing("kubernetes: ", base::MessageOf(channel.status()));
  }
  return access;
}

absl::StatusOr<std::unique_ptr<http::Channel>> Access::channel() const {
  http::Channel::Options options;
  options.origin = origin_;
  options.ca_file = ca_file_;
  return http::Channel::Make(std::move(options));
}

std::unique_ptr<http::Channel> Access::OpenChannel() const {
  auto opened = channel();
  POSTERN_CHECK(opened.ok());
  return *std::move(opened);
}

absl::StatusOr<http::Call> Access::Request(std::string_view method, std::string path) const {
  const auto token = directory::ReadFileText(token_file_, kTokenBytesMax);
  if (!token.ok()) {
    return base::Error(absl::StatusCode::kUnavailable,
                       "kubernetes.token_file: ", base::MessageOf(token.status()));
  }
  http::Call call;
  call.method = std::string(method);
  call.path = std::move(path);
  call.bearer_token = std::string(base::Trim(*token));
  call.time_max = request_timeout_;
  return call;
}

std::string Access::PathOf(directory::Kind kind) const {
  return base::Cat("/apis/", connector::kApiVersion, "/namespaces/", namespace_, "/",
                   PluralOf(kind));
}

std::string Access::LeasesPath() const {
  return base::Cat("/apis/coordination.k8s.io/v1/namespaces/", namespace_, "/leases");
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c)
                 : base::Cat("%", base::UpperAscii(base::Hex(std::string_view(&c, 1))));
  }
  return out;
}

absl::Status RefusalOf(const http::Answer& answer, std::string_view what) {
  std::string reason;
  std::string message = base::Printable(answer.body);
  if (const auto json = ParseJson(answer.body); json.ok()) {
    reason = TextAt(*json, {"reason"});
    if (const std::string said = TextAt(*json, {"message"}); !said.empty()) message = said;
  }
  return base::Error(CodeOf(answer.status, reason), what, ": the API server answers ",
                     answer.status, message.empty() ? "" : " ",
                     base::Printable(message, kReasonBytesMax));
}

absl::StatusOr<http::Answer> Asked(http::Channel& channel, http::Call call, std::string_view what) {
  auto answer = channel.Ask(std::move(call));
  if (!answer.ok()) return answer.status();
  if (answer->status >= 300) return RefusalOf(*answer, what);
  return answer;
}

}  // namespace postern::kubernetes
