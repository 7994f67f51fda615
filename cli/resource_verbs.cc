#include "cli/resource_verbs.h"

#include "cli/findings.h"
#include "cli/permission_verbs.h"
#include "cli/table.h"
#include "common/base/text.h"
#include "common/base/wildcard.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;
using Changed = absl::StatusOr<v1::ChangeResponse>;

bool IsWild(const std::string& identity) {
  return identity.empty() || identity.find('*') != std::string::npos;
}

void Note(std::string_view text, Shell& shell) {
  shell.err << ForTerminal(text) << '\n';
}

// $null takes a value away, and then there may be a default.
void NoteDefaults(const Change& change, const v1::Resource& after, Shell& shell) {
  const Message& spec = SpecOf(after);
  for (const std::string& path : change.mask) {
    const FieldDescriptor* field = spec.GetDescriptor()->FindFieldByName(path.substr(5));
    if (!TextsOf(SpecOf(change.resource), *field).empty()) continue;
    const std::vector<std::string> texts = TextsOf(spec, *field);
    if (texts.empty()) continue;
    const std::string said =
        base::Cat("spec.", field->json_name(), ": left out, it is ", base::Join(texts, ", "));
    Note(InParameterTerms(KindOf(after), said), shell);
  }
}

// What a change did, or would do.
absl::Status PrintChange(const CmdletCall& call, const v1::ChangeResponse& response, Shell& shell) {
  PrintWarnings(response.warnings(), shell);
  const std::string title = Titled(response.after());
  const bool table = shell.output == Output::kTable;
  std::ostream& to = table ? shell.out : shell.err;
  const std::string_view what_if = call.what_if() ? "What if: " : "";
  if (!response.changed()) {
    to << what_if << ForTerminal(base::Cat(title, ": nothing changes, it is so already")) << '\n';
  } else if (HoldsNone(response.before())) {
    if (call.what_if()) to << what_if << ForTerminal(title) << " would be created\n";
  } else {
    const auto differences = DifferencesBetween(response.before(), response.after());
    if (differences.empty()) {
      to << what_if << ForTerminal(base::Cat(title, ": it is so already, by default"))
         << (call.what_if() ? " and would stay so\n" : " and stays so from now on\n");
    } else {
      to << what_if << ForTerminal(title) << (call.what_if() ? " would change\n" : " changed\n");
    }
    if (table && !differences.empty()) shell.out << RenderDifferences(differences);
  }
  NoteDefaults(call.change, response.after(), shell);
  const bool fresh = HoldsNone(response.before());
  if (table && !fresh) return absl::OkStatus();
  View view{.one = true};
  if (call.what_if() || KindOf(response.after()) == "TransportConfig")
    view.form = View::Form::kList;
  return PrintResources({response.after()}, view, shell);
}

absl::Status AddSource(v1::SendConnectorSpec& spec, DirectoryClient& client, Shell& shell) {
  if (!spec.source_transport_servers().empty()) return absl::OkStatus();
  const auto site = client.OwnSite();
  if (!site.ok()) {
    return base::Error(site.status().code(), base::MessageOf(site.status()),
                       "; name the source servers with -SourceTransportServers");
  }
  spec.add_source_transport_servers(*site);
  Note(base::Cat("-SourceTransportServers is taken as ", *site,
                 ", the site of the server that is asked"),
       shell);
  return absl::OkStatus();
}

absl::Status RunNew(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  v1::Resource resource = call.change.resource;
  if (resource.has_send_connector()) {
    auto& spec = *resource.mutable_send_connector()->mutable_spec();
    if (absl::Status added = AddSource(spec, client, shell); !added.ok()) return added;
  }
  if (absl::Status sure = Confirmed(call.line, base::Cat("Create ", Titled(resource)), shell);
      !sure.ok()) {
    return sure;
  }
  const Changed changed = client.Create(resource, call.what_if());
  if (!changed.ok()) return Explained(changed.status(), call.kind());
  return PrintChange(call, *changed, shell);
}

