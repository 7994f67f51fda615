#include "cli/tracking_verb.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "cli/field_view.h"
#include "cli/table.h"
#include "common/base/moment.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Strings = google::protobuf::RepeatedPtrField<std::string>;

constexpr std::size_t kPageSize = 1000;

std::string TimeOf(const CmdletLine& line, std::string_view name, Complaints& complaints) {
  if (line.Find(name) == nullptr) return {};
  const std::string text = line.Text(name);
  if (const auto time = base::ParseMoment(text)) {
    return absl::FormatTime(absl::RFC3339_full, *time, absl::UTCTimeZone());
  }
  Complain(complaints, name, text, std::string(base::kMomentRule));
  return {};
}

std::string Joined(const Strings& values) {
  return base::Join({values.begin(), values.end()}, "; ");
}

Fields FieldsOf(const v1::TrackingEvent& event) {
  return {{"Timestamp", event.timestamp()},
          {"ClientIp", event.client_ip()},
          {"ClientHostname", event.client_hostname()},
          {"ServerIp", event.server_ip()},
          {"ServerHostname", event.server_hostname()},
          {"SourceContext", event.source_context()},
          {"ConnectorId", event.connector_id()},
          {"Source", event.source()},
          {"EventId", event.event_id()},
          {"InternalMessageId", event.internal_message_id()},
          {"MessageId", event.message_id()},
          {"Recipients", Joined(event.recipients())},
          {"RecipientStatus", event.recipient_status()},
          {"TotalBytes", base::Cat(event.total_bytes())},
          {"RecipientCount", base::Cat(event.recipient_count())},
          {"RelatedRecipientAddress", Joined(event.related_recipient_address())},
          {"Reference", event.reference()},
          {"MessageSubject", event.message_subject()},
          {"Sender", event.sender()},
          {"ReturnPath", event.return_path()},
          {"MessageInfo", event.message_info()},
          {"Directionality", event.directionality()},
          {"OriginalClientIp", event.original_client_ip()},
          {"CustomData", event.custom_data()},
          {"Server", event.server()}};
}

// What a table shows, if nobody says what.
constexpr std::string_view kUsual[] = {"Timestamp",      "Server",         "EventId",
                                       "Source",         "Sender",         "Recipients",
                                       "MessageSubject", "RecipientStatus"};

}  // namespace

TrackingAsked TrackingFrom(const CmdletLine& line, Complaints& complaints) {
  TrackingAsked asked;
  v1::TrackingFilter& filter = *asked.request.mutable_filter();
  filter.set_start(TimeOf(line, "Start", complaints));
  filter.set_end(TimeOf(line, "End", complaints));
  filter.set_event_id(line.Text("EventId"));
  filter.set_internal_message_id(line.Text("InternalMessageId"));
  filter.set_message_id(line.Text("MessageId"));
  filter.set_message_subject(line.Text("MessageSubject"));
  filter.set_sender(line.Text("Sender"));
  filter.set_reference(line.Text("Reference"));
  filter.set_source(line.Text("Source"));
  for (const std::string& recipient : line.List("Recipients"))
    filter.add_recipients(recipient);
  for (const std::string& server : line.List("Server"))
    asked.request.add_servers(server);
  if (line.Find("ResultSize") == nullptr) return asked;
  const std::string size = line.Text("ResultSize");
  const auto number = base::ParseUnsigned(size);
  if (base::EqualsIgnoreCase(size, "unlimited")) {
    asked.result_size = SIZE_MAX;
  } else if (number && *number > 0) {
    asked.result_size = *number;
  } else {
    Complain(complaints, "ResultSize", size, "a number from 1, or unlimited, is expected");
  }
  return asked;
}

absl::Status Print(const v1::GetMessageTrackingLogResponse& all, const View& view, Shell& shell) {
  for (const v1::SilentServer& silent : all.silent()) {
    shell.err << "WARNING: "
              << ForTerminal(base::Cat("no answer of ", silent.server(), ": ", silent.error()))
              << '\n';
  }
  if (shell.output != Output::kTable) return PrintData(all, shell);
  std::vector<Fields> rows;
  for (const v1::TrackingEvent& event : all.events())
    rows.push_back(FieldsOf(event));
  absl::Status printed = PrintRows(rows, kUsual, view, shell, Table::Align::kLeft);
  if (!printed.ok()) return printed;
  if (!all.complete()) {
    shell.err << "there are more events: narrow it, or raise -ResultSize\n";
  }
  return absl::OkStatus();
}

absl::Status Run(const TrackingAsked& asked,
                 const View& view,
                 Connection& connection,
                 Shell& shell) {
  v1::GetMessageTrackingLogRequest request = asked.request;
  v1::GetMessageTrackingLogResponse all;
  std::vector<v1::TrackingEvent> events;
  while (!all.complete() && events.size() < asked.result_size) {
    const std::size_t left = asked.result_size - events.size();
    request.set_result_size(static_cast<std::uint32_t>(std::min(left, kPageSize)));
    auto page = connection.Ask(request);
    if (!page.ok()) return page.status();
    for (v1::TrackingEvent& event : *page->mutable_events())
      events.push_back(std::move(event));
    for (v1::SilentServer& silent : *page->mutable_silent())
      all.add_silent()->Swap(&silent);
    request.mutable_cursors()->Swap(page->mutable_cursors());
    all.set_complete(page->complete());
  }
  // Each server's come by time; so do all.
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.timestamp() < b.timestamp(); });
  if (events.size() > asked.result_size) {
    events.resize(asked.result_size);
    all.set_complete(false);
  }
  for (v1::TrackingEvent& event : events)
    all.add_events()->Swap(&event);
  return Print(all, view, shell);
}

}  // namespace postern::cli
