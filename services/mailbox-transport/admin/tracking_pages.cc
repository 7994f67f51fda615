#include "services/mailbox-transport/admin/tracking_pages.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "postern/v1/tracking.grpc.pb.h"

namespace postern::admin {

namespace {

using Slice = TrackingSearch::Slice;

constexpr std::size_t kErrorBytesMax = 500;

absl::StatusOr<std::size_t> ResultSize(std::uint32_t asked) {
  if (asked == 0) return TrackingService::kResultsDefault;
  if (asked <= TrackingService::kResultsMax) return asked;
  return base::Error(absl::StatusCode::kInvalidArgument, "result_size: ", asked, ": at most ",
                     TrackingService::kResultsMax);
}

void NoteSilent(const std::string& server, const absl::Status& status, auto& response) {
  v1::SilentServer& silent = *response.add_silent();
  silent.set_server(server);
  silent.set_error(mail::CleanText(base::MessageOf(status), kErrorBytesMax));
}

// What one slice has read, with where it ended.
struct Read {
  Slice slice;
  v1::TrackingCursor cursor;
};

}  // namespace

TrackingPages::TrackingPages(const TrackingService::Parts& parts)
    : parts_(parts),
      search_(parts.tracking == nullptr ? std::string() : parts.tracking->folder(), parts.server),
      fan_out_({parts.executor, parts.rpc, parts.directory}) {}

absl::Status TrackingPages::NoLog() const {
  return base::Error(absl::StatusCode::kFailedPrecondition, parts_.server,
                     ": message_tracking_log.enabled is false");
}

absl::StatusOr<std::vector<v1::TrackingCursor>> TrackingPages::CursorsOf(
    const Request& request) const {
  std::vector<std::string> names;
  const directory::SnapshotPtr snapshot = parts_.directory();
  if (request.local()) {
    names.push_back(parts_.server);
  } else if (snapshot == nullptr) {
    return absl::UnavailableError("the directory is not loaded yet");
  } else if (request.servers().empty()) {
    for (const directory::TransportServer& server : snapshot->servers())
      names.push_back(server.name);
  }
  for (const std::string& asked : request.servers()) {
    if (request.local()) break;
    const directory::TransportServer* const known = snapshot->FindServer(asked);
    if (known == nullptr) {
      return base::Error(absl::StatusCode::kNotFound, "server: \"", base::Printable(asked),
                         "\" is not a TransportServer of the directory");
    }
    names.push_back(known->name);
  }
  std::vector<v1::TrackingCursor> cursors;
  for (const std::string& name : names) {
    v1::TrackingCursor& cursor = cursors.emplace_back();
    for (const v1::TrackingCursor& given : request.cursors()) {
      if (!base::EqualsIgnoreCase(given.server(), name)) continue;
      if (absl::Status good = CheckCursor(given); !good.ok()) return good;
      cursor = given;
    }
    cursor.set_server(name);
  }
  return cursors;
}

io::Task<absl::Status> TrackingPages::Page(const Request& request,
                                           Response& response,
                                           absl::AnyInvocable<bool()> cancelled) {
  const auto query = TrackingQuery::Parse(request.filter());
  if (!query.ok()) co_return query.status();
  if (const auto size = ResultSize(request.result_size()); !size.ok()) co_return size.status();
  auto cursors = CursorsOf(request);
  if (!cursors.ok()) co_return cursors.status();
  co_await AskOthers(request, *cursors, response);
  for (v1::TrackingCursor& cursor : *cursors) {
    if (cursor.server() != parts_.server || cursor.complete()) continue;
    const absl::Status read = co_await Own(request, cursor, response, std::move(cancelled));
    if (!read.ok() && cursors->size() == 1) co_return read;
    if (!read.ok()) NoteSilent(parts_.server, read, response);
    break;
  }
  bool complete = true;
  for (v1::TrackingCursor& cursor : *cursors) {
    complete = complete && cursor.complete();
    response.add_cursors()->Swap(&cursor);
  }
  response.set_complete(complete);
  co_return absl::OkStatus();
}

io::Task<void> TrackingPages::AskOthers(const Request& request,
                                        std::vector<v1::TrackingCursor>& cursors,
                                        Response& response) {
  std::vector<FanOut::Question<Request>> questions;
  std::vector<v1::TrackingCursor*> asked;
  for (v1::TrackingCursor& cursor : cursors) {
    if (cursor.complete() || cursor.server() == parts_.server) continue;
    if (questions.size() == FanOut::kQuestionsMax) break;  // the others with the next page
    FanOut::Question<Request>& question = questions.emplace_back();
    question.server = cursor.server();
    *question.request.mutable_filter() = request.filter();
    question.request.set_local(true);
    question.request.set_result_size(request.result_size());
    *question.request.add_cursors() = cursor;
    asked.push_back(&cursor);
  }
  if (questions.empty()) co_return;
  auto answers = co_await fan_out_.Ask<v1::Tracking, Request, Response>(
      std::move(questions), parts_.server_timeout,
      &v1::Tracking::Stub::async::GetMessageTrackingLog);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& answer = answers[i];
    if (answer.status.ok() && answer.response.cursors_size() == 1) {
      asked[i]->Swap(answer.response.mutable_cursors(0));
      asked[i]->set_server(answer.server);
      for (v1::TrackingEvent& event : *answer.response.mutable_events())
        response.add_events()->Swap(&event);
      continue;
    }
    if (answer.status.ok()) answer.status = absl::InternalError("the answer has no cursor");
    NoteSilent(answer.server, answer.status, response);
    asked[i]->set_complete(true);
  }
}

