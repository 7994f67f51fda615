// services/mailbox-transport/pipeline/settings.h
//
// PipelineSettings: what holds for the whole of a mailbox-transport.

#pragma once

#include <string>

#include "common/settings/setting.h"

namespace postern::pipeline {

struct PipelineSettings {
  settings::Setting<std::string> name{
      .key = "server.name",
      .about =
          "Name of this server in the directory: the metadata.name of its TransportServer; "
          "empty is the host's name."};
  settings::Setting<std::string> fqdn{
      .key = "server.fqdn",
      .about =
          "Fully qualified name in EHLO, Received, Message-ID and DSNs; empty is "
          "server.name."};
  settings::Setting<int> io_threads{
      .key = "server.io_threads",
      .fallback = 1,
      .min = 1,
      .max = 64,
      .about =
          "Threads that carry sessions and queues. One serves several thousand messages a second; "
          "give more only where cores are free."};
  settings::Setting<int> disk_threads{.key = "server.disk_threads",
                                      .fallback = 2,
                                      .min = 1,
                                      .max = 64,
                                      .about = "Threads that read bodies from the store."};
  settings::Setting<absl::Duration> stop_grace{
      .key = "server.stop_grace",
      .fallback = absl::Seconds(30),
      .min = absl::ZeroDuration(),
      .max = absl::Minutes(30),
      .about = "How long deliveries under way may take after SIGTERM."};
  settings::Setting<absl::Duration> hand_over_time{
      .key = "server.hand_over_time",
      .fallback = absl::Minutes(10),
      .min = absl::ZeroDuration(),
      .max = absl::Hours(24),
      .about =
          "How long a server whose StatefulSet goes on without it hands its queues to the other "
          "servers of its site, before it stops. Needs directory.source kubernetes; the pod's "
          "terminationGracePeriodSeconds must be longer. 0: it never does."};
  settings::Setting<settings::Size> body_memory{
      .key = "server.body_memory",
      .fallback = {256ULL * 1024 * 1024},
      .min = {0},
      .max = {64ULL * 1024 * 1024 * 1024},
      .about =
          "Content kept in memory from acceptance to the first attempt; beyond it content is "
          "read from the store again."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(name);
    visit(fqdn);
    visit(io_threads);
    visit(disk_threads);
    visit(stop_grace);
    visit(hand_over_time);
    visit(body_memory);
  }
};

}  // namespace postern::pipeline
