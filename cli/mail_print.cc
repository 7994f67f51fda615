#include "cli/mail_print.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

constexpr std::string_view kUsualOfQueue[] = {"Identity",     "DeliveryType",  "Status",
                                              "MessageCount", "NextHopDomain", "LastError"};
constexpr std::string_view kUsualOfMessage[] = {"Identity", "FromAddress", "Status", "Subject",
                                                "LastError"};
constexpr std::string_view kUsualOfDigest[] = {"GroupByValue", "MessageCount",
                                               "DeferredMessageCount", "QueueCount"};

std::string Truth(bool value) {
  return value ? "True" : "False";
}

std::string Rate(double rate) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", rate);
  return text;
}

std::string Counts(const google::protobuf::RepeatedField<std::uint64_t>& counts) {
  std::vector<std::string> texts;
  for (const std::uint64_t count : counts)
    texts.push_back(base::Cat(count));
  return base::Cat("{", base::Join(texts, ", "), "}");
}

Fields FieldsOf(const v1::QueueInfo& queue) {
  return {
      {"Identity", queue.identity()},
      {"DeliveryType", queue.delivery_type()},
      {"NextHopDomain", queue.next_hop_domain()},
      {"NextHopConnector", queue.next_hop_connector()},
      {"NextHopCategory", queue.next_hop_category()},
      {"TlsDomain", queue.tls_domain()},
      {"MxSet", queue.mx_set()},
      {"Status", queue.status()},
      {"MessageCount", base::Cat(queue.message_count())},
      {"DeferredMessageCount", base::Cat(queue.deferred_message_count())},
      {"SuspendedMessageCount", base::Cat(queue.suspended_message_count())},
      {"MessageCountsPerPriority", Counts(queue.message_counts_per_priority())},
      {"DeferredMessageCountsPerPriority", Counts(queue.deferred_message_counts_per_priority())},
      {"PriorityDescriptions", "{High, Normal, Low}"},
      {"IncomingRate", Rate(queue.incoming_rate())},
      {"OutgoingRate", Rate(queue.outgoing_rate())},
      {"Velocity", Rate(queue.velocity())},
      {"RetryCount", base::Cat(queue.retry_count())},
      {"FirstRetryTime", queue.first_retry_time()},
      {"LastRetryTime", queue.last_retry_time()},
      {"NextRetryTime", queue.next_retry_time()},
      {"LastError", queue.last_error()}};
}

std::string RecipientsOf(const v1::MessageInfo& message) {
  std::vector<std::string> texts;
  for (const v1::RecipientInfo& recipient : message.recipients())
    texts.push_back(base::Cat(recipient.address(), ": ", recipient.status()));
  return texts.empty() ? "" : base::Cat("{", base::Join(texts, ", "), "}");
}

// They come when they were asked for.
bool HasRecipients(const v1::GetMessageResponse& response) {
  return std::any_of(response.messages().begin(), response.messages().end(),
                     [](const v1::MessageInfo& message) { return message.recipients_size() > 0; });
}

Fields FieldsOf(const v1::MessageInfo& message) {
  return {{"Identity", message.identity()},
          {"FromAddress", message.from_address()},
          {"Status", message.status()},
          {"Queue", message.queue()},
          {"Subject", message.subject()},
          {"Size", base::Cat(message.size())},
          {"InternetMessageId", message.internet_message_id()},
          {"MessageSourceName", message.message_source_name()},
          {"SourceIP", message.source_ip()},
          {"DateReceived", message.date_received()},
          {"ExpirationTime", message.expiration_time()},
          {"MessageLatency", message.message_latency()},
          {"NextAttempt", message.next_attempt()},
          {"RetryCount", base::Cat(message.retry_count())},
          {"Priority", message.priority()},
          {"DeferReason", message.defer_reason()},
          {"RequireTls", Truth(message.require_tls())},
          {"LastError", message.last_error()},
          {"Recipients", RecipientsOf(message)}};
}

Fields FieldsOf(const v1::QueueDigest& digest) {
  return {{"GroupByValue", digest.group_by_value()},
          {"MessageCount", base::Cat(digest.message_count())},
          {"DeferredMessageCount", base::Cat(digest.deferred_message_count())},
          {"QueueCount", base::Cat(digest.queue_count())}};
}