// The one TransportConfig; with it missing, Set- creates it.
absl::StatusOr<std::string> OnlyConfig(DirectoryClient& client) {
  const auto all = client.List("TransportConfig");
  if (!all.ok()) return all.status();
  return all->empty() ? std::string() : MetadataOf(all->front()).name();
}

// Sets the fields of the line in what was read. Notes of lists are said once.
std::vector<std::string> SetFields(const Change& change,
                                   v1::Resource& resource,
                                   std::vector<std::string>& notes) {
  std::vector<std::string> mask = change.mask;
  Message& spec = SpecOf(resource);
  for (const std::string& path : change.mask) {
    const FieldDescriptor* field = spec.GetDescriptor()->FindFieldByName(path.substr(5));
    SetTexts(spec, *field, TextsOf(SpecOf(change.resource), *field));
  }
  notes = ApplyEdits(change.edits, spec);
  for (const ListEdit& edit : change.edits)
    mask.push_back(MaskPathOf(*FindField(spec, edit.parameter->field)));
  return mask;
}

absl::Status RunSet(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  std::string name = call.identity;
  if (call.change.mask.empty() && call.change.edits.empty()) {
    Note(base::Cat("nothing is changed: the line names no parameter of the ", NounOf(call.kind())),
         shell);
    return absl::OkStatus();
  }
  if (call.kind() == "TransportConfig") {
    const auto only = OnlyConfig(client);
    if (!only.ok()) return only.status();
    name = *only;
  }
  const std::string question = base::Cat("Change ", NounOf(call.kind()), " \"", name, "\"");
  if (absl::Status sure = Confirmed(call.line, question, shell); !sure.ok()) return sure;
  if (name.empty()) {
    v1::Resource resource = call.change.resource;
    MetadataOf(resource).set_name("transport-config");
    std::vector<std::string> notes;
    SetFields(call.change, resource, notes);
    const Changed created = client.Create(resource, call.what_if());
    if (!created.ok()) return Explained(created.status(), call.kind());
    return PrintChange(call, *created, shell);
  }
  std::vector<std::string> notes;
  const Edit edit = [&](v1::Resource& resource) {
    std::vector<std::string> mask = SetFields(call.change, resource, notes);
    // Only what was read to be edited must still be so when it is written.
    if (call.change.edits.empty()) MetadataOf(resource).clear_resource_version();
    return mask;
  };
  const Changed changed = Edited(call.kind(), name, edit, call.what_if(), client);
  for (const std::string& note : notes)
    Note(note, shell);
  if (!changed.ok()) return Explained(changed.status(), call.kind());
  return PrintChange(call, *changed, shell);
}

absl::Status RunGet(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  View view = call.view;
  if (!IsWild(call.identity)) {
    const auto resource = client.Get(call.kind(), call.identity);
    if (!resource.ok()) return resource.status();
    view.one = true;
    if (!call.viewed) view.form = View::Form::kList;
    return PrintResources({*resource}, view, shell);
  }
  auto resources = client.List(call.kind());
  if (!resources.ok()) return resources.status();
  const std::string& pattern = call.identity;
  std::erase_if(*resources, [&pattern](const v1::Resource& one) {
    return !pattern.empty() && !base::FitsWildcard(pattern, NameOf(one)) &&
           !base::FitsWildcard(pattern, MetadataOf(one).name());
  });
  if (resources->empty()) {
    const bool config = call.kind() == "TransportConfig";
    Note(base::Cat("there is no ", NounOf(call.kind()), pattern.empty() ? "" : " of that name",
                   " in the directory", config ? ": every limit has its default" : ""),
         shell);
  }
  if (call.kind() == "TransportConfig" && !call.viewed) view.form = View::Form::kList;
  return PrintResources(*resources, view, shell);
}

