#include "services/mailbox-transport/admin/tracking_search.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <utility>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/observe/csv_line.h"
#include "common/observe/log_time.h"
#include "services/mailbox-transport/pipeline/tracking_fields.h"

namespace postern::admin {

namespace {

using Field = google::protobuf::FieldDescriptor;

absl::StatusOr<absl::Time> TimeOf(std::string_view name, const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return base::Error(absl::StatusCode::kInvalidArgument, name, ": \"", base::Printable(text),
                     "\" is not a time as in 2026-01-31T23:59:59Z");
}

absl::Status Known(std::string_view name,
                   const std::string& word,
                   bool known,
                   const std::string& here) {
  if (word.empty() || known) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, name, ": \"", base::Printable(word),
                     "\" is none of Exchange's; lines here have ", here);
}

std::string_view WithoutBrackets(std::string_view id) {
  if (id.size() >= 2 && id.front() == '<' && id.back() == '>') return id.substr(1, id.size() - 2);
  return id;
}

bool SameId(std::string_view asked, std::string_view have) {
  return base::EqualsIgnoreCase(WithoutBrackets(asked), WithoutBrackets(have));
}

bool Contains(std::string_view text, std::string_view part) {
  if (part.empty()) return true;
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y%m%d", time, absl::UTCTimeZone());
}

// From `offset`, at most `bytes` of a file; empty at its end, or when it is gone.
std::string ReadAt(const observe::CsvFile& file, std::uint64_t offset, std::size_t bytes) {
  std::ifstream in(file.path, std::ios::binary);
  if (!in.seekg(static_cast<std::streamoff>(offset))) return {};
  std::string out(bytes, '\0');
  in.read(out.data(), static_cast<std::streamsize>(bytes));
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

std::uint64_t BytesFrom(const std::vector<observe::CsvFile>& files, std::size_t at) {
  std::uint64_t bytes = 0;
  for (; at < files.size(); ++at)
    bytes += files[at].bytes;
  return bytes;
}

}  // namespace

absl::StatusOr<TrackingQuery> TrackingQuery::Parse(const v1::TrackingFilter& filter) {
  TrackingQuery query;
  query.filter_ = filter;
  if (!filter.start().empty()) {
    const auto start = TimeOf("start", filter.start());
    if (!start.ok()) return start.status();
    query.start_ = *start;
  }
  if (!filter.end().empty()) {
    const auto end = TimeOf("end", filter.end());
    if (!end.ok()) return end.status();
    query.end_ = *end;
  }
  absl::Status known =
      Known("event_id", filter.event_id(), pipeline::IsTrackingEvent(filter.event_id()),
            pipeline::TrackingEventsHere());
  if (known.ok()) {
    known = Known("source", filter.source(), pipeline::IsTrackingSource(filter.source()),
                  pipeline::TrackingSourcesHere());
  }
  const std::string& id = filter.internal_message_id();
  if (known.ok() && !id.empty() && !base::ParseUnsigned(id)) {
    known = base::Error(absl::StatusCode::kInvalidArgument, "internal_message_id: \"",
                        base::Printable(id), "\" is not a number");
  }
  if (!known.ok()) return known;
  if (!id.empty()) query.needle_ = base::Cat(",", id, ",");
  return query;
}

bool TrackingQuery::MayMatch(std::string_view line) const {
  return needle_.empty() || line.find(needle_) != std::string_view::npos;
}

bool TrackingQuery::MayBeIn(const observe::CsvFile& file) const {
  if (start_ != absl::InfinitePast()) {
    if (file.day < DayOf(start_)) return false;
    // The times of the file system are coarser than those of the lines.
    const auto written = std::chrono::file_clock::to_sys(file.written);
    if (absl::FromChrono(written) + absl::Seconds(2) < start_) return false;
  }
  return end_ == absl::InfiniteFuture() || file.day <= DayOf(end_);
}

bool TrackingQuery::Matches(const v1::TrackingEvent& event) const {
  const auto word = [](const std::string& asked, const std::string& have) {
    return asked.empty() || base::EqualsIgnoreCase(asked, have);
  };
  if (!word(filter_.event_id(), event.event_id())) return false;
  if (!word(filter_.source(), event.source())) return false;
  if (!word(filter_.internal_message_id(), event.internal_message_id())) return false;
  if (!filter_.message_id().empty() && !SameId(filter_.message_id(), event.message_id())) {
    return false;
  }
  if (!filter_.reference().empty() && !SameId(filter_.reference(), event.reference())) return false;
  if (!filter_.sender().empty() && !word(filter_.sender(), event.sender()) &&
      !word(filter_.sender(), event.return_path())) {
    return false;
  }
  if (!Contains(event.message_subject(), filter_.message_subject())) return false;
  if (filter_.recipients_size() != 0) {
    const bool one = std::any_of(
        filter_.recipients().begin(), filter_.recipients().end(), [&](const std::string& asked) {
          return std::any_of(
              event.recipients().begin(), event.recipients().end(),
              [&](const std::string& have) { return base::EqualsIgnoreCase(asked, have); });
        });
    if (!one) return false;
  }
  if (start_ == absl::InfinitePast() && end_ == absl::InfiniteFuture()) return true;
  const auto time = observe::ParseLogTime(event.timestamp());
  return time && *time >= start_ && *time < end_;
}

std::optional<v1::TrackingEvent> ToEvent(std::string_view line) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  const std::vector<std::string> values = observe::SplitCsv(
      mail::IsUtf8(line) ? std::string(line) : mail::CleanText(line, line.size()));
  if (values.size() < 2) return std::nullopt;
  v1::TrackingEvent event;
  const google::protobuf::Reflection& fields = *event.GetReflection();
  for (std::size_t i = 0; i < std::min(values.size(), pipeline::kTrackingFields); ++i) {
    // The field of the number, not of the place: the first one has number 1.
    const Field* const field = event.GetDescriptor()->FindFieldByNumber(static_cast<int>(i) + 1);
    if (field->is_repeated()) {
      for (const std::string_view part : observe::SplitList(values[i]))
        fields.AddString(&event, field, std::string(part));
    } else if (field->cpp_type() == Field::CPPTYPE_UINT64) {
      fields.SetUInt64(&event, field, base::ParseUnsigned(values[i]).value_or(0));
    } else {
      fields.SetString(&event, field, values[i]);
    }
  }
  return event;
}

