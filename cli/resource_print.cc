#include "cli/resource_print.h"

#include <algorithm>

#include "cli/table.h"
#include "cli/yaml.h"
#include "common/base/text.h"
#include "common/base/wildcard.h"

namespace postern::cli {

namespace {

using Names = std::vector<std::string>;

// What a table of the kind shows, if nobody says what.
Names UsualColumns(std::string_view kind) {
  if (kind == "SendConnector") return {"Identity", "AddressSpaces", "Route", "Enabled", "Ready"};
  if (kind == "Site") return {"Identity", "HubSiteEnabled", "InboundMailEnabled", "FrontEnds"};
  if (kind == "SiteLink") return {"Identity", "Cost", "ExchangeCost", "MaxMessageSize", "Sites"};
  if (kind == "TransportServer") return {"Identity", "Site", "RelayAddress"};
  return {"Identity", "DomainName", "DomainType", "Default"};
}

// Where a connector's mail goes and by which door, in one word for a table.
std::string RouteOf(const v1::SendConnectorSpec& spec) {
  std::string route =
      spec.dns_routing_enabled()
          ? "MX"
          : base::Join({spec.smart_hosts().begin(), spec.smart_hosts().end()}, ", ");
  if (spec.frontend_proxy_enabled()) route += " by front end";
  return route;
}

// The properties of a list, and those that only tables show.
Properties AllOf(const v1::Resource& resource) {
  Properties all = PropertiesOf(resource);
  if (resource.has_send_connector()) {
    all.emplace_back("Route", RouteOf(resource.send_connector().spec()));
    const auto ready = ReadyOf(resource);
    for (auto& [name, value] : all) {
      if (name == "Ready" && ready && value != "True") value += base::Cat(": ", ready->reason());
    }
  }
  return all;
}

std::string ValueOf(const Properties& properties, std::string_view name) {
  const auto found = std::find_if(properties.begin(), properties.end(), [name](const auto& one) {
    return base::EqualsIgnoreCase(one.first, name);
  });
  return found == properties.end() ? "" : found->second;
}

// The names that the patterns choose out of `from`, in the order of the patterns.
absl::StatusOr<Names> Chosen(const Names& patterns, const Properties& from) {
  Names names;
  for (const std::string& pattern : patterns) {
    const std::size_t before = names.size();
    for (const auto& [name, value] : from) {
      if (base::FitsWildcard(pattern, name)) names.push_back(name);
    }
    if (names.size() != before) continue;
    return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(pattern),
                       "\" is not a property; Format-List without properties shows all");
  }
  return names;
}

absl::Status PrintList(const v1::Resource& resource, const View& view, Shell& shell) {
  if (view.properties.empty()) {
    shell.out << RenderList(PropertiesOf(resource));
    return absl::OkStatus();
  }
  const Properties all = AllOf(resource);
  const auto names = Chosen(view.properties, all);
  if (!names.ok()) return names.status();
  Properties some;
  for (const std::string& name : *names)
    some.emplace_back(name, ValueOf(all, name));
  shell.out << RenderList(some);
  return absl::OkStatus();
}

absl::Status PrintTable(const std::vector<v1::Resource>& resources,
                        const View& view,
                        Shell& shell) {
  Names names = UsualColumns(KindOf(resources.front()));
  if (!view.properties.empty()) {
    auto chosen = Chosen(view.properties, AllOf(resources.front()));
    if (!chosen.ok()) return chosen.status();
    names = *std::move(chosen);
  }
  std::vector<Table::Column> columns;
  for (const std::string& name : names)
    columns.push_back({name});
  Table table(std::move(columns));
  for (const v1::Resource& resource : resources) {
    const Properties all = AllOf(resource);
    std::vector<std::string> cells;
    for (const std::string& name : names)
      cells.push_back(ValueOf(all, name));
    table.Add(std::move(cells));
  }
  shell.out << table.Render(shell.width);
  return absl::OkStatus();
}

absl::Status PrintAsJson(const std::vector<v1::Resource>& resources, bool one, Shell& shell) {
  if (one && resources.size() == 1) return PrintJson(ObjectOf(resources.front()), shell);
  std::string text;
  for (const v1::Resource& resource : resources) {
    const auto json = ToJson(ObjectOf(resource));
    if (!json.ok()) return json.status();
    text += base::Cat(text.empty() ? "" : ",\n", base::Trim(*json));
  }
  shell.out << '[' << text << "]\n";
  return absl::OkStatus();
}

}  // namespace

absl::Status PrintResources(const std::vector<v1::Resource>& resources,
                            const View& view,
                            Shell& shell) {
  if (shell.output == Output::kJson) return PrintAsJson(resources, view.one, shell);
  if (resources.empty()) return absl::OkStatus();
  if (shell.output == Output::kTable && view.form == View::Form::kTable) {
    return PrintTable(resources, view, shell);
  }
  for (const v1::Resource& resource : resources) {
    if (shell.output == Output::kYaml) {
      if (&resource != &resources.front()) shell.out << "---\n";
      shell.out << ToYaml(ObjectOf(WithoutServerPart(resource)));
      continue;
    }
    if (&resource != &resources.front()) shell.out << '\n';
    if (absl::Status printed = PrintList(resource, view, shell); !printed.ok()) return printed;
  }
  return absl::OkStatus();
}

std::string RenderDifferences(const std::vector<Difference>& differences) {
  Table table({{"Parameter"}, {"Before"}, {"After"}});
  for (const Difference& one : differences)
    table.Add({one.parameter, one.before, one.after});
  return table.Render(0);
}

}  // namespace postern::cli
