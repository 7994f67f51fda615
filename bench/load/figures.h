// bench/load/figures.h
//
// Figures: when each message of a load left, was accepted and arrived; printed as one JSON object.
//
// Flow      Figures figures(messages); figures.of(message).dot = ...; figures.Print().
// Limits    Microseconds from the start of the load.

#pragma once

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

namespace postern::bench {

using Microseconds = std::int64_t;

// Of one message; -1: not yet.
struct Times {
  Microseconds dot = -1;
  Microseconds accepted = -1;
  Microseconds delivered = -1;
};

class Figures {
 public:
  explicit Figures(std::size_t messages) : times_(messages) {}

  std::size_t messages() const { return times_.size(); }

  std::size_t delivered() const { return delivered_; }

  Times& of(std::size_t message) { return times_[message]; }

  void Arrived(std::size_t message, Microseconds now) {
    Times& times = times_[message];
    ++(times.delivered < 0 ? delivered_ : twice_);
    if (times.delivered < 0) times.delivered = now;
  }

  void Print() const {
    std::vector<Microseconds> accept;
    std::vector<Microseconds> through;
    Microseconds last_accepted = 0;
    Microseconds last_delivered = 0;
    for (const Times& one : times_) {
      if (one.accepted >= 0) accept.push_back(one.accepted - one.dot);
      // The sink may hear of it before the generator hears of its receipt.
      if (one.accepted >= 0 && one.delivered >= 0)
        through.push_back(std::max<Microseconds>(0, one.delivered - one.accepted));
      last_accepted = std::max(last_accepted, one.accepted);
      last_delivered = std::max(last_delivered, one.delivered);
    }
    std::cout << "{\"messages\": " << times_.size() << ", \"accepted\": " << accept.size()
              << ", \"delivered\": " << delivered_ << ", \"twice\": " << twice_
              << ", \"accept_seconds\": " << Seconds(last_accepted)
              << ", \"delivered_seconds\": " << Seconds(last_delivered)
              << Quantiles("accept", accept) << Quantiles("through", through) << "}" << std::endl;
  }

 private:
  static std::string Seconds(Microseconds time) {
    return std::to_string(static_cast<double>(time) / 1e6);
  }

  static std::string Quantiles(const std::string& name, std::vector<Microseconds>& times) {
    if (times.empty()) return "";
    std::sort(times.begin(), times.end());
    const auto at = [&times](std::size_t percent) {
      return std::to_string(times[std::min(times.size() - 1, times.size() * percent / 100)]);
    };
    return ", \"" + name + "_p50_us\": " + at(50) + ", \"" + name + "_p99_us\": " + at(99);
  }

  std::vector<Times> times_;
  std::size_t delivered_ = 0;
  std::size_t twice_ = 0;
};

}  // namespace postern::bench
