// services/mailbox-transport/deliver/probe.h
//
// The metrics of deliver, as verbs; by connector and by way (direct, proxy, relay).
//
// Lifetime  Borrows the registry. One for each executor; the metrics behind it are shared.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/time/time.h"

#include "common/observe/metrics.h"
#include "common/smtp/outcome.h"

namespace postern::deliver {

// How a delivery left.
enum class Way : std::uint8_t { kDirect, kProxy, kRelay };

std::string_view NameOf(Way way);

// Why a delivery may have happened twice: who lost the answer.
enum class AmbiguousReason : std::uint8_t { kConnectionLost, kFrontEndLost, kRelayLost, kRestart };

inline constexpr std::array kAmbiguousReasons = {
    AmbiguousReason::kConnectionLost, AmbiguousReason::kFrontEndLost, AmbiguousReason::kRelayLost,
    AmbiguousReason::kRestart};

std::string_view NameOf(AmbiguousReason reason);

observe::Counter& AmbiguousCounter(observe::Registry& registry, AmbiguousReason reason);

class Probe {
 public:
  Probe(observe::Registry& registry, std::string site);

  // `connector` as model::ConnectorLabel has it.
  void Attempted(const std::string& connector,
                 Way way,
                 const smtp::Outcome& outcome,
                 absl::Duration took);

  // Of the front ends of the site this executor knows so many; each name without an address is one.
  // Of these so many take mail.
  void FrontEnds(std::size_t known, std::size_t usable);

  // A delivery that may have happened twice.
  void Ambiguous(AmbiguousReason reason);

 private:
  struct Counters {
    observe::Counter* attempts;
    std::array<observe::Counter*, smtp::kResultClasses> recipients;
    observe::Counter* bytes;
    observe::Histogram* seconds;
  };

  Counters& CountersOf(const std::string& connector, Way way);

  // What this executor adds to a gauge of all.
  struct Share {
    observe::Gauge& gauge;
    std::size_t told = 0;

    void Is(std::size_t now);
  };

  observe::Registry& registry_;
  std::string site_;
  Share front_ends_;
  Share front_ends_usable_;
  std::unordered_map<std::string, Counters> counters_;  // by connector, "/" and the way
};

}  // namespace postern::deliver
