#include "services/mailbox-transport/pipeline/resource_monitor.h"

#include <utility>

#include "common/observe/log.h"

namespace postern::pipeline {

namespace {

constexpr const char* kNames[] = {"store disk", "log disk", "memory", "submission length",
                                  "commit latency"};
constexpr std::array<const char*, 3> kLevels = {"normal", "medium", "high"};

observe::Gauge& LevelGauge(observe::Registry& registry, std::size_t resource) {
  return registry.AddGauge("postern_accept_pressure_level",
                           "Back pressure of a resource: 0 normal, 1 medium, 2 high.",
                           {{"resource", kNames[resource]}});
}

observe::Gauge& ReadingGauge(observe::Registry& registry, std::size_t resource) {
  return registry.AddGauge("postern_accept_pressure_reading",
                           "What was read of a resource: bytes in use, messages or seconds.",
                           {{"resource", kNames[resource]}});
}

observe::Gauge& MarkGauge(observe::Registry& registry, std::size_t resource, const char* level) {
  return registry.AddGauge("postern_accept_pressure_mark",
                           "The reading from which on a level holds: normal (below it a raised one "
                           "is over), medium, high.",
                           {{"resource", kNames[resource]}, {"level", level}});
}

PressureMarks FlowMarks(double high) {
  return {high * 0.2, high * 0.4, high};
}

}  // namespace

ResourceMonitor::ResourceMonitor(const PressureSettings& settings,
                                 Sources sources,
                                 observe::Registry& registry,
                                 Pressure& pressure)
    : settings_(settings), sources_(std::move(sources)), pressure_(pressure) {
  for (std::size_t resource = 0; resource < kResources; ++resource) {
    const bool flow = resource == kSubmission || resource == kCommit;
    board_.Add(kNames[resource], flow ? PressureBoard::Kind::kFlow : PressureBoard::Kind::kSpace);
    levels_[resource] = &LevelGauge(registry, resource);
    readings_[resource] = &ReadingGauge(registry, resource);
    for (std::size_t level = 0; level < kLevels.size(); ++level)
      marks_[resource][level] = &MarkGauge(registry, resource, kLevels[level]);
  }
  if (!*settings_.resource_monitoring_enabled) return;
  Poll();
  const absl::Duration interval = *settings_.resource_monitoring_interval;
  ticker_.emplace("resources", interval, [this, interval] {
    Poll();
    return interval;
  });
}

void ResourceMonitor::Note(Resource resource, double reading, const PressureMarks& marks) {
  board_.Note(resource, reading, marks);
  levels_[resource]->Set(static_cast<double>(board_.level(resource)));
  readings_[resource]->Set(reading);
  const double all[] = {marks.normal, marks.medium, marks.high};
  for (std::size_t level = 0; level < kLevels.size(); ++level)
    marks_[resource][level]->Set(all[level]);
}

void ResourceMonitor::PollDisk(Resource resource, const std::string& path) {
  const auto use = sources_.disk(path);
  if (!use.ok()) {
    if (!std::exchange(disk_told_, true)) {
      POSTERN_LOG(kWarning, "accept", "back pressure cannot read a disk",
                  {{"error", use.status()}});
    }
    return;
  }
  Note(resource, static_cast<double>(use->size - use->available),
       DiskMarks(use->size, settings_.disk_reserve->bytes));
}

void ResourceMonitor::Poll() {
  PollDisk(kStoreDisk, sources_.store_path);
  if (!sources_.log_path.empty()) PollDisk(kLogDisk, sources_.log_path);
  const observe::MemoryUse memory = sources_.memory();
  // Without a limit it could not be read: too many open files are no lack of memory.
  if (memory.limit > 0) {
    Note(kMemory, static_cast<double>(memory.used),
         PercentMarks(memory.limit, *settings_.memory_percent));
  }
  Note(kSubmission, static_cast<double>(sources_.submission_length()),
       FlowMarks(*settings_.submission_length));
  Note(kCommit, absl::ToDoubleSeconds(sources_.commit_latency()),
       FlowMarks(absl::ToDoubleSeconds(*settings_.commit_latency)));
  pressure_.Set(board_.State());
  for (const PressureBoard::News& news : board_.TakeNews()) {
    POSTERN_LOG(kWarning, "accept",
                news.now > news.before ? "back pressure rises" : "back pressure falls",
                {{"resource", news.resource},
                 {"pressure", NameOf(news.now)},
                 {"before", NameOf(news.before)},
                 {"reading", static_cast<std::int64_t>(news.reading)},
                 {"high", static_cast<std::int64_t>(news.marks.high)}});
  }
}

void DeclareResourceMetrics(observe::Registry& registry) {
  LevelGauge(registry, 0);
  ReadingGauge(registry, 0);
  MarkGauge(registry, 0, kLevels[0]);
}

}  // namespace postern::pipeline
