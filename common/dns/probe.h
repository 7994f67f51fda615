// common/dns/probe.h
//
// The metrics of a resolver: its questions by result, and how long they took.
//
// Flow      CaresResolver tells of each question, CachingResolver of each answer that it had.
// Lifetime  Borrows the registry. Thread-safe; those of one name share the metrics.
// Limits    A question that was stopped, and a name that cannot be asked, are not counted.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/observe/metrics.h"

namespace postern::dns {

// What became of a question: of one name and one type, over all servers.
enum class QuestionResult : std::uint8_t {
  kAnswer,
  kNoData,
  kNoName,
  kServerFailure,  // also refused, not reachable, and an answer that says nothing
  kTimeout,
};

inline constexpr std::size_t kQuestionResults = 5;

std::string_view NameOf(QuestionResult result);

class Probe {
 public:
  // `resolver`: "internal" or "external".
  Probe(observe::Registry& registry, std::string_view resolver);

  // `status` as dns::Resolver has it; `empty`: an answer without records.
  void Asked(const absl::Status& status, bool empty, absl::Duration took) const;

  // An answer was in the cache.
  void Cached() const { cached_.Add(); }

 private:
  std::array<observe::Counter*, kQuestionResults> questions_ = {};
  observe::Histogram& seconds_;
  observe::Counter& cached_;
};

}  // namespace postern::dns
