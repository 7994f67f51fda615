// A registry keeps families by name, a family its series by label set. The metrics are ours;
// prometheus-cpp gives them their text form.

#include <limits>
#include <map>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "common/base/check.h"
#include "common/observe/json_text.h"
#include "common/observe/metrics.h"

namespace postern::observe {

namespace {

constexpr std::size_t kLabelBytesMax = 256;

enum class Kind { kCounter, kGauge, kHistogram, kReading, kRows };

struct Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct FamilyState {
  std::string about;
  Kind kind;
  prometheus::MetricType type;
  std::map<Labels, Series> series;
  std::function<std::vector<Registry::Row>()> rows;
};

bool NameIsGood(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}

prometheus::MetricType TypeOf(Kind kind, std::string_view name) {
  if (kind == Kind::kHistogram) return prometheus::MetricType::Histogram;
  if (kind == Kind::kCounter) return prometheus::MetricType::Counter;
  if (kind == Kind::kReading && name.ends_with("_total")) return prometheus::MetricType::Counter;
  return prometheus::MetricType::Gauge;
}

// In the order of their names, and fit for the text form.
Labels Settled(const Labels& given) {
  Labels out = given;
  std::sort(out.begin(), out.end());
  for (std::size_t i = 0; i < out.size(); ++i) {
    POSTERN_CHECK(NameIsGood(out[i].first, false));
    POSTERN_CHECK(out[i].first != "le");
    POSTERN_CHECK(i == 0 || out[i - 1].first != out[i].first);
    std::string& value = out[i].second;
    value = ValidUtf8(std::string_view(value).substr(0, kLabelBytesMax));
  }
  return out;
}

prometheus::ClientMetric::Histogram Cumulated(const Histogram::Reading& reading) {
  prometheus::ClientMetric::Histogram out;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    out.sample_count += reading.counts[i];
    const bool last = i == reading.bounds.size();
    out.bucket.push_back(
        {.cumulative_count = out.sample_count,
         .upper_bound = last ? std::numeric_limits<double>::infinity() : reading.bounds[i]});
  }
  out.sample_sum = reading.sum;
  return out;
}

prometheus::ClientMetric Collected(const Labels& labels,
                                   const Series& series,
                                   prometheus::MetricType type) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : labels)
    out.label.push_back({.name = name, .value = value});
  if (series.histogram != nullptr) {
    out.histogram = Cumulated(series.histogram->Read());
    return out;
  }
  double value = 0;
  if (series.counter != nullptr) value = static_cast<double>(series.counter->value());
  if (series.gauge != nullptr) value = series.gauge->value();
  if (series.read) value = series.read();
  if (type == prometheus::MetricType::Counter) {
    out.counter.value = value;
  } else {
    out.gauge.value = value;
  }
  return out;
}

void CollectRows(const FamilyState& family, std::size_t series_max, prometheus::MetricFamily& out) {
  std::vector<Registry::Row> rows = family.rows();
  if (rows.size() > series_max) rows.resize(series_max);
  for (const Registry::Row& row : rows) {
    Series series;
    series.read = [&row] { return row.value; };
    out.metric.push_back(Collected(Settled(row.labels), series, family.type));
  }
}

std::string_view TypeName(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Histogram) return "histogram";
  return type == prometheus::MetricType::Counter ? "counter" : "gauge";
}

}  // namespace

struct Registry::State {
  mutable std::mutex mutex;
  std::size_t series_max;
  std::map<std::string, FamilyState, std::less<>> families;

  // The caller holds the mutex.
  FamilyState& FindFamily(std::string_view name, std::string_view about, Kind kind) {
    auto found = families.find(name);
    if (found == families.end()) {
      POSTERN_CHECK(NameIsGood(name, true));
      FamilyState family{
          .about = std::string(about), .kind = kind, .type = TypeOf(kind, name), .series = {}};
      found = families.emplace(std::string(name), std::move(family)).first;
    }
    POSTERN_CHECK(found->second.kind == kind);
    return found->second;
  }

  // The caller holds the mutex. Beyond the limit every label value is "other".
  Series& Find(std::string_view name, std::string_view about, Kind kind, const Labels& given) {
    FamilyState& family = FindFamily(name, about, kind);
    Labels labels = Settled(given);
    if (!family.series.contains(labels) && family.series.size() >= series_max) {
      for (auto& label : labels)
        label.second = "other";
    }
    return family.series[labels];
  }
};

Registry::Registry(std::size_t series_max) : state_(std::make_unique<State>()) {
  state_->series_max = series_max;
}

Registry::~Registry() = default;

Counter& Registry::AddCounter(std::string_view name, std::string_view about, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->Find(name, about, Kind::kCounter, labels);
  if (series.counter == nullptr) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Registry::AddGauge(std::string_view name, std::string_view about, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->Find(name, about, Kind::kGauge, labels);
  if (series.gauge == nullptr) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Registry::AddHistogram(std::string_view name,
                                  std::string_view about,
                                  std::vector<double> bounds,
                                  const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->Find(name, about, Kind::kHistogram, labels);
  if (series.histogram == nullptr)
    series.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *series.histogram;
}

void Registry::AddReading(std::string_view name,
                          std::string_view about,
                          std::function<double()> read,
                          const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  state_->Find(name, about, Kind::kReading, labels).read = std::move(read);
}

void Registry::AddRows(std::string_view name,
                       std::string_view about,
                       std::function<std::vector<Row>()> read) {
  const std::lock_guard lock(state_->mutex);
  state_->FindFamily(name, about, Kind::kRows).rows = std::move(read);
}

std::string Registry::Text() const {
  std::vector<prometheus::MetricFamily> families;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      prometheus::MetricFamily& out = families.emplace_back();
      out.name = name;
      out.help = family.about;
      out.type = family.type;
      if (family.rows) CollectRows(family, state_->series_max, out);
      for (const auto& [labels, series] : family.series) {
        out.metric.push_back(Collected(labels, series, family.type));
      }
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<Registry::Family> Registry::Families() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<Family> out;
  for (const auto& [name, family] : state_->families) {
    out.push_back(
        {.name = name, .type = std::string(TypeName(family.type)), .about = family.about});
  }
  return out;
}

}  // namespace postern::observe
