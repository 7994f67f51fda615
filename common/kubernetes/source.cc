#include "common/kubernetes/source.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "absl/time/clock.h"
#include <pthread.h>

#include "common/base/text.h"
#include "common/directory/build.h"
#include "common/io/signals.h"
#include "common/observe/log.h"

namespace postern::kubernetes {

namespace {

using directory::Kind;
using directory::ManifestError;
using directory::SnapshotPtr;

// With a copy on disk mail need not wait longer for the API server at a start.
constexpr absl::Duration kStartWithCopy = absl::Seconds(3);
// The copy on disk is written once for changes that follow one another.
constexpr absl::Duration kCopyAfter = absl::Seconds(1);

void NameThread() {
  pthread_setname_np(pthread_self(), "kubernetes");
  // Signals are for the main thread.
  sigset_t every;
  sigfillset(&every);
  pthread_sigmask(SIG_BLOCK, &every, nullptr);
}

}  // namespace

KubernetesSource::KubernetesSource(const directory::DirectorySettings& directory,
                                   const KubernetesSettings& settings,
                                   const Access& access,
                                   base::Random& random)
    : RemoteSource({.name = "the API server",
                    .field = "api_server",
                    .address = access.origin(),
                    .wait = *settings.start_timeout,
                    .wait_with_copy = kStartWithCopy,
                    .advice = ""},
                   directory::DiskCopy(*directory.cache, "the API server", kCopyAfter)),
      quiet_time_(*directory.quiet_time),
      access_(access) {
  for (std::size_t kind = 0; kind < directory::kKinds; ++kind)
    feeds_.push_back(std::make_unique<Feed>(static_cast<Kind>(kind), access, settings, random));
}

KubernetesSource::~KubernetesSource() {
  Stop();
}

void KubernetesSource::Interrupt() {
  const std::lock_guard lock(mutex_);
  if (channel_ != nullptr) channel_->Wake();
}

KubernetesSource::View KubernetesSource::view() const {
  View view;
  for (const auto& feed : feeds_)
    view.objects[feed->collection().kind()] = feed->collection().objects();
  const std::lock_guard lock(mutex_);
  view.findings = findings_;
  view.in_force = in_force_;
  view.complete = complete_;
  return view;
}

ObjectPtr KubernetesSource::Held(Kind kind, const std::string& name) const {
  return feeds_[static_cast<std::size_t>(kind)]->collection().Held(name);
}

bool KubernetesSource::WaitFor(const std::function<bool(const directory::Snapshot&)>& holds,
                               absl::Duration most) const {
  std::unique_lock lock(mutex_);
  const auto there = [&] { return current_ != nullptr && holds(*current_); };
  io::AwaitUnlessStopped(wake_, lock, most, [&] { return stopping_ || there(); });
  return there();
}

bool KubernetesSource::WaitInForce(const std::string& place,
                                   std::int64_t generation,
                                   absl::Duration most) const {
  std::unique_lock lock(mutex_);
  const auto there = [&] {
    const auto found = in_force_.find(place);
    if (found == in_force_.end()) return generation == 0;
    return generation != 0 && found->second >= generation;
  };
  wake_.wait_for(lock, absl::ToChronoNanoseconds(most), [&] { return stopping_ || there(); });
  return there();
}

void KubernetesSource::Run() {
  NameThread();
  const auto channel = access_.OpenChannel();
  std::unique_lock lock(mutex_);
  channel_ = channel.get();
  while (!stopping_) {
    lock.unlock();
    const absl::Time until = Step(*channel);
    channel->Poll(std::max(until - absl::Now(), absl::ZeroDuration()));
    lock.lock();
  }
  channel_ = nullptr;
  lock.unlock();
  disk_copy_.Write();
}

// What is due now; gives the time of what is due next.
absl::Time KubernetesSource::Step(http::Channel& channel) {
  const absl::Time now = absl::Now();
  for (const auto& feed : feeds_)
    feed->Step(channel, now);
  NoteChanges(now);
  if (now >= build_at_) Apply();
  NoteFeeds();
  if (now >= disk_copy_.due()) disk_copy_.Write();
  absl::Time next = std::min(build_at_, disk_copy_.due());
  for (const auto& feed : feeds_)
    next = std::min(next, feed->due());
  return next;
}

// A change waits until it is quiet, so that resources that name one another come together.
void KubernetesSource::NoteChanges(absl::Time now) {
  bool changed = false;
  bool listed = true;
  for (const auto& feed : feeds_) {
    changed = feed->collection().TakeChanged() || changed;
    listed = listed && feed->collection().listed();
  }
  if (changed) {
    first_change_ = std::min(first_change_, now);
    build_at_ =
        std::min(now + quiet_time_, first_change_ + directory::kQuietRoundsMax * quiet_time_);
  }
  if (!listed) {
    build_at_ = absl::InfiniteFuture();
  } else if (!complete_) {
    // The first directory of all is not waited for any longer.
    build_at_ = now;
    const std::lock_guard lock(mutex_);
    complete_ = true;
  }
}

void KubernetesSource::Apply() {
  first_change_ = build_at_ = absl::InfiniteFuture();
  std::vector<directory::CheckedPtr> manifests;
  std::vector<ManifestError> errors;
  std::map<std::string, std::int64_t> generations;
  for (const auto& feed : feeds_) {
    for (const auto& [name, object] : feed->collection().objects()) {
      generations[object->place] = object->generation;
      if (object->checked != nullptr) manifests.push_back(object->checked);
      errors.insert(errors.end(), object->errors.begin(), object->errors.end());
    }
  }
  SnapshotPtr snapshot = directory::BuildSnapshot(manifests, errors);
  if (!errors.empty()) return NoteRefused(errors);
  const SnapshotPtr before = current();
  {
    const std::lock_guard lock(mutex_);
    refusal_.clear();
    findings_.clear();
    ++readings_.loads;
    readings_.last_good = absl::Now();
  }
  if (before == nullptr || before->stale() || before->version() != snapshot->version()) {
    disk_copy_.Keep(snapshot);
    Publish(std::move(snapshot));
  }
  // Not before mail is routed by it: who waits for a change may test it with his next message.
  {
    const std::lock_guard lock(mutex_);
    in_force_ = std::move(generations);
  }
  wake_.notify_all();
}

void KubernetesSource::NoteRefused(const std::vector<ManifestError>& errors) {
  std::string serving = "none";
  std::string text = TextOf(errors);
  {
    const std::lock_guard lock(mutex_);
    findings_.clear();
    for (const ManifestError& error : errors) {
      std::string& finding = findings_[error.file];
      finding += base::Cat(finding.empty() ? "" : "; ", error.text);
    }
    refusal_ = text;
    ++readings_.loads;
    ++readings_.failures;
    readings_.last_load_ok = false;
    readings_.last_error = text;
    if (current_ != nullptr) serving = current_->version();
  }
  POSTERN_LOG(kError, "directory", "cannot be loaded; the last good snapshot stays",
              {{"api_server", address()}, {"snapshot", serving}, {"error", text}});
}

// How current what we serve is, and what is in the way.
void KubernetesSource::NoteFeeds() {
  absl::Time lost_since = absl::InfiniteFuture();
  std::string failure;
  for (const auto& feed : feeds_) {
    lost_since = std::min(lost_since, feed->lost_since());
    if (failure.empty()) failure = std::string(base::MessageOf(feed->failure()));
  }
  const bool followed = lost_since == absl::InfiniteFuture();
  bool news = false;
  {
    const std::lock_guard lock(mutex_);
    const bool copy = current_ != nullptr && current_->stale();
    readings_.stale = current_ != nullptr && (!followed || copy);
    if (!followed || !copy) readings_.stale_since = lost_since;
    std::string error = !refusal_.empty() ? refusal_ : failure;
    news = !failure.empty() && refusal_.empty() && error != readings_.last_error;
    if (news) ++readings_.failures;
    readings_.last_error = std::move(error);
    readings_.last_load_ok = followed && refusal_.empty() && complete_;
  }
  if (news) {
    POSTERN_LOG(kWarning, "directory", "the API server is away; the last snapshot stays",
                {{"api_server", address()}, {"error", failure}});
  }
  if (followed && !followed_) {
    POSTERN_LOG(kInfo, "directory", "follows the API server",
                {{"api_server", address()}, {"namespace", access_.name_space()}});
  }
  followed_ = followed;
}

}  // namespace postern::kubernetes