absl::Status CheckCursor(const v1::TrackingCursor& cursor) {
  if (cursor.file().empty() || observe::CsvFileNamed(cursor.file(), pipeline::kTrackingPrefix)) {
    return absl::OkStatus();
  }
  return base::Error(absl::StatusCode::kInvalidArgument, "cursor: \"",
                     base::Printable(cursor.file()), "\" is no file of the message tracking log");
}

v1::TrackingCursor TrackingSearch::End() const {
  v1::TrackingCursor cursor;
  cursor.set_server(server_);
  const auto files = observe::CsvFiles(folder_, pipeline::kTrackingPrefix);
  if (files.empty()) return cursor;
  cursor.set_file(files.back().name);
  cursor.set_offset(files.back().bytes);
  return cursor;
}

TrackingSearch::Slice TrackingSearch::Next(const TrackingQuery& query,
                                           std::size_t events_max,
                                           std::size_t bytes_max,
                                           v1::TrackingCursor& cursor) const {
  Slice slice;
  cursor.set_server(server_);
  cursor.set_complete(false);
  const std::vector<observe::CsvFile> files = observe::CsvFiles(folder_, pipeline::kTrackingPrefix);
  const auto from = observe::CsvFileNamed(cursor.file(), pipeline::kTrackingPrefix);
  auto at = files.begin();
  if (from) {
    at = std::find_if(files.begin(), files.end(),
                      [&](const observe::CsvFile& file) { return !file.Before(*from); });
  }
  slice.lost = from && (at == files.end() || at->name != cursor.file());
  std::uint64_t offset = slice.lost || !from ? 0 : cursor.offset();
  while (at != files.end() && !query.MayBeIn(*at) && std::next(at) != files.end()) {
    ++at;
    offset = 0;
  }
  if (at == files.end() || !query.MayBeIn(*at)) {
    cursor.set_complete(true);
    cursor.set_bytes_left(0);
    return slice;
  }
  const std::string block = ReadAt(*at, offset, kSliceBytes);
  std::string_view rest = block;
  const bool full = block.size() == kSliceBytes;
  while (!rest.empty() && slice.events.size() < events_max && slice.bytes < bytes_max) {
    const std::size_t end = rest.find('\n');
    // A line that is still being written is read with the next slice; one without end is none.
    if (end == std::string_view::npos && !(full && rest.size() == block.size())) break;
    const std::string_view line = rest.substr(0, end);
    const std::size_t taken = end == std::string_view::npos ? rest.size() : end + 1;
    rest.remove_prefix(taken);
    offset += taken;
    if (!query.MayMatch(line)) continue;
    auto event = ToEvent(line);
    if (!event || !query.Matches(*event)) continue;
    event->set_server(server_);
    slice.bytes += event->ByteSizeLong();
    slice.events.push_back(*std::move(event));
  }
  cursor.set_file(at->name);
  cursor.set_offset(offset);
  const std::size_t place = static_cast<std::size_t>(at - files.begin());
  const std::uint64_t all = BytesFrom(files, place);
  cursor.set_bytes_left(all > offset ? all - offset : 0);
  const bool at_end = block.empty() || (rest.find('\n') == std::string_view::npos && !full);
  if (!at_end) return slice;
  if (place + 1 < files.size()) {
    cursor.set_file(files[place + 1].name);
    cursor.set_offset(0);
  } else {
    cursor.set_complete(true);
  }
  return slice;
}

}  // namespace postern::admin
