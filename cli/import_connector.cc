#include "cli/import_connector.h"

#include <algorithm>

#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/base/units.h"
#include "common/connector/words.h"

namespace postern::cli {

namespace {

using Form = Parameter::Form;
using Outcome = ImportFinding::Outcome;
using Standing = Parameter::Standing;

// What Get-SendConnector shows and nobody sets; remote PowerShell adds its own.
constexpr std::string_view kReadOnly[] = {"AdminDisplayName",
                                          "CertificateSubject",
                                          "ConnectedDomains",
                                          "DistinguishedName",
                                          "ExchangeObjectId",
                                          "ExchangeVersion",
                                          "Guid",
                                          "HomeMTA",
                                          "HomeMtaServerId",
                                          "Id",
                                          "Identity",
                                          "IsSmtpConnector",
                                          "IsValid",
                                          "ObjectCategory",
                                          "ObjectClass",
                                          "ObjectState",
                                          "OrganizationId",
                                          "OrganizationalUnitRoot",
                                          "OriginatingServer",
                                          "PSComputerName",
                                          "PSShowComputerName",
                                          "Region",
                                          "RunspaceId",
                                          "SmartHostsString",
                                          "SourceRoutingGroup",
                                          "WhenChanged",
                                          "WhenChangedUTC",
                                          "WhenCreated",
                                          "WhenCreatedUTC"};

class Importer {
 public:
  Importer(const JsonObject& object, const ImportOptions& options)
      : object_(object), options_(options) {
    out_.resource = NewResource("SendConnector");
  }

  ImportedConnector Import() {
    for (const Parameter& parameter : connector::SendConnectorParameters()) {
      if (parameter.field.empty() || parameter.standing == Standing::kUsage ||
          parameter.field == "permissions") {
        continue;
      }
      ReadOne(parameter);
    }
    out_.name = spec().name();
    if (out_.name.empty()) Note("Name", Outcome::kRefused, "", "a Send connector has a name");
    SortTheRest();
    return std::move(out_);
  }

 private:
  v1::SendConnectorSpec& spec() { return *out_.resource.mutable_send_connector()->mutable_spec(); }

  void Note(std::string_view parameter,
            Outcome outcome,
            std::string value,
            std::string_view note = "") {
    out_.findings.push_back({std::string(parameter), outcome, std::move(value), std::string(note)});
  }

  void ReadOne(const Parameter& parameter) {
    const JsonValue* value = FindProperty(object_, parameter.name);
    const bool empty = value == nullptr || SaysNothing(*value);
    if (options_.without.count(base::LowerAscii(parameter.name)) != 0) {
      return Note(parameter.name, Outcome::kLeftOut, empty ? "" : Excerpt(*value),
                  "as -Without says");
    }
    if (parameter.standing == Standing::kRefused) return ReadRefused(parameter, value);
    if (parameter.field == "usage") return ReadUsage();
    if (parameter.field == "authenticationCredential")
      return ReadCredential(empty ? nullptr : value);
    if (parameter.field == "sourceTransportServers") {
      return ReadSources(parameter, empty ? nullptr : value);
    }
    if (value == nullptr) return;
    if (empty) return ReadEmpty(parameter);
    const auto texts = TextsFrom(parameter, *value);
    if (!texts.ok()) {
      return Note(parameter.name, Outcome::kRefused, Excerpt(*value),
                  base::MessageOf(texts.status()));
    }
    SetTexts(spec(), *FindField(spec(), parameter.field), *texts);
    const std::string_view note = NoteOn(parameter, *texts);
    const bool changed = parameter.form == Form::kSize && !note.empty();
    Note(parameter.name, changed ? Outcome::kChanged : Outcome::kTaken, base::Join(*texts, ", "),
         note);
  }

  // The presets of a usage stand where nothing is said, so that what is off is said to be off.
  void ReadEmpty(const Parameter& parameter) {
    const std::string none =
        parameter.form == Form::kWord ? WordsFrom(parameter.values).front() : "";
    if (none != "None") return Note(parameter.name, Outcome::kTaken, "");
    SetTexts(spec(), *FindField(spec(), parameter.field), {none});
    Note(parameter.name, Outcome::kTaken, none);
  }

  // What an administrator has to see to on this side.
  static std::string_view NoteOn(const Parameter& parameter,
                                 const std::vector<std::string>& texts) {
    if (parameter.form == Form::kSize) {
      const auto size = base::ParseSize(texts.front());
      return size.ok() && *size != base::kUnlimited && *size % 1024 != 0
                 ? "is rounded up to whole KB"
                 : "";
    }
    if (parameter.field == "tlsCertificateName") {
      return "the certificate has to be where mail is sent from";
    }
    if (parameter.field == "sourceIpAddress" && texts.front() != "0.0.0.0") {
      return "it has to be an address of the machine that sends";
    }
    return "";
  }

  // Off, it asks for nothing.
  void ReadRefused(const Parameter& parameter, const JsonValue* value) {
    if (value == nullptr) return;
    if (SaysNothing(*value)) return Note(parameter.name, Outcome::kTaken, "");
    const bool flag = parameter.form == Form::kFlag;
    const auto texts = TextsFrom(parameter, *value);
    if (flag && texts.ok() && texts->front() == "false") {
      return Note(parameter.name, Outcome::kTaken, "false");
    }
    Note(parameter.name, Outcome::kRefused, Excerpt(*value), parameter.effect);
  }

