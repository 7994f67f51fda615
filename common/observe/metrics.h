// common/observe/metrics.h
//
// Metrics: declared once with name and prose, cheap to count, served as Prometheus text.
//
// Flow      A step has a `probe.h` with its metrics as a class with verbs; the class takes a
//           Registry and asks it for each metric once. Hot paths keep the returned reference.
// Lifetime  References stay valid as long as the Registry. Thread-safe.
// Failure   A name that Prometheus does not know, or one name with two types, is a bug and ends
//           the process.
// Limits    Each family holds at most `series_max` label sets (200); beyond it the set "other"
//           counts. A label value is at most 256 bytes.
// See       docs/generated/metrics.md

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::observe {

// Counters and gauges have a cache line each: two busy threads do not slow one another down.
class alignas(64) Counter {
 public:
  void Add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }

  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class alignas(64) Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }

  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }

  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Fixed buckets; upper bounds in the unit of its name, rising. Record takes no lock and no memory.
class alignas(64) Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void Record(double value);

  struct Reading {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;  // not cumulative; one more than bounds
    double sum = 0;
  };

  Reading Read() const;

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// 100 us to 100 s, for waits in seconds.
std::vector<double> SecondsBuckets();

class Registry {
 public:
  explicit Registry(std::size_t series_max = 200);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same name and labels give the same metric again.
  Counter& AddCounter(std::string_view name, std::string_view about, const Labels& labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view about, const Labels& labels = {});
  Histogram& AddHistogram(std::string_view name,
                          std::string_view about,
                          std::vector<double> bounds,
                          const Labels& labels = {});
  // Read when asked; `read` must be thread-safe and quick, outlive the registry's use and not call
  // the registry. A name that ends in "_total" is a counter, any other a gauge. The same name and
  // labels again take the place of the former.
  void AddReading(std::string_view name,
                  std::string_view about,
                  std::function<double()> read,
                  const Labels& labels = {});

  // One sample of a family whose samples come and go.
  struct Row {
    Labels labels;  // no two rows have the same
    double value = 0;
  };

  // The rows are asked for whenever the text is made, as AddReading's value is; of more than
  // series_max the rest is left out.
  void AddRows(std::string_view name,
               std::string_view about,
               std::function<std::vector<Row>()> read);

  // Prometheus text format, families in the order of their names.
  std::string Text() const;

  // Name, type and prose of every family, for docs/generated/metrics.md.
  struct Family {
    std::string name, type, about;
  };

  std::vector<Family> Families() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::observe
