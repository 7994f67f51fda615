#include "cli/permission_verbs.h"

#include "cli/resource_verbs.h"
#include "cli/table.h"
#include "common/base/text.h"
#include "common/connector/permissions.h"

namespace postern::cli {

namespace {

using connector::UserGrant;

// What the server shows: explicit grants, with words that are known here. kFailedPrecondition: a
// newer server has others, which an edit would lose.
absl::StatusOr<std::vector<UserGrant>> GrantsOf(const v1::SendConnectorSpec& spec) {
  for (const v1::Grant& grant : spec.permissions().grants()) {
    bool known = connector::ParseUser(grant.user()).has_value();
    for (const std::string& right : grant.extended_rights())
      known = known && connector::ParseRight(right).has_value();
    if (!known) {
      return base::Error(absl::StatusCode::kFailedPrecondition, "a grant to \"", grant.user(),
                         "\" is not known to this shell; edit it with one of the server's version");
    }
  }
  return connector::PermissionsFrom(spec.permissions());
}

void PrintTable(const std::string& name, const std::vector<UserGrant>& grants, Shell& shell) {
  Table table({{"Identity"}, {"User"}, {"Deny"}, {"ExtendedRights"}});
  for (const UserGrant& grant : grants) {
    std::vector<std::string> rights;
    for (const connector::Right right : grant.rights)
      rights.emplace_back(NameOf(right));
    table.Add({name, std::string(NameOf(grant.user)), grant.deny ? "True" : "False",
               base::Cat("{", base::Join(rights, ", "), "}")});
  }
  shell.out << table.Render(shell.width);
}

}  // namespace

absl::Status RunGetPermission(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  const auto resource = client.Get(call.kind(), call.identity);
  if (!resource.ok()) return resource.status();
  const v1::SendConnectorSpec& spec = resource->send_connector().spec();
  auto grants = GrantsOf(spec);
  if (!grants.ok()) return grants.status();
  if (call.line.Find("User") != nullptr) {
    const connector::User user = call.permission.grant.user;
    std::erase_if(*grants, [user](const UserGrant& grant) { return grant.user != user; });
  }
  if (shell.output != Output::kTable) return PrintData(connector::ToResource(*grants), shell);
  if (grants->empty()) {
    shell.err << ForTerminal(base::Cat(Titled(*resource), " grants nothing")) << '\n';
    return absl::OkStatus();
  }
  PrintTable(NameOf(*resource), *grants, shell);
  return absl::OkStatus();
}

absl::Status RunEditPermission(const CmdletCall& call, DirectoryClient& client, Shell& shell) {
  const std::string question = base::Cat("Change the permissions of \"", call.identity, "\"");
  if (absl::Status sure = Confirmed(call.line, question, shell); !sure.ok()) return sure;
  absl::Status unknown;
  const Edit edit = [&](v1::Resource& resource) -> std::vector<std::string> {
    v1::SendConnectorSpec& spec = *resource.mutable_send_connector()->mutable_spec();
    const auto grants = GrantsOf(spec);
    unknown = grants.status();
    if (!grants.ok()) return {};
    const std::vector<UserGrant> after = Applied(call.permission, *grants);
    if (after == *grants) return {};
    *spec.mutable_permissions() = connector::ToResource(after);
    return {"spec.permissions"};
  };
  const auto changed = Edited(call.kind(), call.identity, edit, call.what_if(), client);
  if (!unknown.ok()) return unknown;
  if (!changed.ok()) return Explained(changed.status(), call.kind());
  PrintWarnings(changed->warnings(), shell);
  std::ostream& to = shell.output == Output::kTable ? shell.out : shell.err;
  const std::string title = Titled(changed->after());
  if (!changed->changed()) {
    to << ForTerminal(base::Cat("the permissions of ", title, " are so already")) << '\n';
    return absl::OkStatus();
  }
  to << (call.what_if() ? "What if: " : "") << ForTerminal(title)
     << (call.what_if() ? " would change\n" : " changed\n");
  if (shell.output != Output::kTable) {
    return PrintResources({changed->after()}, {.one = true}, shell);
  }
  shell.out << RenderDifferences(DifferencesBetween(changed->before(), changed->after()));
  return absl::OkStatus();
}

}  // namespace postern::cli
