// services/mailbox-transport/admin/tracking_search.h
//
// TrackingSearch: reads the message tracking log of this server, a slice at a time.
//
// Flow      TrackingQuery::Parse; Next with the cursor of the last slice until it is complete.
// Failure   TrackingQuery::Parse and CheckCursor: kInvalidArgument naming field, value and rule. A
//           file that is gone is passed over; a damaged line gives what can be read of it.
// Lifetime  Blocking reads: on the disk pool. Thread-safe.
// Limits    kSliceBytes of a file, and the caller's number of events and their bytes.
// See       services/mailbox-transport/pipeline/tracking_fields.h; docs/logs.md

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/observe/csv_files.h"
#include "postern/v1/tracking.pb.h"

namespace postern::admin {

class TrackingQuery {
 public:
  static absl::StatusOr<TrackingQuery> Parse(const v1::TrackingFilter& filter);

  bool Matches(const v1::TrackingEvent& event) const;
  // False when the line cannot match, told without taking it apart.
  bool MayMatch(std::string_view line) const;

  // Whether a file of this day, written to last at that time, can hold what is asked for.
  bool MayBeIn(const observe::CsvFile& file) const;

 private:
  v1::TrackingFilter filter_;
  absl::Time start_ = absl::InfinitePast();
  absl::Time end_ = absl::InfiniteFuture();
  std::string needle_;  // every line that matches holds it as it stands; empty: none is known
};

// One line of the log; nullopt for a line that is none.
std::optional<v1::TrackingEvent> ToEvent(std::string_view line);

// OK for a cursor that may come from a slice of ours.
absl::Status CheckCursor(const v1::TrackingCursor& cursor);

class TrackingSearch {
 public:
  static constexpr std::size_t kSliceBytes = 1024 * 1024;

  // `server` is whose log it is.
  TrackingSearch(std::string folder, std::string server)
      : folder_(std::move(folder)), server_(std::move(server)) {}

  struct Slice {
    std::vector<v1::TrackingEvent> events;
    std::size_t bytes = 0;  // of the events
    bool lost = false;      // the cursor's file is gone
  };

  // At most so many events, and no further one once they have `bytes_max`. Moves the cursor; it is
  // complete at the end of the last file.
  Slice Next(const TrackingQuery& query,
             std::size_t events_max,
             std::size_t bytes_max,
             v1::TrackingCursor& cursor) const;

  // The end of the log as it is now.
  v1::TrackingCursor End() const;

 private:
  const std::string folder_;
  const std::string server_;
};

}  // namespace postern::admin
