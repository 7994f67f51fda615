// services/mailbox-transport/pipeline/pressure.h
//
// Back pressure: how full the machine is, and what that means for new mail. Pure, but for Pressure,
// which carries the answer to those who take mail.
//
// Flow      A PressureBoard is told each reading of each resource, at even intervals, and gives a
//           PressureState; Pressure::Set makes it known; Admit and hold are asked for each message.
// Failure   Admit: kResourceExhausted, naming the resource (452 4.3.1 in SMTP).
// Lifetime  Pressure is thread-safe; a board belongs to one thread.
// Limits    A level rises at once and falls only below the mark under it. Space (disk, memory):
//           medium refuses mail of applications, high that of other servers too. Flow (waiting
//           commits, time of a commit): above normal MAIL is held back, kHoldFirst and kHoldStep
//           more for each reading, up to kHoldMax; after kFlowPatience readings in a row that were
//           not normal mail of applications is refused.
// See       docs/exchange.md "Back pressure"; Exchange's back pressure

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "services/mailbox-transport/model/intake.h"

namespace postern::pipeline {

inline constexpr absl::Duration kHoldFirst = absl::Seconds(10);
inline constexpr absl::Duration kHoldStep = absl::Seconds(5);
inline constexpr absl::Duration kHoldMax = absl::Seconds(55);
inline constexpr int kFlowPatience = 300;

enum class PressureLevel : std::uint8_t { kNormal, kMedium, kHigh };

std::string_view NameOf(PressureLevel level);

// In the unit of the resource's readings. Below `normal` a raised level is over.
struct PressureMarks {
  double normal = 0;
  double medium = 0;
  double high = 0;
};

PressureLevel NextLevel(PressureLevel now, double reading, const PressureMarks& marks);

// For a disk of `size` bytes, in bytes that are used: high is `reserve` before the end (a tenth of
// a small disk), medium and normal 2 % and 4 % of the disk earlier.
PressureMarks DiskMarks(std::uint64_t size, std::uint64_t reserve);
// From a percentage of `limit`, with medium and normal 2 and 4 points lower.
PressureMarks PercentMarks(std::uint64_t limit, int percent);

struct PressureState {
  std::string refused_for;  // the resource for which mail of applications is refused, or empty
  bool servers_refused = false;
  absl::Duration hold = absl::ZeroDuration();

  bool operator==(const PressureState&) const = default;
};

class PressureBoard {
 public:
  enum class Kind : std::uint8_t { kSpace, kFlow };

  // A change of one resource, to be told to people.
  struct News {
    std::string_view resource;
    PressureLevel before;
    PressureLevel now;
    double reading;
    PressureMarks marks;
  };

  // Resources are named once; the number is how they are known from then on.
  std::size_t Add(std::string name, Kind kind);
  void Note(std::size_t resource, double reading, const PressureMarks& marks);
  // After each round of readings.
  PressureState State() const;
  std::vector<News> TakeNews();

  PressureLevel level(std::size_t resource) const { return resources_[resource].level; }

 private:
  struct Resource {
    std::string name;
    Kind kind;
    PressureLevel level = PressureLevel::kNormal;
    int raised = 0;  // readings in a row that were not normal
  };

  std::vector<Resource> resources_;
  std::vector<News> news_;
};

class Pressure {
 public:
  void Set(const PressureState& state);

  absl::Status Admit(model::Submitter submitter) const;
  absl::Duration hold() const;

 private:
  std::atomic<bool> calm_{true};
  mutable std::mutex mutex_;
  PressureState state_;
};

}  // namespace postern::pipeline
