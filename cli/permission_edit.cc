#include "cli/permission_edit.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::cli {

namespace {

using connector::Right;
using connector::UserGrant;

}  // namespace

PermissionEdit PermissionEditFrom(const CmdletLine& line, Complaints& complaints) {
  PermissionEdit edit;
  edit.add = line.cmdlet->action == Cmdlet::Action::kAddPermission;
  edit.grant.deny = line.Has("Deny");
  const std::string user = line.Text("User");
  const auto known = connector::ParseUser(user);
  if (known) {
    edit.grant.user = *known;
  } else if (line.Find("User") != nullptr) {
    Complain(complaints, "User", user, base::Cat("is ", connector::kUserWords));
  }
  const std::string access = line.Text("AccessRights");
  if (line.Find("AccessRights") != nullptr && !base::EqualsIgnoreCase(access, "ExtendedRight")) {
    Complain(complaints, "AccessRights", access,
             "is ExtendedRight: other rights of Active Directory have no place here");
  }
  for (const std::string& text : line.List("ExtendedRights")) {
    const auto right = connector::ParseRight(text);
    if (right) {
      edit.grant.rights.push_back(*right);
    } else {
      Complain(complaints, "ExtendedRights", text, base::Cat("is ", connector::kRightWords));
    }
  }
  return edit;
}

std::vector<UserGrant> Applied(const PermissionEdit& edit, std::vector<UserGrant> grants) {
  const auto is_there = [](const UserGrant& grant, Right right) {
    return std::find(grant.rights.begin(), grant.rights.end(), right) != grant.rights.end();
  };
  const auto same = [&edit](const UserGrant& grant) {
    return grant.user == edit.grant.user && grant.deny == edit.grant.deny;
  };
  if (!edit.add) {
    for (UserGrant& grant : grants) {
      if (!same(grant)) continue;
      std::erase_if(grant.rights, [&](Right right) { return is_there(edit.grant, right); });
    }
    std::erase_if(grants, [](const UserGrant& grant) { return grant.rights.empty(); });
    return grants;
  }
  auto found = std::find_if(grants.begin(), grants.end(), same);
  if (found == grants.end()) {
    UserGrant fresh = edit.grant;
    fresh.rights.clear();
    found = grants.insert(grants.end(), std::move(fresh));
  }
  for (const Right right : edit.grant.rights) {
    if (!is_there(*found, right)) found->rights.push_back(right);
  }
  return grants;
}

}  // namespace postern::cli
