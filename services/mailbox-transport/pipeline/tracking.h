// services/mailbox-transport/pipeline/tracking.h
//
// Tracking: writes the message tracking log: one line for each thing that becomes of a message.
//
// Flow      Open; then its verbs, from the place that joins the steps: Received when the store has
//           the message, Judged with each decision of settle, Reported with its DSNs, Rerouted.
// Failure   Open: kUnavailable naming setting and folder. A verb cannot fail: a line that cannot be
//           kept is counted (observe::CsvLog).
// Lifetime  Thread-safe; a verb reads the message on the executor that owns it. The files are
//           written by a thread of the log's own.
// Limits    A line has the recipients with one and the same status, kRecipientsPerLine at most;
//           the others have lines of their own. A value is cut to kTrackedBytesMax. No content.
// See       services/mailbox-transport/pipeline/tracking_fields.h; docs/logs.md

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/observe/csv_log.h"
#include "common/observe/metrics.h"
#include "common/smtp/outcome.h"
#include "services/mailbox-transport/model/message.h"
#include "services/mailbox-transport/pipeline/routing_log.h"
#include "services/mailbox-transport/pipeline/tracking_fields.h"
#include "services/mailbox-transport/pipeline/tracking_settings.h"
#include "services/mailbox-transport/settle/settle.h"

namespace postern::pipeline {

inline constexpr std::size_t kTrackedBytesMax = 2048;
inline constexpr std::size_t kRecipientsPerLine = 500;

// How settle came to decide.
struct TrackedWork {
  model::NextHop hop;
  TrackingSource source = TrackingSource::kQueue;  // without an attempt
  const smtp::Outcome* outcome = nullptr;          // with one
  std::string_view way;                            // "direct", "proxy", "relay"
};

// What a decision reports, kept from before it is committed.
struct TrackedReport {
  settle::DsnKind kind = settle::DsnKind::kFailed;
  std::string about;  // the recipients, joined by ";"
};

class Tracking {
 public:
  // `server` is our name in the directory; `folder` stands in for an empty path. Null: off.
  static absl::StatusOr<std::unique_ptr<Tracking>> Open(const TrackingSettings& settings,
                                                        std::string server,
                                                        std::string folder);

  // RECEIVE; and Routed.
  void Received(const model::Message& message);

  // DEFER for those of the recipients to whom no way is known.
  void Routed(const model::Message& message, std::span<const std::uint32_t> recipients);

  // SEND, DEFER or FAIL for each recipient; nothing for one that was not tried.
  void Judged(const settle::Decision& decision, const TrackedWork& work);

  // DSN, one for each notice, and Routed of it; `reports` are those of the decision, in the same
  // order.
  static std::vector<TrackedReport> ReportsOf(const settle::Decision& decision);
  void Reported(const model::Message& about,
                const std::vector<TrackedReport>& reports,
                const std::vector<model::MessagePtr>& notices);

  // RESUBMIT: these recipients leave the queue of `hop` to be routed again.
  void Rerouted(const model::Message& message,
                std::span<const std::uint32_t> recipients,
                const model::NextHop& hop);

  // POISONMESSAGE: it waits apart from now on.
  void Poisoned(const model::Message& message);

  std::uint64_t lines_lost() const { return log_->lines_lost(); }

  const std::string& folder() const { return log_->folder(); }

  // Waits until what was written before can be read in the files.
  void Flush() { log_->Flush(); }

 private:
  struct Line;

  Tracking(std::shared_ptr<observe::CsvLog> log, std::string server, bool subjects)
      : log_(std::move(log)), server_(std::move(server)), subjects_(subjects) {}

  void Write(const model::Message& message, const Line& line);
  void WriteAll(const model::Message& message, Line& line, std::span<const std::uint32_t> all);

  const std::shared_ptr<observe::CsvLog> log_;
  const std::string server_;
  const bool subjects_;
};

// Counts lost lines of the logs, which may be null and outlive the registry's use.
void AddLogReadings(observe::Registry& registry,
                    const Tracking* tracking,
                    const RoutingLog* routing);

}  // namespace postern::pipeline
