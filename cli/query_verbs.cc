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

std::string CostText(const v1::RouteCandidate& candidate) {
  if (candidate.address_space().empty()) return "";
  return candidate.cost() == kNoPath ? "no path" : base::Cat(candidate.cost());
}

}  // namespace

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

absl::Status Run(const v1::TestRouteRequest& request, Connection& connection, Shell& shell) {
  const auto response = connection.Ask(request);
  if (!response.ok()) return response.status();
  if (shell.output != Output::kTable) return PrintData(*response, shell);
  Print(*response, request.recipient(), shell);
  return absl::OkStatus();
}

}  // namespace postern::cli
