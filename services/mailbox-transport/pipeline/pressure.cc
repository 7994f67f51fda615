#include "services/mailbox-transport/pipeline/pressure.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::pipeline {

std::string_view NameOf(PressureLevel level) {
  switch (level) {
    case PressureLevel::kNormal:
      return "Normal";
    case PressureLevel::kMedium:
      return "Medium";
    case PressureLevel::kHigh:
      return "High";
  }
  return "";
}

PressureLevel NextLevel(PressureLevel now, double reading, const PressureMarks& marks) {
  if (reading >= marks.high) return PressureLevel::kHigh;
  if (reading < marks.normal) return PressureLevel::kNormal;
  if (reading >= marks.medium) return std::max(now, PressureLevel::kMedium);
  // Between normal and medium nothing rises, and a raised level has not ended.
  return std::min(now, PressureLevel::kMedium);
}

PressureMarks DiskMarks(std::uint64_t size, std::uint64_t reserve) {
  const auto all = static_cast<double>(size);
  const double high = all - std::min(static_cast<double>(reserve), all / 10);
  return {high - all * 0.04, high - all * 0.02, high};
}

PressureMarks PercentMarks(std::uint64_t limit, int percent) {
  const double point = static_cast<double>(limit) / 100;
  return {point * (percent - 4), point * (percent - 2), point * percent};
}

std::size_t PressureBoard::Add(std::string name, Kind kind) {
  resources_.push_back({std::move(name), kind});
  return resources_.size() - 1;
}

void PressureBoard::Note(std::size_t resource, double reading, const PressureMarks& marks) {
  Resource& one = resources_[resource];
  const PressureLevel before = std::exchange(one.level, NextLevel(one.level, reading, marks));
  one.raised = one.level == PressureLevel::kNormal ? 0 : one.raised + 1;
  if (one.level != before) news_.push_back({one.name, before, one.level, reading, marks});
}

PressureState PressureBoard::State() const {
  PressureState state;
  for (const Resource& one : resources_) {
    if (one.level == PressureLevel::kNormal) continue;
    const bool space = one.kind == Kind::kSpace;
    if (space || one.raised > kFlowPatience) {
      if (state.refused_for.empty()) state.refused_for = one.name;
    }
    if (space) {
      state.servers_refused |= one.level == PressureLevel::kHigh;
    } else {
      state.hold =
          std::max(state.hold, std::min(kHoldFirst + kHoldStep * (one.raised - 1), kHoldMax));
    }
  }
  return state;
}

std::vector<PressureBoard::News> PressureBoard::TakeNews() {
  return std::exchange(news_, {});
}

void Pressure::Set(const PressureState& state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  calm_.store(state == PressureState(), std::memory_order_release);
}

absl::Status Pressure::Admit(model::Submitter submitter) const {
  if (calm_.load(std::memory_order_acquire)) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  const bool server = submitter == model::Submitter::kServer;
  if (server ? !state_.servers_refused : state_.refused_for.empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "back pressure: ", state_.refused_for,
                     " is short");
}

absl::Duration Pressure::hold() const {
  if (calm_.load(std::memory_order_acquire)) return absl::ZeroDuration();
  const std::lock_guard lock(mutex_);
  return state_.hold;
}

}  // namespace postern::pipeline
