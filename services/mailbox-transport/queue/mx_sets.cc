#include "services/mailbox-transport/queue/mx_sets.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "services/mailbox-transport/model/message.h"

namespace postern::queue {

MxSet::MxSet(MxSets& sets, std::string connector, std::string name)
    : sets_(sets),
      connector_(std::move(connector)),
      name_(std::move(name)),
      ramp_(sets.first_, sets.limit_),
      parts_(sets.shards_) {
  sets_.probe_.MxSets(1);
}

MxSet::~MxSet() {
  sets_.probe_.MxSets(-1);
  if (!up()) sets_.probe_.MxSetsDown(-1);
}

void MxSet::AdvanceTo(absl::Time now) {
  if (state_ == State::kDown || ramp_.patience_ends() > now) return;
  if (state_ == State::kProbing) {
    if (!probing_) return;
    ramp_.Widen(under_way_, now);
    Open();
  } else if (ramp_.Full(under_way_)) {
    ramp_.Grow(now);
  }
}

void MxSet::Advance(absl::Time now) {
  const std::lock_guard lock(mutex_);
  AdvanceTo(now);
}

std::size_t MxSet::RoomNow(absl::Time now) const {
  if (state_ == State::kDown) return resumes_ <= now ? 1 : 0;
  if (state_ == State::kProbing) return probing_ ? 0 : 1;
  return ramp_.allowed() - std::min(ramp_.allowed(), under_way_);
}

std::size_t MxSet::RoomOf(std::size_t shard, absl::Time now) const {
  const Part& part = parts_[shard];
  const std::size_t spare = part.held - part.under_way;
  const std::size_t free = sets_.limit_ - std::min(sets_.limit_, held_);
  return std::min(RoomNow(now), spare + free);
}

std::size_t MxSet::Room(std::size_t shard, absl::Time now) const {
  const std::lock_guard lock(mutex_);
  return RoomOf(shard, now);
}

void MxSet::Await(std::size_t shard, bool waits) {
  std::vector<std::size_t> spare;
  {
    const std::lock_guard lock(mutex_);
    parts_[shard].waits = waits;
    if (waits && under_way_ < ramp_.allowed()) spare = TakeSpare(shard);
  }
  Ask(spare);
}

MxSet::Admission MxSet::Enter(std::size_t shard, absl::Time now) {
  const std::lock_guard lock(mutex_);
  AdvanceTo(now);
  if (RoomOf(shard, now) == 0) return Admission::kNo;
  if (under_way_ == 0 || !up()) ramp_.Began(now);
  Part& part = parts_[shard];
  ++under_way_;
  if (++part.under_way > part.held) {
    ++part.held;
    ++held_;
  }
  if (up()) return Admission::kYes;
  state_ = State::kProbing;
  probing_ = true;
  return Admission::kProbe;
}

void MxSet::Leave(std::size_t shard, Admission admission) {
  const std::lock_guard lock(mutex_);
  POSTERN_CHECK(parts_[shard].under_way > 0);
  --parts_[shard].under_way;
  --under_way_;
  if (admission == Admission::kProbe) probing_ = false;
}

std::vector<std::size_t> MxSet::TakeWaiting(std::size_t but) {
  std::vector<std::size_t> shards;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (i == but || !std::exchange(parts_[i].waits, false)) continue;
    shards.push_back(i);
  }
  return shards;
}

std::vector<std::size_t> MxSet::TakeSpare(std::size_t but) {
  std::vector<std::size_t> shards;
  if (held_ < sets_.limit_) return shards;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (i == but || parts_[i].held == parts_[i].under_way) continue;
    if (!std::exchange(parts_[i].asked, true)) shards.push_back(i);
  }
  return shards;
}

void MxSet::Ask(const std::vector<std::size_t>& shards) {
  if (shards.empty()) return;
  const MxSetPtr self = sets_.Known(connector_, name_);
  for (const std::size_t shard : shards) {
    if (self.get() == this && sets_.asked_[shard]) {
      sets_.asked_[shard](self);
    } else {
      GaveUp(shard);  // it keeps none
    }
  }
}

void MxSet::GaveUp(std::size_t shard) {
  std::vector<std::size_t> shards;
  {
    const std::lock_guard lock(mutex_);
    Part& part = parts_[shard];
    part.asked = false;
    held_ -= part.held - part.under_way;
    part.held = part.under_way;
    shards = TakeWaiting(shard);
  }
  Tell(shards);
}

void MxSet::Tell(const std::vector<std::size_t>& shards) {
  if (shards.empty()) return;
  const MxSetPtr self = sets_.Known(connector_, name_);
  if (self.get() != this) return;
  for (const std::size_t shard : shards) {
    if (sets_.told_[shard]) sets_.told_[shard](self);
  }
}

void MxSet::Offer(std::size_t shard, absl::Time now) {
  std::vector<std::size_t> shards;
  std::vector<std::size_t> spare;
  {
    const std::lock_guard lock(mutex_);
    AdvanceTo(now);
    if (RoomNow(now) == 0) return;
    bool others = false;
    for (std::size_t i = 0; i < parts_.size(); ++i)
      others = others || (i != shard && parts_[i].waits);
    if (!others) return;
    if (held_ < sets_.limit_) {
      shards = TakeWaiting(shard);
    } else {
      spare = TakeSpare(parts_.size());  // those who ask for it are told by GaveUp
    }
  }
  Tell(shards);
  Ask(spare);
}

