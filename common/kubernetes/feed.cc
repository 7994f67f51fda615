// What comes after what:
//
//   list    200, more pages        the next page, at once
//   list    200, the last page     watch, from the list's version
//   watch   ends in peace          watch, from the last event or bookmark
//   either  410, or no sense       list, from the beginning
//   list    anything else          list, from the beginning
//   watch   anything else          watch, from where it was
//
// After all but the first three, and after a watch that ended as soon as it began, with a pause.
#include "common/kubernetes/feed.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"

namespace postern::kubernetes {

namespace {

// A watch that lasts this long was a good one.
constexpr absl::Duration kGoodWatch = absl::Seconds(1);
// The server ends a watch; this is for one that does not.
constexpr absl::Duration kWatchGrace = absl::Seconds(30);

}  // namespace

Feed::Feed(directory::Kind kind,
           const Access& access,
           const KubernetesSettings& settings,
           base::Random& random)
    : access_(access),
      settings_(settings),
      random_(random),
      path_(access.PathOf(kind)),
      collection_(kind),
      pause_(*settings.retry_first),
      lost_since_(absl::Now()) {}

void Feed::Step(http::Channel& channel, absl::Time now) {
  if (call_ != 0) {
    if (!watching_ || now < SilentUntil()) return;
    channel.Drop(std::exchange(call_, 0));
    return Fail(base::Error(absl::StatusCode::kDeadlineExceeded, "watch of ",
                            PluralOf(collection_.kind()), ": nothing was heard for ",
                            absl::FormatDuration(now - heard_)));
  }
  if (now < next_at_) return;
  if (listing_) {
    BeginList(channel);
  } else {
    BeginWatch(channel, now);
  }
}

absl::Time Feed::due() const {
  if (call_ == 0) return next_at_;
  return watching_ ? SilentUntil() : absl::InfiniteFuture();
}

// A watch is granted, or not, as soon as any other request.
absl::Time Feed::SilentUntil() const {
  const absl::Duration silence = *settings_.watch_silence;
  return heard_ + (opened_ ? silence : std::min(silence, *settings_.request_timeout));
}

void Feed::BeginList(http::Channel& channel) {
  watching_ = false;
  if (next_page_.empty()) collection_.BeginList();
  std::string path = base::Cat(path_, "?limit=", *settings_.list_page);
  if (!next_page_.empty()) path += base::Cat("&continue=", Escaped(next_page_));
  auto call = access_.Request("GET", std::move(path));
  if (!call.ok()) return Fail(call.status());
  call->body_bytes_max = kPageBytesMax;
  call_ = channel.Begin(*std::move(call), [this](absl::StatusOr<http::Answer> answer) {
    EndList(std::move(answer));
  });
}

void Feed::BeginWatch(http::Channel& channel, absl::Time now) {
  watching_ = true;
  opened_ = false;
  heard_ = began_ = now;
  unfinished_.clear();
  spoiled_ = absl::OkStatus();
  const auto seconds = static_cast<std::uint64_t>(absl::ToInt64Seconds(*settings_.watch_time));
  const std::uint64_t half = (seconds + 1) / 2;
  const std::uint64_t lasts = half + random_.Below(seconds - half + 1);
  auto call = access_.Request(
      "GET", base::Cat(path_, "?watch=1&allowWatchBookmarks=true&resourceVersion=",
                       Escaped(collection_.resource_version()), "&timeoutSeconds=", lasts));
  if (!call.ok()) return Fail(call.status());
  call->time_max = absl::Seconds(static_cast<std::int64_t>(lasts)) + kWatchGrace;
  call->opened = [this] { Opened(); };
  call->take = [this](std::string_view piece) { return TakePiece(piece); };
  call_ = channel.Begin(*std::move(call), [this](absl::StatusOr<http::Answer> answer) {
    EndWatch(std::move(answer));
  });
}

void Feed::EndList(absl::StatusOr<http::Answer> answer) {
  call_ = 0;
  if (!answer.ok()) return Relist(answer.status());
  if (answer->status == 200) return TakePage(answer->body);
  const absl::Status refused =
      RefusalOf(*answer, base::Cat("list of ", PluralOf(collection_.kind())));
  next_page_.clear();
  Fail(refused, answer->retry_after);
}

void Feed::TakePage(std::string_view body) {
  auto next = collection_.TakePage(body);
  if (!next.ok()) {
    return Relist(
        base::Annotate(next.status(), base::Cat("list of ", PluralOf(collection_.kind()))));
  }
  next_page_ = *std::move(next);
  next_at_ = absl::InfinitePast();
  if (next_page_.empty()) Listed();
}

void Feed::Listed() {
  listing_ = false;
  lost_since_ = absl::InfiniteFuture();
  failure_ = absl::OkStatus();
}

void Feed::Opened() {
  opened_ = true;
  heard_ = absl::Now();
  lost_since_ = absl::InfiniteFuture();
  failure_ = absl::OkStatus();
}

bool Feed::TakePiece(std::string_view piece) {
  heard_ = absl::Now();
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    if (unfinished_.size() + std::min(end, piece.size()) > kEventBytesMax) {
      spoiled_ = base::Error(absl::StatusCode::kInvalidArgument, "has an event of more than ",
                             kEventBytesMax, " bytes");
      return false;
    }
    unfinished_.append(piece.substr(0, end));
    if (end == std::string_view::npos) return true;
    piece.remove_prefix(end + 1);
    const std::string line = std::exchange(unfinished_, {});
    if (!base::Trim(line).empty() && !TakeLine(line)) return false;
  }
  return true;
}

bool Feed::TakeLine(std::string_view line) {
  spoiled_ = collection_.TakeEvent(line);
  if (spoiled_.ok()) pause_ = *settings_.retry_first;
  return spoiled_.ok();
}

void Feed::EndWatch(absl::StatusOr<http::Answer> answer) {
  call_ = 0;
  const absl::Time now = absl::Now();
  if (now - began_ >= kGoodWatch) pause_ = *settings_.retry_first;
  const std::string what = base::Cat("watch of ", PluralOf(collection_.kind()));
  if (!spoiled_.ok()) {
    if (absl::IsUnavailable(spoiled_)) return Fail(base::Annotate(spoiled_, what));
    return Relist(base::Annotate(spoiled_, what));
  }
  if (!answer.ok()) return Fail(answer.status());
  if (answer->status != 200) {
    const absl::Status refused = RefusalOf(*answer, what);
    return absl::IsOutOfRange(refused) ? Relist(refused) : Fail(refused, answer->retry_after);
  }
  if (!base::Trim(unfinished_).empty()) {
    return Fail(base::Error(absl::StatusCode::kUnavailable, what, ": it ended within an event"));
  }
  if (now - began_ >= kGoodWatch) {
    next_at_ = now;
    return;
  }
  Fail(base::Error(absl::StatusCode::kUnavailable, what, ": it ended as soon as it began"));
}

void Feed::Relist(const absl::Status& status) {
  listing_ = true;
  next_page_.clear();
  Fail(status);
}

void Feed::Fail(absl::Status status, absl::Duration asked) {
  const absl::Time now = absl::Now();
  failure_ = std::move(status);
  lost_since_ = std::min(lost_since_, now);
  next_at_ = now + std::max(random_.HalfToAll(pause_), std::min(asked, *settings_.retry_most));
  pause_ = std::min(2 * pause_, *settings_.retry_most);
}

}  // namespace postern::kubernetes
