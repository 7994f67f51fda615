#include "cli/import_verb.h"

#include <filesystem>
#include <fstream>
#include <istream>
#include <set>

#include "google/protobuf/util/json_util.h"

#include "cli/import_connector.h"
#include "cli/import_text.h"
#include "cli/resource_verbs.h"
#include "cli/table.h"
#include "cli/value_forms.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

absl::Status Invalid(const auto&... parts) {
  return base::Error(absl::StatusCode::kInvalidArgument, parts...);
}

absl::StatusOr<std::string> ReadBytes(const std::string& path, Shell& shell) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) return Invalid("the file cannot be read");
  }
  std::istream& in = path == "-" ? shell.in : file;
  std::string bytes;
  char piece[64 * 1024];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    bytes.append(piece, static_cast<std::size_t>(in.gcount()));
    if (bytes.size() > kImportBytesMax) break;
  }
  return bytes;
}

absl::StatusOr<ImportOptions> OptionsOf(const CmdletLine& line, DirectoryClient& client) {
  ImportOptions options;
  options.source_servers = line.List("SourceTransportServers");
  options.credential = line.Text("AuthenticationCredential");
  const Given* usage = line.Find("Usage");
  if (usage != nullptr) {
    const std::string text = line.Text("Usage");
    options.usage = NormalWord(text, usage->parameter->values).value_or(text);
  }
  for (const std::string& name : line.List("Without"))
    options.without.insert(base::LowerAscii(name));
  if (!options.source_servers.empty()) return options;
  const auto servers = client.List("TransportServer");
  if (!servers.ok()) return servers.status();
  for (const v1::Resource& server : *servers)
    options.known_servers.insert(base::LowerAscii(MetadataOf(server).name()));
  const auto site = client.OwnSite();
  if (site.ok()) options.own_site = *site;
  if (!site.ok() && site.status().code() != absl::StatusCode::kNotFound) return site.status();
  return options;
}

// Nothing of it is cut: the reasons stand at the end of the lines.
void PrintReport(const ImportedConnector& imported, std::ostream& to) {
  Table table({{"Parameter"}, {"Outcome"}, {"Value"}, {"Note"}});
  for (const ImportFinding& finding : imported.findings) {
    table.Add(
        {finding.parameter, std::string(NameOf(finding.outcome)), finding.value, finding.note});
  }
  to << ForTerminal(base::Cat("Send connector \"", imported.name, "\"")) << "\n\n"
     << table.Render(0);
  to << '\n';
}

// Creates the connector, or replaces the one of its name. That one keeps its type and permissions,
// of which an export tells nothing.
absl::StatusOr<v1::ChangeResponse> Stored(const ImportedConnector& imported,
                                          const CmdletCall& call,
                                          DirectoryClient& client) {
  const auto there = client.Get(call.kind(), imported.name);
  if (!there.ok() && there.status().code() == absl::StatusCode::kNotFound) {
    return client.Create(imported.resource, call.what_if());
  }
  if (!there.ok()) return there.status();
  if (!call.line.Has("Force")) {
    return base::Error(absl::StatusCode::kAlreadyExists, "Send connector \"", imported.name,
                       "\": there is one already; -Force replaces it");
  }
  v1::Resource resource = imported.resource;
  MetadataOf(resource) = MetadataOf(*there);
  v1::SendConnectorSpec& spec = *resource.mutable_send_connector()->mutable_spec();
  const v1::SendConnectorSpec& before = there->send_connector().spec();
  if (call.line.Find("Usage") == nullptr) spec.set_usage(before.usage());
  *spec.mutable_permissions() = before.permissions();
  return client.Update(resource, {}, call.what_if());
}

class Import {
 public:
  Import(const CmdletCall& call, DirectoryClient& client, Shell& shell)
      : call_(call),
        client_(client),
        shell_(shell),
        told_(shell.output == Output::kTable ? shell.out : shell.err) {}