bool MxSet::Wanted(std::size_t shard) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].waits && i != shard) return true;
  }
  return false;
}

void MxSet::Worked(std::size_t shard, absl::Time now) {
  std::vector<std::size_t> shards;
  {
    const std::lock_guard lock(mutex_);
    if (ramp_.Worked(up(), now)) Rise();
    if (RoomNow(now) > 0) shards = TakeWaiting(shard);
  }
  Tell(shards);
}

void MxSet::Deferred(std::size_t shard, absl::Time now) {
  std::vector<std::size_t> shards;
  {
    const std::lock_guard lock(mutex_);
    ramp_.Began(now);
    if (!up() || ramp_.failures() > 0) {
      ramp_.Rise(0);
      Rise();
    }
    ramp_.PutOff(up(), under_way_);
    if (RoomNow(now) > 0) shards = TakeWaiting(shard);
  }
  Tell(shards);
}

void MxSet::NotTaken() {
  const std::lock_guard lock(mutex_);
  ramp_.PutOff(up(), under_way_);
}

void MxSet::Open() {
  if (!up()) sets_.probe_.MxSetsDown(-1);
  state_ = State::kOpen;
  probing_ = false;
}

void MxSet::Rise() {
  Open();
  error_.clear();
}

void MxSet::FallDown(std::string_view error, absl::Time now, absl::Time resumes) {
  if (up()) sets_.probe_.MxSetsDown(1);
  state_ = State::kDown;
  probing_ = false;
  last_retry_ = now;
  resumes_ = resumes;
  error_ = model::LastErrorOf(error);
}

void MxSet::Failed(std::string_view error,
                   absl::Time now,
                   absl::FunctionRef<absl::Time(std::uint32_t failures)> resumes) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kDown) return;  // one of the others said so already
  if (ramp_.Shrink(up(), under_way_)) return;
  ramp_.Fall(now);
  FallDown(error, now, resumes(ramp_.failures()));
}

bool MxSet::RetryNow(absl::Time now) {
  std::vector<std::size_t> shards;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kDown) return false;
    resumes_ = now;
    shards = TakeWaiting(parts_.size());
  }
  Tell(shards);
  return true;
}

bool MxSet::down() const {
  const std::lock_guard lock(mutex_);
  return !up();
}

MxSet::View MxSet::view() const {
  const std::lock_guard lock(mutex_);
  View view;
  view.down = !up();
  view.resumes = resumes_;
  view.failures = ramp_.failures();
  view.error = error_;
  view.last_retry = last_retry_;
  view.first_retry = ramp_.first_retry();
  view.under_way = under_way_;
  view.allowed = ramp_.allowed();
  return view;
}

absl::Time MxSet::NextTime(absl::Time now) const {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kDown && resumes_ > now) return resumes_;
  if (state_ == State::kProbing && ramp_.patience_ends() > now) return ramp_.patience_ends();
  return now + kRampPatience;
}

MxSets::MxSets(const QueueSettings& settings, Probe& probe, std::size_t shards)
    : limit_(static_cast<std::size_t>(*settings.max_per_mx_set_outbound_connections)),
      first_(std::min(limit_, static_cast<std::size_t>(*settings.first_connections))),
      shards_(shards),
      probe_(probe),
      told_(shards),
      asked_(shards) {}

void MxSets::OnRoom(std::size_t shard, std::function<void(MxSetPtr)> told) {
  told_[shard] = std::move(told);
}

void MxSets::OnSpareWanted(std::size_t shard, std::function<void(MxSetPtr)> asked) {
  asked_[shard] = std::move(asked);
}

std::string MxSets::KeyOf(const std::string& connector, const std::string& name) {
  return base::Cat(connector, "\n", name);
}

MxSetPtr MxSets::Find(const std::string& connector, const std::string& name) {
  std::string key = KeyOf(connector, name);
  const std::lock_guard lock(mutex_);
  const auto known = sets_.find(key);
  if (known != sets_.end()) return known->second;
  if (sets_.size() >= kMxSetsMax) return nullptr;
  auto made = std::make_shared<MxSet>(*this, connector, name);
  sets_.emplace(std::move(key), made);
  return made;
}

MxSetPtr MxSets::Known(const std::string& connector, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = sets_.find(KeyOf(connector, name));
  return known == sets_.end() ? nullptr : known->second;
}

void MxSets::Forget(MxSetPtr set) {
  const std::string key = KeyOf(set->connector(), set->name());
  const std::lock_guard lock(mutex_);
  set.reset();
  const auto known = sets_.find(key);
  // Nobody gets it from here meanwhile.
  if (known != sets_.end() && known->second.use_count() == 1) sets_.erase(known);
}

std::size_t MxSets::size() const {
  const std::lock_guard lock(mutex_);
  return sets_.size();
}

}  // namespace postern::queue