void PrintRecipients(const v1::MessageInfo& message, Shell& shell) {
  if (message.recipients().empty()) return;
  Table table(
      {{"Recipient"}, {"Type"}, {"Status"}, {"FinalDestination"}, {"NextAttempt"}, {"LastError"}});
  for (const v1::RecipientInfo& recipient : message.recipients()) {
    table.Add({recipient.address(), recipient.type(), recipient.status(),
               recipient.final_destination(), recipient.next_attempt(), recipient.last_error()});
  }
  shell.out << '\n' << table.Render(shell.width);
}

template <typename Rows>
std::vector<Fields> AllFieldsOf(const Rows& rows) {
  std::vector<Fields> all;
  for (const auto& row : rows)
    all.push_back(FieldsOf(row));
  return all;
}

View Whole(const View& view) {
  View whole = view;
  whole.form = View::Form::kList;
  return whole;
}

template <typename Response>
void TellPage(const Response& response, std::string_view what, int shown, Shell& shell) {
  if (response.has_page_info()) {
    shell.err << what << ' ' << response.page_info().first() << " and on, " << shown << " of "
              << response.page_info().total() << '\n';
  }
  if (response.truncated()) {
    shell.err << "there are more " << what
              << ": narrow it with -Filter, raise -ResultSize, or go on with -BookmarkObject\n";
  }
}

void PrintDetails(const v1::QueueDigest& digest, Shell& shell) {
  if (digest.details().empty()) return;
  Table table({{"Identity"},
               {"Status"},
               {"MessageCount", Table::Align::kRight},
               {"NextHopDomain"},
               {"LastError"}});
  for (const v1::QueueInfo& queue : digest.details()) {
    table.Add({queue.identity(), queue.status(), base::Cat(queue.message_count()),
               queue.next_hop_domain(), queue.last_error()});
  }
  shell.out << '\n' << ForTerminal(digest.group_by_value()) << ":\n" << table.Render(shell.width);
}

}  // namespace

absl::Status Print(const v1::GetQueueResponse& response,
                   Asked asked,
                   const View& view,
                   Shell& shell) {
  const bool whole = asked == Asked::kOne && response.queues_size() == 1 && view.properties.empty();
  if (response.queues().empty()) shell.err << "no queue is so\n";
  const absl::Status printed =
      PrintRows(AllFieldsOf(response.queues()), kUsualOfQueue, whole ? Whole(view) : view, shell);
  if (printed.ok()) TellPage(response, "queues", response.queues_size(), shell);
  return printed;
}

absl::Status Print(const v1::GetMessageResponse& response,
                   Asked asked,
                   const View& view,
                   Shell& shell) {
  if (response.messages().empty()) {
    shell.err << (asked == Asked::kAll ? "no messages are queued\n" : "no message is so\n");
  }
  if (asked == Asked::kOne && view.properties.empty()) {
    for (const v1::MessageInfo& message : response.messages()) {
      if (&message != &response.messages(0)) shell.out << '\n';
      Fields fields = FieldsOf(message);
      fields.pop_back();  // the recipients have a table of their own
      shell.out << RenderList(fields);
      PrintRecipients(message, shell);
    }
    return absl::OkStatus();
  }
  std::vector<std::string_view> usual(std::begin(kUsualOfMessage), std::end(kUsualOfMessage));
  if (HasRecipients(response)) usual.emplace_back("Recipients");
  const absl::Status printed = PrintRows(AllFieldsOf(response.messages()), usual, view, shell);
  if (printed.ok()) TellPage(response, "messages", response.messages_size(), shell);
  return printed;
}

absl::Status Print(const v1::GetQueueDigestResponse& response, const View& view, Shell& shell) {
  for (const std::string& who : response.unanswered())
    shell.err << "WARNING: " << ForTerminal(who) << '\n';
  if (response.digests().empty()) shell.err << "no queue holds enough messages to be shown\n";
  const absl::Status printed =
      PrintRows(AllFieldsOf(response.digests()), kUsualOfDigest, view, shell);
  if (!printed.ok()) return printed;
  for (const v1::QueueDigest& digest : response.digests())
    PrintDetails(digest, shell);
  if (response.truncated()) shell.err << "there are more groups: raise -ResultSize\n";
  return absl::OkStatus();
}

}  // namespace postern::cli
