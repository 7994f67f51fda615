#include "common/kubernetes/probe.h"

#include <algorithm>

#include "absl/time/clock.h"

#include "common/kubernetes/presence.h"
#include "common/kubernetes/status_writer.h"

namespace postern::kubernetes {

void AddReadings(observe::Registry& registry,
                 const Presence* presence,
                 const StatusWriter* writer) {
  const absl::Time began = absl::Now();
  registry.AddReading(
      "postern_directory_lease_age_seconds",
      "Seconds since this server renewed its Lease at the API server; 0 where there is none.",
      [presence, began] {
        if (presence == nullptr) return 0.0;
        return absl::ToDoubleSeconds(absl::Now() - std::max(began, presence->renewed()));
      });
  registry.AddReading("postern_directory_status_holder",
                      "1 on the server that writes the conditions of the resources.",
                      [writer] { return writer != nullptr && writer->holds() ? 1.0 : 0.0; });
  registry.AddReading(
      "postern_store_orphaned_messages",
      "Messages in volumes whose servers are gone, as these said last; on the server that writes "
      "the conditions of the resources, 0 on others.",
      [writer] { return writer == nullptr ? 0.0 : static_cast<double>(writer->orphaned()); });
  registry.AddReading(
      "postern_directory_statuses_written",
      "Statuses of resources that this server has written since its start.",
      [writer] { return writer == nullptr ? 0.0 : static_cast<double>(writer->written()); });
}

}  // namespace postern::kubernetes
