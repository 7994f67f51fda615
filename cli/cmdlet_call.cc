#include "cli/cmdlet_call.h"

#include "cli/value_forms.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;

// "server\name" is Exchange's way to name a connector; the names of other kinds are slugs.
std::string IdentityOf(std::string_view kind, std::string_view text, std::string& server) {
  const std::size_t slash = text.rfind('\\');
  if (slash != std::string_view::npos) server = std::string(base::Trim(text.substr(0, slash)));
  const std::string_view name = base::Trim(text.substr(slash + 1));
  const bool wild = name.find('*') != std::string_view::npos;
  return kind == "SendConnector" || wild ? std::string(name) : SlugOf(name);
}

v1::TestRouteRequest RouteOf(const CmdletLine& line, Complaints& complaints) {
  v1::TestRouteRequest request;
  request.set_recipient(line.Text("Address"));
  if (line.Find("Size") == nullptr) return request;
  const std::string text = line.Text("Size");
  const auto normal = NormalSize(text);
  if (normal.ok()) {
    request.set_size(*base::ParseSize(*normal));
  } else {
    Complain(complaints, "Size", text, base::MessageOf(normal.status()));
  }
  return request;
}

void CheckWord(const CmdletLine& line, std::string_view name, Complaints& complaints) {
  const Given* given = line.Find(name);
  if (given == nullptr) return;
  const auto word = NormalWord(line.Text(name), given->parameter->values);
  if (!word.ok()) Complain(complaints, name, line.Text(name), base::MessageOf(word.status()));
}

void CheckImport(const CmdletLine& line, Complaints& complaints) {
  for (const std::string& name : line.List("Without")) {
    if (connector::FindParameter(connector::SendConnectorParameters(), name) != nullptr) continue;
    Complain(complaints, "Without", name, "is no parameter of a Send connector");
  }
  CheckWord(line, "Usage", complaints);
}

void ReadFields(CmdletCall& call, Complaints& complaints) {
  switch (call.line.cmdlet->action) {
    case Action::kNew:
    case Action::kSet:
      call.change = ChangeFrom(call.line, complaints);
      break;
    case Action::kEnable:
    case Action::kDisable: {
      const bool enabled = call.line.cmdlet->action == Action::kEnable;
      call.change.resource = NewResource(call.kind());
      call.change.resource.mutable_send_connector()->mutable_spec()->set_enabled(enabled);
      call.change.mask = {"spec.enabled"};
      break;
    }
    case Action::kGetPermission:
    case Action::kAddPermission:
    case Action::kRemovePermission:
      call.permission = PermissionEditFrom(call.line, complaints);
      break;
    case Action::kImport:
      CheckImport(call.line, complaints);
      break;
    case Action::kCompletion:
      CheckWord(call.line, "ShellName", complaints);
      break;
    case Action::kTestRoute:
      call.route = RouteOf(call.line, complaints);
      break;
    case Action::kTrack:
      call.tracking = TrackingFrom(call.line, complaints);
      break;
    case Action::kTlsReport:
      call.tls_report.set_policy_domain(call.line.Text("PolicyDomain"));
      call.tls_report.set_date(call.line.Text("Date"));
      call.tls_report.set_documents(call.line.Has("Json"));
      break;
    default:
      call.mail = MailCallFrom(call.line, complaints);
      break;
  }
}

}  // namespace

absl::StatusOr<CmdletCall> UnderstoodCall(const Cmdlet& cmdlet, const std::vector<Word>& words) {
  Complaints complaints;
  CmdletCall call;
  call.line = Bind(cmdlet, words, complaints);
  ReadFields(call, complaints);
  const Given* identity = call.line.Find("Identity");
  if (identity != nullptr && !cmdlet.kind.empty()) {
    const std::string text = call.line.Text("Identity");
    call.identity = IdentityOf(cmdlet.kind, text, call.identity_server);
    // $null as the identity of Get- shows everything, as in Exchange.
    const bool null = identity->literal->kind == Literal::Kind::kNull;
    if (call.identity.empty() && !(null && cmdlet.action == Action::kGet)) {
      Complain(complaints, "Identity", text, "names a resource");
    }
  }
  if (!complaints.empty()) return StatusOf(complaints);
  return call;
}

}  // namespace postern::cli
