// common/kubernetes/settings.h
//
// KubernetesSettings: how the API server is reached, how its resources are followed,
// and what is told to it.

#pragma once

#include <string>

#include "absl/time/time.h"

#include "common/settings/setting.h"

namespace postern::kubernetes {

struct KubernetesSettings {
  settings::Setting<std::string> api_server{
      .key = "kubernetes.api_server",
      .fallback = "",
      .about =
          "Origin of the API server, https://host:port. Empty: as the pod is told by "
          "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT."};

  settings::Setting<std::string> token_file{
      .key = "kubernetes.token_file",
      .fallback = "/var/run/secrets/kubernetes.io/serviceaccount/token",
      .about = "Token of the service account; read anew for each request, as it is rotated."};

  settings::Setting<std::string> ca_file{
      .key = "kubernetes.ca_file",
      .fallback = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
      .about = "Authorities of the API server's certificate; read anew for each connection."};

  settings::Setting<std::string> name_space{
      .key = "kubernetes.namespace",
      .fallback = "",
      .about =
          "Namespace whose resources are the directory. Empty: the pod's own, as "
          "kubernetes.namespace_file says."};

  settings::Setting<std::string> namespace_file{
      .key = "kubernetes.namespace_file",
      .fallback = "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
      .about = "Name of the pod's namespace."};

  settings::Setting<absl::Duration> request_timeout{
      .key = "kubernetes.request_timeout",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about = "How long one answer of the API server may take, a watch excepted."};

  settings::Setting<int> list_page{
      .key = "kubernetes.list_page",
      .fallback = 500,
      .min = 1,
      .max = 10'000,
      .about =
          "How many resources of one kind are asked for at a time; a page has 64 MiB at most."};

  settings::Setting<absl::Duration> watch_time{.key = "kubernetes.watch_time",
                                               .fallback = absl::Minutes(5),
                                               .min = absl::Seconds(1),
                                               .max = absl::Hours(1),
                                               .about =
                                                   "How long one watch is asked to last, from half "
                                                   "of it to all of it; the next goes on where "
                                                   "it ends."};

  settings::Setting<absl::Duration> watch_silence{
      .key = "kubernetes.watch_silence",
      .fallback = absl::Minutes(3),
      .min = absl::Milliseconds(10),
      .max = absl::Hours(1),
      .about =
          "How long a watch may say nothing, bookmarks included, which come about once a minute, "
          "before it is taken for lost."};

  settings::Setting<absl::Duration> retry_first{
      .key = "kubernetes.retry_first",
      .fallback = absl::Milliseconds(200),
      .min = absl::Milliseconds(1),
      .max = absl::Minutes(1),
      .about =
          "Pause after a request that failed; it doubles with each further one. Each pause is a "
          "random part of itself, from half of it on."};

  settings::Setting<absl::Duration> retry_most{
      .key = "kubernetes.retry_most",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(1),
      .max = absl::Hours(1),
      .about = "The longest pause; what a Retry-After of the API server asks is kept up to it."};

  settings::Setting<absl::Duration> start_timeout{
      .key = "kubernetes.start_timeout",
      .fallback = absl::Seconds(30),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about =
          "How long a start waits for the API server when there is no copy on disk; with one, 3 "
          "seconds at most."};

  settings::Setting<std::string> site{
      .key = "kubernetes.site",
      .fallback = "",
      .about =
          "Site in which this server registers itself: it applies a TransportServer of its name at "
          "the API server. Empty: somebody else writes that."};

  settings::Setting<std::string> relay_address{
      .key = "kubernetes.relay_address",
      .fallback = "",
      .about =
          "relayAddress of the TransportServer that this server registers: host:port of its admin "
          "port, as other servers reach it."};

  settings::Setting<absl::Duration> lease_duration{
      .key = "kubernetes.lease_duration",
      .fallback = absl::Seconds(40),
      .min = absl::Seconds(1),
      .max = absl::Minutes(10),
      .about =
          "How long a server counts as live after it last renewed its Lease, which it does four "
          "times within it."};

  settings::Setting<bool> write_status{.key = "kubernetes.write_status",
                                       .fallback = true,
                                       .about =
                                           "Whether this server may be the one that writes the "
                                           "conditions of the resources; one that "
                                           "holds the Lease postern-status does."};

  settings::Setting<absl::Duration> status_interval{
      .key = "kubernetes.status_interval",
      .fallback = absl::Seconds(5),
      .min = absl::Milliseconds(10),
      .max = absl::Minutes(10),
      .about = "How often the conditions are looked at; at most 50 of them are written each time."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(api_server);
    visit(token_file);
    visit(ca_file);
    visit(name_space);
    visit(namespace_file);
    visit(request_timeout);
    visit(list_page);
    visit(watch_time);
    visit(watch_silence);
    visit(retry_first);
    visit(retry_most);
    visit(start_timeout);
    visit(site);
    visit(relay_address);
    visit(lease_duration);
    visit(write_status);
    visit(status_interval);
  }
};

}  // namespace postern::kubernetes
