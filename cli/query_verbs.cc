#include "cli/query_verbs.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
constexpr auto kRight = Table::Align::kRight;
constexpr std::uint32_t kNoPath = std::numeric_limits<std::uint32_t>::max();  // RouteCandidate.cost

std::string_view Word(bool value) {
  return value ? "True" : "False";
}

template <typename Request>
absl::Status RunQuery(const Request& request, bool one, Connection& connection, Shell& shell) {
  const auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  Print(*response, one, shell);
  return absl::OkStatus();
}

Fields FieldsOf(const v1::QueueInfo& queue) {
  return {{"Identity", queue.identity()},
          {"DeliveryType", queue.delivery_type()},
          {"NextHopDomain", queue.next_hop_domain()},
          {"NextHopConnector", queue.next_hop_connector()},
          {"Status", queue.status()},
          {"MessageCount", base::Cat(queue.message_count())},
          {"DeferredMessageCount", base::Cat(queue.deferred_message_count())},
          {"RetryCount", base::Cat(queue.retry_count())},
          {"LastRetryTime", queue.last_retry_time()},
          {"NextRetryTime", queue.next_retry_time()},
          {"LastError", queue.last_error()}};
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
          {"NextAttempt", message.next_attempt()},
          {"RetryCount", base::Cat(message.retry_count())},
          {"LastError", message.last_error()}};
}

std::string CostText(const v1::RouteCandidate& candidate) {
  if (candidate.address_space().empty()) return "";
  return candidate.cost() == kNoPath ? "no path" : base::Cat(candidate.cost());
}

void PrintRecipients(const v1::MessageInfo& message, Shell& shell) {
  if (message.recipients().empty()) return;
  Table table({{"Recipient"}, {"Status"}, {"NextAttempt"}, {"LastError"}});
  for (const v1::RecipientInfo& recipient : message.recipients()) {
    table.Add({recipient.address(), recipient.status(), recipient.next_attempt(),
               recipient.last_error()});
  }
  shell.out << '\n' << table.Render(shell.width);
}

}  // namespace

void Print(const v1::GetQueueResponse& response, bool one, Shell& shell) {
  if (one && response.queues_size() == 1) {
    shell.out << RenderList(FieldsOf(response.queues(0)));
    return;
  }
  Table table({{"Identity"},
               {"DeliveryType"},
               {"Status"},
               {"MessageCount", kRight},
               {"NextHopDomain"},
               {"LastError"}});
  for (const v1::QueueInfo& queue : response.queues()) {
    table.Add({queue.identity(), queue.delivery_type(), queue.status(),
               base::Cat(queue.message_count()), queue.next_hop_domain(), queue.last_error()});
  }
  shell.out << table.Render(shell.width);
}

void Print(const v1::GetMessageResponse& response, bool one, Shell& shell) {
  if (one) {
    for (const v1::MessageInfo& message : response.messages()) {
      if (&message != &response.messages(0)) shell.out << '\n';
      shell.out << RenderList(FieldsOf(message));
      PrintRecipients(message, shell);
    }
    return;
  }
  if (response.messages().empty()) {
    shell.err << "no messages are queued\n";
    return;
  }
  Table table({{"Identity"}, {"FromAddress"}, {"Status"}, {"Subject"}, {"LastError"}});
  for (const v1::MessageInfo& message : response.messages()) {
    table.Add({message.identity(), message.from_address(), message.status(), message.subject(),
               message.last_error()});
  }
  shell.out << table.Render(shell.width);
  if (response.truncated()) {
    shell.err << "there are more messages: narrow it with --queue, or raise --result-size\n";
  }
}

void Print(const v1::TestRouteResponse& response, const std::string& recipient, Shell& shell) {
  Fields fields = {{"Recipient", recipient}, {"Decision", response.decision()}};
  if (response.decision() == "next-hop") {
    fields.insert(fields.end(), {{"Connector", response.connector()},
                                 {"DeliveryType", response.delivery_type()},
                                 {"NextHopDomain", response.next_hop_domain()},
                                 {"Proxied", std::string(Word(response.frontend_proxy()))}});
  } else {
    fields.emplace_back("Reason", response.reason());
  }
  if (!response.enhanced_status().empty()) {
    fields.emplace_back("EnhancedStatus", response.enhanced_status());
  }
  if (!response.address_type().empty() && response.address_type() != "SMTP") {
    fields.emplace_back("RoutedAs",
                        base::Cat(response.address_type(), ":", response.routed_address()));
  }
  if (!response.path().empty()) {
    std::vector<std::string> path;
    for (const v1::RouteSite& stop : response.path())
      path.push_back(base::Cat(stop.site(), " (", stop.cost(), stop.hub() ? ", hub)" : ")"));
    std::vector<std::string> servers;
    for (const v1::RouteServer& server : response.servers())
      servers.push_back(base::Cat(server.group(), ". ", server.name(), " ", server.address()));
    fields.insert(fields.end(), {{"SitePath", base::Join(path, " > ")},
                                 {"NextStop", response.next_stop()},
                                 {"Servers", base::Join(servers, ", ")}});
  }
  fields.emplace_back("Directory", response.snapshot_version());
  shell.out << RenderList(fields);
  if (response.candidates().empty()) return;
  Table table({{"Connector"}, {"AddressSpace"}, {"Cost", kRight}, {"LostAt"}, {"Reason"}});
  for (const v1::RouteCandidate& candidate : response.candidates()) {
    table.Add({candidate.connector(), candidate.address_space(), CostText(candidate),
               candidate.chosen() ? "(chosen)" : candidate.lost_at(), candidate.reason()});
  }
  shell.out << '\n' << table.Render(shell.width);
}

absl::Status Run(const v1::GetQueueRequest& request, Connection& connection, Shell& shell) {
  return RunQuery(request, !request.identity().empty(), connection, shell);
}

absl::Status Run(const v1::GetMessageRequest& request, Connection& connection, Shell& shell) {
  return RunQuery(request, !request.identity().empty(), connection, shell);
}

absl::Status Run(const v1::TestRouteRequest& request, Connection& connection, Shell& shell) {
  const auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  Print(*response, request.recipient(), shell);
  return absl::OkStatus();
}

}  // namespace postern::cli