io::Task<absl::Status> TrackingPages::Own(const Request& request,
                                          v1::TrackingCursor& cursor,
                                          Response& response,
                                          absl::AnyInvocable<bool()> cancelled) {
  if (parts_.tracking == nullptr) {
    cursor.set_complete(true);
    co_return NoLog();
  }
  const TrackingQuery query = *TrackingQuery::Parse(request.filter());
  const std::size_t most = *ResultSize(request.result_size());
  const absl::Time end_by = absl::Now() + TrackingService::kSearchMax;
  const bool first = cursor.file().empty();
  std::size_t events = 0;
  std::size_t bytes = 0;
  while (!cursor.complete() && events < most && bytes < TrackingService::kPageBytesMax &&
         absl::Now() < end_by) {
    if (cancelled()) co_return absl::CancelledError("the caller has gone");
    absl::AnyInvocable<Read()> read = [&, flush = first && events == 0] {
      // What was written before the question is part of the answer.
      if (flush) parts_.tracking->Flush();
      Read got;
      got.cursor = cursor;
      got.slice =
          search_.Next(query, most - events, TrackingService::kPageBytesMax - bytes, got.cursor);
      return got;
    };
    Read got = co_await io::OnDisk<Read>(parts_.disk, std::move(read));
    cursor = std::move(got.cursor);
    events += got.slice.events.size();
    bytes += got.slice.bytes;
    for (v1::TrackingEvent& event : got.slice.events)
      response.add_events()->Swap(&event);
  }
  co_return absl::OkStatus();
}

absl::StatusOr<v1::TrackingCursor> TrackingPages::WatchFrom(
    const v1::WatchEventsRequest& request) const {
  if (parts_.tracking == nullptr) return NoLog();
  if (absl::Status good = CheckCursor(request.cursor()); !good.ok()) return good;
  return request.cursor().file().empty() ? search_.End() : request.cursor();
}

io::Task<v1::WatchEventsResponse> TrackingPages::Look(TrackingQuery query,
                                                      v1::TrackingCursor cursor) {
  absl::AnyInvocable<Read()> read = [&] {
    Read got;
    got.cursor = cursor;
    got.slice = search_.Next(query, TrackingService::kResultsDefault,
                             TrackingService::kPageBytesMax, got.cursor);
    return got;
  };
  Read got = co_await io::OnDisk<Read>(parts_.disk, std::move(read));
  v1::WatchEventsResponse response;
  response.set_lost(got.slice.lost);
  for (v1::TrackingEvent& event : got.slice.events)
    response.add_events()->Swap(&event);
  response.mutable_cursor()->Swap(&got.cursor);
  co_return response;
}

}  // namespace postern::admin
