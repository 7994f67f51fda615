#include "services/mailbox-transport/pipeline/tracking.h"

#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/observe/csv_log_settings.h"
#include "common/observe/log_time.h"

namespace postern::pipeline {

// What differs from line to line; the rest is the message's.
struct Tracking::Line {
  TrackingEvent event = TrackingEvent::kReceive;
  TrackingSource source = TrackingSource::kSmtp;
  std::string_view client_ip;
  std::string_view client_hostname;
  std::string_view server_ip;
  std::string_view server_hostname;
  std::string_view source_context;
  std::string_view connector;
  std::span<const std::uint32_t> recipients;
  std::string_view status;
  std::string_view related;
  std::string_view reference;
  bool origination = false;  // message-info: when it was accepted
  std::string_view custom_data;
};

namespace {

// Room for most lines, so that they grow once.
constexpr std::size_t kUsualBytes = 640;

void Value(std::string& line, std::string_view value, std::size_t bytes_max = kTrackedBytesMax) {
  if (value.empty()) {
    // Most columns of a line are.
  } else if (value.size() <= bytes_max && mail::IsAscii(value)) {
    observe::AppendCsv(line, value);
  } else {
    observe::AppendCsv(line, mail::CleanText(value, bytes_max));
  }
  line.push_back(',');
}

std::string Addresses(const model::Message& message, std::span<const std::uint32_t> recipients) {
  std::string joined;
  for (const std::uint32_t i : recipients) {
    if (!joined.empty()) joined.push_back(';');
    joined.append(message.envelope.recipients[i].address);
  }
  return joined;
}

TrackingSource SourceOf(smtp::Origin origin) {
  return origin == smtp::Origin::kDns ? TrackingSource::kDns : TrackingSource::kSmtp;
}

// "192.0.2.1" of "192.0.2.1:25", "2001:db8::1" of "[2001:db8::1]:25".
std::string_view WithoutPort(std::string_view address) {
  address = address.substr(0, address.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

// The address at which `host` was tried last.
std::string_view AddressOf(const smtp::Outcome& outcome, std::string_view host) {
  for (auto tried = outcome.hosts.rbegin(); tried != outcome.hosts.rend(); ++tried) {
    if (tried->host == host) return WithoutPort(tried->address);
  }
  return {};
}

// What recipients must have in common to be in one line.
using Group = std::tuple<TrackingEvent, TrackingSource, std::string, std::string>;

// Nothing when the recipient at this place was not tried.
std::optional<Group> GroupOf(const settle::Decision& decision,
                             const TrackedWork& work,
                             std::size_t place) {
  const settle::Verdict& verdict = decision.verdicts[place];
  const smtp::RecipientResult* const result =
      decision.results.empty() ? nullptr : &decision.results[place];
  const TrackingSource source = result == nullptr ? work.source : SourceOf(result->origin);
  std::string host = result == nullptr ? std::string() : result->host;
  switch (verdict.kind) {
    case settle::Verdict::Kind::kDone: {
      std::string said;
      if (result != nullptr && result->reply) said = result->reply->ToString();
      return Group(TrackingEvent::kSend, source, std::move(host), std::move(said));
    }
    case settle::Verdict::Kind::kReturn:
      return Group(TrackingEvent::kFail, source, std::move(host), verdict.error);
    case settle::Verdict::Kind::kRetry:
      break;
  }
  if (verdict.error.empty()) return std::nullopt;
  return Group(TrackingEvent::kDefer, source, std::move(host), verdict.error);
}

std::vector<std::uint32_t> PendingOf(const model::Message& message) {
  std::vector<std::uint32_t> pending;
  for (std::uint32_t i = 0; i < message.recipients.size(); ++i) {
    if (message.recipients[i].phase == model::Phase::kPending) pending.push_back(i);
  }
  return pending;
}

// Delivery type and next-hop domain; Unreachable has no domain.
std::string ContextOf(const model::NextHop& hop) {
  return base::Cat(model::NameOf(hop.type), hop.domain.empty() ? "" : " ", hop.domain);
}

std::string Seconds(absl::Duration span) {
  const std::int64_t millis = std::max<std::int64_t>(absl::ToInt64Milliseconds(span), 0);
  const std::string rest = base::Cat(1000 + millis % 1000);
  return base::Cat(millis / 1000, ".", std::string_view(rest).substr(1));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tracking>> Tracking::Open(const TrackingSettings& settings,
                                                         std::string server,
                                                         std::string folder) {
  if (!*settings.enabled) return std::unique_ptr<Tracking>();
  observe::CsvLogOptions form;
  form.folder = std::move(folder);
  form.prefix = kTrackingPrefix;
  form.log_type = kTrackingLogType;
  form.fields = kTrackingFieldNames;
  form.step = "settle";
  auto log = observe::OpenCsvLog(settings, std::move(form));
  if (!log.ok()) return log.status();
  if (*log == nullptr) return std::unique_ptr<Tracking>();
  return std::unique_ptr<Tracking>(
      new Tracking(*std::move(log), std::move(server), *settings.subject_logging_enabled));
}

void Tracking::Write(const model::Message& message, const Line& line) {
  const absl::Time now = absl::Now();
  std::string out;
  out.reserve(kUsualBytes);
  observe::AppendLogTime(out, now);
  out.push_back(',');
  Value(out, line.client_ip);
  Value(out, line.client_hostname);
  Value(out, line.server_ip);
  Value(out, line.server_hostname);
  Value(out, line.source_context);
  Value(out, line.connector);
  base::AppendTo(out, NameOf(line.source), ',', NameOf(line.event), ',', message.id.value, ',');
  Value(out, message.internet_message_id);
  out.push_back(',');  // network-message-id
  // Not cut: each address is bounded, and so is their number.
  Value(out, Addresses(message, line.recipients), SIZE_MAX);
  Value(out, line.status);
  base::AppendTo(out, message.size, ',', line.recipients.size(), ',');
  Value(out, line.related);
  Value(out, line.reference);
  Value(out, subjects_ ? std::string_view(message.subject) : std::string_view());
  const std::string& sender = message.envelope.sender;
  Value(out, sender);
  Value(out, sender.empty() ? std::string_view("<>") : std::string_view(sender));
  if (line.origination) observe::AppendLogTime(out, message.accepted);
  out += ",Originating,,";  // directionality, tenant-id
  Value(out, message.source_ip);
  out.push_back(',');  // original-server-ip
  Value(out, line.custom_data);
  out.pop_back();
  log_->Write(out);
}

void Tracking::WriteAll(const model::Message& message,
                        Line& line,
                        std::span<const std::uint32_t> all) {
  while (!all.empty()) {
    line.recipients = all.first(std::min(all.size(), kRecipientsPerLine));
    all = all.subspan(line.recipients.size());
    Write(message, line);
  }
}

void Tracking::Received(const model::Message& message) {
  Line line;
  const std::string_view source = message.source_name;
  std::string connector;
  std::string custom_data;
  line.server_hostname = server_;
  if (!message.servers.empty()) {
    // From a server of the organization: the first to accept it has the client's line.
    line.client_hostname = message.servers.back();
    line.source_context = "relay";
    custom_data = base::Cat("S:RelayedBy=", base::Join(message.servers, "|"));
    line.custom_data = custom_data;
  } else {
    line.client_ip = message.source_ip;
    if (source == "gRPC") line.source = TrackingSource::kGateway;
    const std::size_t name = source.find(':');
    connector =
        base::Cat(server_, "\\", name == std::string_view::npos ? source : source.substr(name + 1));
    line.connector = connector;
    if (!message.identity.empty()) {
      custom_data = base::Cat("S:Identity=", message.identity);
      line.custom_data = custom_data;
    }
  }
  const std::vector<std::uint32_t> all = PendingOf(message);
  WriteAll(message, line, all);
  Routed(message, all);
}

void Tracking::Routed(const model::Message& message, std::span<const std::uint32_t> recipients) {
  std::vector<std::uint32_t> unreachable;
  for (const std::uint32_t i : recipients) {
    const model::RecipientState& state = message.recipients[i];
    const bool waits = state.phase == model::Phase::kPending;
    if (waits && state.next_hop.type == model::DeliveryType::kUnreachable) unreachable.push_back(i);
  }
  if (unreachable.empty()) return;
  Line line;
  line.event = TrackingEvent::kDefer;
  line.source = TrackingSource::kRouting;
  line.client_hostname = server_;
  line.source_context = model::NameOf(model::DeliveryType::kUnreachable);
  line.status = message.recipients[unreachable.front()].last_error;
  WriteAll(message, line, unreachable);
}

void Tracking::Judged(const settle::Decision& decision, const TrackedWork& work) {
  if (decision.verdicts.empty()) return;
  const model::Message& message = *decision.message;
  std::map<Group, std::vector<std::uint32_t>> groups;
  for (std::size_t place = 0; place < decision.verdicts.size(); ++place) {
    if (auto group = GroupOf(decision, work, place)) {
      groups[*std::move(group)].push_back(decision.ticket.recipients[place]);
    }
  }
  const std::string context = ContextOf(work.hop);
  std::string custom_data = base::Cat("S:Latency=", Seconds(absl::Now() - message.accepted));
  if (!work.way.empty()) custom_data += base::Cat(";S:Way=", work.way);
  for (const auto& [group, recipients] : groups) {
    const auto& [event, source, host, status] = group;
    Line line;
    line.event = event;
    line.source = source;
    line.client_hostname = server_;
    line.server_hostname = host;
    if (work.outcome != nullptr) line.server_ip = AddressOf(*work.outcome, host);
    line.source_context = context;
    line.connector = work.hop.connector;
    line.status = status;
    line.origination = true;
    line.custom_data = custom_data;
    WriteAll(message, line, recipients);
  }
}

std::vector<TrackedReport> Tracking::ReportsOf(const settle::Decision& decision) {
  std::vector<TrackedReport> reports;
  for (const settle::Decision::Report& planned : decision.reports) {
    std::vector<std::uint32_t> about;
    for (const std::size_t place : planned.places)
      about.push_back(decision.ticket.recipients[place]);
    reports.push_back({planned.kind, Addresses(*decision.message, about)});
  }
  return reports;
}

void Tracking::Reported(const model::Message& about,
                        const std::vector<TrackedReport>& reports,
                        const std::vector<model::MessagePtr>& notices) {
  for (std::size_t i = 0; i < notices.size() && i < reports.size(); ++i) {
    const model::Message& notice = *notices[i];
    std::vector<std::uint32_t> all(notice.recipients.size());
    std::iota(all.begin(), all.end(), 0U);
    Line line;
    line.event = TrackingEvent::kDsn;
    line.source = TrackingSource::kDsn;
    line.server_hostname = server_;
    line.source_context = settle::NameOf(reports[i].kind);
    line.related = reports[i].about;
    line.reference = about.internet_message_id;
    WriteAll(notice, line, all);
    Routed(notice, all);
  }
}

void Tracking::Rerouted(const model::Message& message,
                        std::span<const std::uint32_t> recipients,
                        const model::NextHop& hop) {
  const std::string context = ContextOf(hop);
  Line line;
  line.event = TrackingEvent::kResubmit;
  line.source = TrackingSource::kRouting;
  line.server_hostname = server_;
  line.source_context = context;
  line.connector = hop.connector;
  WriteAll(message, line, recipients);
}

void Tracking::Poisoned(const model::Message& message) {
  const std::vector<std::uint32_t> all = PendingOf(message);
  const std::string context = base::Cat("in hand at ", message.crashes, " crashes");
  Line line;
  line.event = TrackingEvent::kPoison;
  line.source = TrackingSource::kPoison;
  line.server_hostname = server_;
  line.source_context = context;
  WriteAll(message, line, all);
}

void AddLogReadings(observe::Registry& registry,
                    const Tracking* tracking,
                    const RoutingLog* routing) {
  registry.AddReading("postern_settle_message_tracking_lost_total",
                      "Lines of the message tracking log that could not be kept.", [tracking] {
                        return tracking == nullptr ? 0.0
                                                   : static_cast<double>(tracking->lines_lost());
                      });
  registry.AddReading(
      "postern_route_log_lost_total", "Lines of the routing log that could not be kept.",
      [routing] { return routing == nullptr ? 0.0 : static_cast<double>(routing->lines_lost()); });
}

}  // namespace postern::pipeline