  void ReadUsage() {
    const std::string usage = options_.usage.empty() ? "Custom" : options_.usage;
    spec().set_usage(usage);
    Note("Usage", Outcome::kChanged, usage,
         options_.usage.empty()
             ? "an export does not tell it, nor the permissions, and Custom grants no Received "
               "fields: -Usage names another"
             : "as -Usage says: an export does not tell it, nor the permissions");
  }

  // An export has a name at most, and never the password.
  void ReadCredential(const JsonValue* value) {
    const JsonValue* mechanism = options_.without.count("smarthostauthmechanism") != 0
                                     ? nullptr
                                     : FindProperty(object_, "SmartHostAuthMechanism");
    const Parameter& parameter =
        *connector::FindParameter(connector::SendConnectorParameters(), "SmartHostAuthMechanism");
    const auto words = mechanism == nullptr || SaysNothing(*mechanism)
                           ? absl::StatusOr<std::vector<std::string>>(std::vector<std::string>())
                           : TextsFrom(parameter, *mechanism);
    const bool basic = words.ok() && !words->empty() && words->front().starts_with("BasicAuth");
    if (!basic) {
      return Note("AuthenticationCredential",
                  value == nullptr ? Outcome::kTaken : Outcome::kLeftOut, "",
                  value == nullptr ? "" : "only BasicAuth and BasicAuthRequireTLS use it");
    }
    if (options_.credential.empty()) {
      return Note("AuthenticationCredential", Outcome::kRefused, UserOf(value),
                  "an export has no password: make a secret with the files username and password "
                  "or token, and name it with -AuthenticationCredential");
    }
    spec().mutable_authentication_credential()->set_secret_name(options_.credential);
    Note("AuthenticationCredential", Outcome::kChanged, options_.credential,
         base::Cat("the secret stands for the credential",
                   UserOf(value).empty() ? "" : base::Cat(" of ", UserOf(value))));
  }

  static std::string UserOf(const JsonValue* value) {
    if (value == nullptr || !value->has_struct_value()) return "";
    const JsonValue* user = FindProperty(value->struct_value(), "UserName");
    return user == nullptr ? "" : Excerpt(*user);
  }

  void ReadSources(const Parameter& parameter, const JsonValue* value) {
    std::vector<std::string> exported;
    if (value != nullptr) {
      auto texts = TextsFrom(parameter, *value);
      if (texts.ok()) exported = *std::move(texts);
    }
    const std::string were =
        exported.empty() ? "" : base::Cat(" in the place of ", base::Join(exported, ", "));
    if (!options_.source_servers.empty()) {
      return SetSources(options_.source_servers, Outcome::kChanged,
                        base::Cat("as -SourceTransportServers says,", were.empty() ? " " : were));
    }
    std::vector<std::string> here;
    std::vector<std::string> gone;
    for (const std::string& server : exported) {
      const std::string name = base::LowerAscii(server);
      (options_.known_servers.count(name) != 0 ? here : gone).push_back(name);
    }
    if (!here.empty()) {
      return SetSources(
          here, gone.empty() ? Outcome::kTaken : Outcome::kChanged,
          gone.empty() ? "" : base::Cat("no TransportServer here: ", base::Join(gone, ", ")));
    }
    if (options_.own_site.empty()) {
      return Note(parameter.name, Outcome::kRefused, base::Join(exported, ", "),
                  "none of them is a TransportServer here: name others with "
                  "-SourceTransportServers");
    }
    SetSources({options_.own_site}, Outcome::kChanged,
               base::Cat("the site of the server that is asked,", were.empty() ? " " : were));
  }

  void SetSources(const std::vector<std::string>& servers, Outcome outcome, std::string note) {
    for (const std::string& server : servers)
      spec().add_source_transport_servers(server);
    while (note.ends_with(' ') || note.ends_with(','))
      note.pop_back();
    Note("SourceTransportServers", outcome, base::Join(servers, ", "), note);
  }

  // Properties that are no parameters.
  void SortTheRest() {
    for (const auto& [name, value] : object_.fields()) {
      if (connector::FindParameter(connector::SendConnectorParameters(), name) != nullptr) continue;
      const bool known = std::any_of(
          std::begin(kReadOnly), std::end(kReadOnly),
          [&name = name](std::string_view one) { return base::EqualsIgnoreCase(one, name); });
      (known ? out_.read_only : out_.unknown).push_back(base::Printable(name));
    }
    std::sort(out_.read_only.begin(), out_.read_only.end());
    std::sort(out_.unknown.begin(), out_.unknown.end());
  }

  const JsonObject& object_;
  const ImportOptions& options_;
  ImportedConnector out_;
};

}  // namespace

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kTaken:
      return "taken";
    case Outcome::kChanged:
      return "changed";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kLeftOut:
      return "left out";
  }
  return "";
}

std::vector<std::string> ImportedConnector::Refused() const {
  std::vector<std::string> refused;
  for (const ImportFinding& finding : findings) {
    if (finding.outcome == Outcome::kRefused) refused.push_back(finding.parameter);
  }
  return refused;
}

ImportedConnector ImportConnector(const JsonObject& object, const ImportOptions& options) {
  return Importer(object, options).Import();
}

}  // namespace postern::cli