absl::Status RunRemove(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  const auto resource = client.Get(call.kind(), call.identity);
  if (!resource.ok()) return resource.status();
  const std::string title = Titled(*resource);
  if (absl::Status sure = Confirmed(call.line, base::Cat("Remove ", title), shell); !sure.ok()) {
    return sure;
  }
  const Changed removed = client.Delete(*resource, call.what_if());
  if (!removed.ok()) return Explained(removed.status(), call.kind());
  PrintWarnings(removed->warnings(), shell);
  std::ostream& to = shell.output == Output::kTable ? shell.out : shell.err;
  to << (call.what_if() ? "What if: " : "") << ForTerminal(title)
     << (call.what_if() ? " would be removed\n" : " removed\n");
  return absl::OkStatus();
}

// A connector is the organization's; the server in its identity only has to be one of its servers.
absl::Status CheckServer(const std::string& server, DirectoryClient& client) {
  if (server.empty()) return absl::OkStatus();
  const auto found = client.Get("TransportServer", base::LowerAscii(server));
  return base::Annotate(found.status(), base::Cat("-Identity: ", server));
}

}  // namespace

std::string Titled(const v1::Resource& resource) {
  return base::Cat(NounOf(KindOf(resource)), " \"", NameOf(resource), "\"");
}

absl::Status Explained(const absl::Status& status, std::string_view kind) {
  if (status.code() != absl::StatusCode::kInvalidArgument) return status;
  return absl::InvalidArgumentError(InParameterTerms(kind, base::MessageOf(status)));
}

void PrintWarnings(const google::protobuf::RepeatedPtrField<std::string>& warnings, Shell& shell) {
  for (const std::string& warning : warnings)
    shell.err << "WARNING: " << ForTerminal(warning) << '\n';
}

absl::Status Confirmed(const CmdletLine& line, std::string_view question, Shell& shell) {
  const bool said = line.Find("Confirm") != nullptr;
  const bool asks = said ? line.Has("Confirm")
                         : line.cmdlet->action == Action::kRemove ||
                               line.cmdlet->action == Action::kRemoveMessage;
  if (!asks || line.Has("WhatIf")) return absl::OkStatus();
  if (!shell.in_is_terminal) {
    return base::Error(absl::StatusCode::kFailedPrecondition, question,
                       "? nobody is there to answer: give -Confirm:$false (in bash "
                       "'-Confirm:$false' or -Confirm:false)");
  }
  shell.err << ForTerminal(question) << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(shell.in, answer);
  const std::string_view word = base::Trim(answer);
  if (base::EqualsIgnoreCase(word, "y") || base::EqualsIgnoreCase(word, "yes")) {
    return absl::OkStatus();
  }
  return absl::CancelledError("nothing was changed");
}

Changed Edited(std::string_view kind,
               const std::string& name,
               const Edit& edit,
               bool dry_run,
               DirectoryClient& client) {
  Changed changed = absl::UnknownError("not tried");
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto resource = client.Get(kind, name);
    if (!resource.ok()) return resource.status();
    v1::ChangeResponse unchanged;
    *unchanged.mutable_before() = *resource;
    const std::vector<std::string> mask = edit(*resource);
    *unchanged.mutable_after() = unchanged.before();
    if (mask.empty()) return unchanged;
    changed = client.Update(*resource, mask, dry_run);
    if (changed.ok() || changed.status().code() != absl::StatusCode::kAborted) return changed;
  }
  return base::Error(absl::StatusCode::kAborted, base::MessageOf(changed.status()),
                     "; it was read ", kTriesMax,
                     " times and others were faster each time: nothing was changed, try ", "again");
}

absl::Status RunResourceVerb(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  if (absl::Status known = CheckServer(call.identity_server, client); !known.ok()) return known;
  switch (call.line.cmdlet->action) {
    case Action::kNew:
      return RunNew(call, client, shell);
    case Action::kGet:
      return RunGet(call, client, shell);
    case Action::kRemove:
      return RunRemove(call, client, shell);
    case Action::kGetPermission:
      return RunGetPermission(call, client, shell);
    case Action::kAddPermission:
    case Action::kRemovePermission:
      return RunEditPermission(call, client, shell);
    default:
      return RunSet(call, client, shell);
  }
}

}  // namespace postern::cli