  // False: it is not there now, or not as exported.
  bool One(const JsonObject& object, const ImportOptions& options) {
    const ImportedConnector imported = ImportConnector(object, options);
    PrintReport(imported, told_);
    read_only_.insert(imported.read_only.begin(), imported.read_only.end());
    unknown_.insert(imported.unknown.begin(), imported.unknown.end());
    const std::vector<std::string> refused = imported.Refused();
    if (!refused.empty()) {
      shell_.err << ForTerminal(
                        base::Cat("Send connector \"", imported.name,
                                  "\" is not created: put right what is refused, or leave it "
                                  "out with -Without ",
                                  base::Join(refused, ",")))
                 << '\n';
      return false;
    }
    const auto stored = Stored(imported, call_, client_);
    if (!stored.ok()) {
      PrintFailure(Explained(stored.status(), call_.kind()), "", shell_);
      shell_.err << ForTerminal(base::Cat("Send connector \"", imported.name, "\" is not created"))
                 << '\n';
      return false;
    }
    Tell(*stored);
    return true;
  }

  // What is no parameter, once for all connectors; then the resources, for other programs.
  absl::Status End() const {
    const auto print = [this](std::string_view what, const std::set<std::string>& names) {
      if (names.empty()) return;
      told_ << what << ForTerminal(base::Join({names.begin(), names.end()}, ", ")) << '\n';
    };
    print("read-only, not taken: ", read_only_);
    print("not known here, not taken: ", unknown_);
    if (shell_.output == Output::kTable) return absl::OkStatus();
    return PrintResources(stored_, {}, shell_);
  }

 private:
  void Tell(const v1::ChangeResponse& response) {
    PrintWarnings(response.warnings(), shell_);
    const bool fresh = HoldsNone(response.before());
    const std::string_view what = !response.changed() ? "is so already"
                                  : fresh             ? "created"
                                                      : "replaced";
    told_ << (call_.what_if() ? "What if: " : "") << ForTerminal(Titled(response.after())) << ' '
          << (call_.what_if() && response.changed() ? "would be " : "") << what << "\n\n";
    stored_.push_back(response.after());
  }

  const CmdletCall& call_;
  DirectoryClient& client_;
  Shell& shell_;
  std::ostream& told_;
  std::vector<v1::Resource> stored_;
  std::set<std::string> read_only_;
  std::set<std::string> unknown_;
};

}  // namespace

absl::StatusOr<std::vector<JsonObject>> ExportedObjects(std::string_view bytes) {
  const auto text = Utf8From(bytes);
  if (!text.ok()) return text.status();
  JsonValue parsed;
  const auto status = google::protobuf::util::JsonStringToMessage(*text, &parsed);
  if (!status.ok()) {
    return Invalid("is not JSON: ", base::Printable(std::string(status.message())));
  }
  const JsonValue& value = Unwrapped(parsed);
  std::vector<JsonObject> objects;
  if (value.has_struct_value()) objects.push_back(value.struct_value());
  for (const JsonValue& element : value.list_value().values()) {
    if (!element.has_struct_value())
      return Invalid("holds a list with something else than objects");
    objects.push_back(element.struct_value());
    if (objects.size() > kImportConnectorsMax) {
      return Invalid("holds more than ", kImportConnectorsMax, " connectors");
    }
  }
  if (objects.empty()) {
    return Invalid("holds no connector: write it with Get-SendConnector | ConvertTo-Json -Depth 4");
  }
  return objects;
}

absl::Status ImportSendConnectors(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  const std::string path = call.line.Text("Path");
  const auto bytes = ReadBytes(path, shell);
  if (!bytes.ok()) return base::Annotate(bytes.status(), path);
  const auto objects = ExportedObjects(*bytes);
  if (!objects.ok()) return base::Annotate(objects.status(), path);
  const auto options = OptionsOf(call.line, client);
  if (!options.ok()) return options.status();
  const std::string question = base::Cat("Import ", objects->size(), " Send connectors");
  if (absl::Status sure = Confirmed(call.line, question, shell); !sure.ok()) return sure;
  Import import(call, client, shell);
  std::size_t failed = 0;
  for (const JsonObject& object : *objects)
    failed += import.One(object, *options) ? 0 : 1;
  if (absl::Status printed = import.End(); !printed.ok()) return printed;
  if (failed == 0) return absl::OkStatus();
  return base::Error(absl::StatusCode::kFailedPrecondition, failed, " of ", objects->size(),
                     " connectors were not imported");
}

}  // namespace postern::cli
