#include "cli/cmdlets.h"

#include <algorithm>
#include <utility>

#include "cli/log_parameters.h"
#include "cli/mail_parameters.h"
#include "common/base/text.h"
#include "common/directory/parameters.h"

namespace postern::cli {

namespace {

using Action = Cmdlet::Action;
using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr std::string_view kConnectors = "Send connectors";
constexpr std::string_view kSites = "Sites and servers";
constexpr std::string_view kOrganization = "Organization";
constexpr std::string_view kMail = "Queues and messages";
constexpr std::string_view kScripts = "Scripts";

constexpr Cmdlet kCmdlets[] = {
    {"New-SendConnector", "", Action::kNew, "SendConnector", kConnectors,
     "Creates a Send connector"},
    {"Set-SendConnector", "", Action::kSet, "SendConnector", kConnectors,
     "Changes the parameters that are given, and no others"},
    {"Get-SendConnector", "", Action::kGet, "SendConnector", kConnectors,
     "Shows Send connectors; one with everything it has"},
    {"Remove-SendConnector", "", Action::kRemove, "SendConnector", kConnectors,
     "Removes a Send connector; its queued mail is routed again"},
    {"Enable-SendConnector", "", Action::kEnable, "SendConnector", kConnectors,
     "Lets a Send connector take part in the selection"},
    {"Disable-SendConnector", "", Action::kDisable, "SendConnector", kConnectors,
     "Takes a Send connector out of the selection"},
    {"Import-SendConnector", "", Action::kImport, "SendConnector", kConnectors,
     "Creates the Send connectors of an Exchange server's export"},
    {"Get-ADPermission", "", Action::kGetPermission, "SendConnector", kConnectors,
     "Shows what remotes may get through a Send connector"},
    {"Add-ADPermission", "", Action::kAddPermission, "SendConnector", kConnectors,
     "Grants or denies extended rights on a Send connector"},
    {"Remove-ADPermission", "", Action::kRemovePermission, "SendConnector", kConnectors,
     "Takes a grant, or a denial, of extended rights away"},
    {"New-Site", "New-AdSite", Action::kNew, "Site", kSites, "Creates a site"},
    {"Set-Site", "Set-AdSite", Action::kSet, "Site", kSites, "Changes a site"},
    {"Get-Site", "Get-AdSite", Action::kGet, "Site", kSites, "Shows sites"},
    {"Remove-Site", "Remove-AdSite", Action::kRemove, "Site", kSites, "Removes a site"},
    {"New-SiteLink", "New-AdSiteLink", Action::kNew, "SiteLink", kSites, "Creates a site link"},
    {"Set-SiteLink", "Set-AdSiteLink", Action::kSet, "SiteLink", kSites, "Changes a site link"},
    {"Get-SiteLink", "Get-AdSiteLink", Action::kGet, "SiteLink", kSites, "Shows site links"},
    {"Remove-SiteLink", "Remove-AdSiteLink", Action::kRemove, "SiteLink", kSites,
     "Removes a site link"},
    {"New-TransportServer", "New-TransportService", Action::kNew, "TransportServer", kSites,
     "Makes a mailbox-transport known to the others"},
    {"Set-TransportServer", "Set-TransportService", Action::kSet, "TransportServer", kSites,
     "Changes a server's site or address"},
    {"Get-TransportServer", "Get-TransportService", Action::kGet, "TransportServer", kSites,
     "Shows servers"},
    {"Remove-TransportServer", "Remove-TransportService", Action::kRemove, "TransportServer",
     kSites, "Removes a server"},
    {"New-AcceptedDomain", "", Action::kNew, "AcceptedDomain", kOrganization,
     "Creates an accepted domain"},
    {"Set-AcceptedDomain", "", Action::kSet, "AcceptedDomain", kOrganization,
     "Changes an accepted domain"},
    {"Get-AcceptedDomain", "", Action::kGet, "AcceptedDomain", kOrganization,
     "Shows accepted domains"},
    {"Remove-AcceptedDomain", "", Action::kRemove, "AcceptedDomain", kOrganization,
     "Removes an accepted domain"},
    {"Get-TransportConfig", "", Action::kGet, "TransportConfig", kOrganization,
     "Shows the limits of the whole organization"},
    {"Set-TransportConfig", "", Action::kSet, "TransportConfig", kOrganization,
     "Changes the limits of the whole organization"},
    {"Get-Queue", "", Action::kGetQueue, "", kMail, "Shows queues of the server"},
    {"Get-QueueDigest", "", Action::kQueueDigest, "", kMail, "Adds up queues of several servers"},
    {"Suspend-Queue", "", Action::kSuspendQueue, "", kMail, "Lets nothing leave a queue"},
    {"Resume-Queue", "", Action::kResumeQueue, "", kMail, "Ends the suspension of a queue"},
    {"Retry-Queue", "", Action::kRetryQueue, "", kMail,
     "Tries a queue in Retry now, or routes its messages again"},
    {"Get-Message", "", Action::kGetMessage, "", kMail, "Shows queued messages"},
    {"Suspend-Message", "", Action::kSuspendMessage, "", kMail,
     "Lets a message wait until it is resumed"},
    {"Resume-Message", "", Action::kResumeMessage, "", kMail,
     "Ends the suspension of a message; a poison one is routed again"},
    {"Remove-Message", "", Action::kRemoveMessage, "", kMail,
     "Takes a message out of its queue, and tells the sender unless told not to"},
    {"Export-Message", "", Action::kExportMessage, "", kMail, "Copies a suspended message"},
    {"Test-Route", "", Action::kTestRoute, "", kMail,
     "Explains which connector a recipient's mail takes, and why not the others"},
    {"Get-MessageTrackingLog", "", Action::kTrack, "", kMail,
     "Shows what became of messages, by the logs of every server"},
    {"Get-TlsReport", "", Action::kTlsReport, "", kMail,
     "Shows what became of the TLS sessions with each policy domain, day by day"},
    {"Invoke-Script", "", Action::kInvokeScript, "", kScripts,
     "Runs lines of the Exchange Management Shell from a file"},
    {"Shell", "", Action::kShell, "", kScripts, "Runs such lines as they are typed"},
    {"Completion", "", Action::kCompletion, "", kScripts,
     "Prints what makes a shell complete words"},
};

constexpr Parameter kIdentity = {
    "Identity", "", Form::kText, Standing::kField, "a name, or server\\name", "", "Which one."};
constexpr Parameter kServerSwitch = {
    "DomainController",
    "",
    Form::kText,
    Standing::kIgnored,
    "",
    "",
    "There is no domain controller: the directory is a folder of manifests, or Kubernetes."};
constexpr Parameter kForceSwitch = {
    "Force",
    "",
    Form::kSwitch,
    Standing::kIgnored,
    "",
    "",
    "Nothing is asked that it could answer; -Confirm:$false is for Remove-."};

constexpr Parameter kPermission[] = {
    {"AccessRights", "", Form::kText, Standing::kField, "ExtendedRight", "ExtendedRight",
     "What kind of right is meant: only extended rights are known here."},
    {"Deny", "", Form::kSwitch, Standing::kField, "", "",
     "The rights are denied: what is denied to a remote is not granted by another user."},
    {"ExtendedRights", "", Form::kList, Standing::kField,
     "ms-Exch-Send-Headers-Organization, ms-Exch-Send-Headers-Forest, "
     "ms-Exch-Send-Headers-Routing, ms-Exch-SMTP-Send-Exch50, ms-Exch-SMTP-Send-XShadow",
     "required", "What a remote that proved to be the user gets."},
    {"User", "", Form::kText, Standing::kField,
     "AnonymousLogon (NT AUTHORITY\\ANONYMOUS LOGON), PartnerServers, ExternallySecuredServers, "
     "ExchangeServers, HubTransportServers, EdgeTransportServers, ExchangeLegacyInterop",
     "required", "Who the remote must have proved to be."},
};
constexpr Parameter kPermissionUser = {"User",
                                       "",
                                       Form::kText,
                                       Standing::kField,
                                       "as in Add-ADPermission",
                                       "all",
                                       "Shows only what is granted or denied to this user."};

constexpr Parameter kRoute[] = {
    {"Address", "", Form::kText, Standing::kField, "an address", "required", "The recipient."},
    {"Size", "", Form::kSize, Standing::kField, "30MB", "0", "The size of the message."},
};

constexpr Parameter kImport[] = {
    {"AuthenticationCredential", "", Form::kText, Standing::kField, "the name of a secret", "none",
     "Stands in for the name and password of every connector that needs them: an export has no "
     "passwords."},
    {"Force", "", Form::kSwitch, Standing::kField, "", "",
     "A connector of the same name is replaced by the one of the export."},
    {"Path", "", Form::kText, Standing::kField, "a file, or - for standard input", "required",
     "What Get-SendConnector | ConvertTo-Json -Depth 4 printed."},
    {"SourceTransportServers", "", Form::kList, Standing::kField,
     "names of TransportServers, or site/<name>",
     "those of the export that are known here; without one, the site of the server that is asked",
     "The source servers of every connector of the export."},
    {"Usage", "", Form::kWord, Standing::kField, "Custom, Internal, Internet, Partner", "Custom",
     "The type of every connector: an export does not tell it, nor the permissions. One that is "
     "replaced keeps its own."},
    {"Without", "", Form::kList, Standing::kField, "names of parameters", "none",
     "Leaves out what cannot be taken, where the connector is to be created nevertheless."},
};

constexpr Parameter kScript[] = {
    {"Continue", "", Form::kSwitch, Standing::kField, "", "",
     "Goes on after a line that failed; the end is a failure all the same."},
    {"Path", "", Form::kText, Standing::kField, "a file, or - for standard input", "required",
     "The script."},
};
constexpr Parameter kCompletion = {"ShellName",
                                   "",
                                   Form::kWord,
                                   Standing::kField,
                                   "bash",
                                   "required",
                                   "Whose completion: source <(postern Completion bash)."};

constexpr Parameter kConfirm = {"Confirm",
                                "",
                                Form::kSwitch,
                                Standing::kField,
                                "",
                                "Remove- asks, the others do not",
                                "Asks before the change; -Confirm:$false does not ask."};
constexpr Parameter kWhatIf = {
    "WhatIf",
    "",
    Form::kSwitch,
    Standing::kField,
    "",
    "",
    "Says what would change, checked by the server, and changes nothing."};
constexpr Parameter kCommon[] = {
    {"Debug", "", Form::kSwitch, Standing::kIgnored, "", "", "The services write their own logs."},
    {"ErrorAction", "", Form::kText, Standing::kIgnored, "", "",
     "An error always ends the command; Invoke-Script -Continue goes on with the next."},
    {"ErrorVariable", "", Form::kText, Standing::kRefused, "", "", "There are no variables here."},
    {"OutBuffer", "", Form::kText, Standing::kRefused, "", "", "Output is never held back."},
    {"OutVariable", "", Form::kText, Standing::kRefused, "", "",
     "There are no variables here; --output json is for other programs."},
    {"PipelineVariable", "", Form::kText, Standing::kRefused, "", "",
     "There are no variables here."},
    {"Verbose", "", Form::kSwitch, Standing::kField, "", "",
     "Says on standard error what is asked of the server."},
    {"WarningAction", "", Form::kText, Standing::kIgnored, "", "", "Warnings are always shown."},
    {"WarningVariable", "", Form::kText, Standing::kRefused, "", "",
     "There are no variables here."},
};

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"cf", "Confirm"},       {"db", "Debug"},
    {"ea", "ErrorAction"},   {"includerecipients", "IncludeRecipientInfo"},
    {"ev", "ErrorVariable"}, {"ov", "OutVariable"},
    {"vb", "Verbose"},       {"wa", "WarningAction"},
    {"wi", "WhatIf"},        {"wv", "WarningVariable"},
};

bool Changes(Action action) {
  switch (action) {
    case Action::kNew:
    case Action::kSet:
    case Action::kRemove:
    case Action::kEnable:
    case Action::kDisable:
    case Action::kAddPermission:
    case Action::kRemovePermission:
    case Action::kImport:
      return true;
    default:
      return ActsOnMail(action) && action != Action::kExportMessage;
  }
}

bool HasFields(Action action) {
  return action == Action::kNew || action == Action::kSet;
}

bool NamesOne(const Cmdlet& cmdlet) {
  // There is one TransportConfig at most.
  return !cmdlet.kind.empty() && cmdlet.action != Action::kNew &&
         cmdlet.action != Action::kImport && cmdlet.kind != "TransportConfig";
}

// The table of what only this action takes.
std::span<const Parameter> OwnParameters(Action action) {
  switch (action) {
    case Action::kAddPermission:
    case Action::kRemovePermission:
      return kPermission;
    case Action::kGetPermission:
      return {&kPermissionUser, 1};
    case Action::kTestRoute:
      return kRoute;
    case Action::kTrack:
    case Action::kTlsReport:
      return LogParameters(action);
    case Action::kImport:
      return kImport;
    case Action::kInvokeScript:
      return kScript;
    case Action::kCompletion:
      return {&kCompletion, 1};
    default:
      return MailParameters(action);
  }
}

}  // namespace

std::span<const Cmdlet> Cmdlets() {
  return kCmdlets;
}

const Cmdlet* FindCmdlet(std::string_view name) {
  for (const Cmdlet& cmdlet : kCmdlets) {
    if (base::EqualsIgnoreCase(cmdlet.name, name)) return &cmdlet;
    if (!cmdlet.alias.empty() && base::EqualsIgnoreCase(cmdlet.alias, name)) return &cmdlet;
  }
  return nullptr;
}

std::vector<const Parameter*> ParametersOf(const Cmdlet& cmdlet) {
  std::vector<const Parameter*> all;
  const auto add = [&all](std::span<const Parameter> table) {
    for (const Parameter& parameter : table)
      all.push_back(&parameter);
  };
  if (NamesOne(cmdlet)) all.push_back(&kIdentity);
  add(OwnParameters(cmdlet.action));
  if (HasFields(cmdlet.action)) {
    add(directory::ParametersOf(cmdlet.kind));
  } else if (!cmdlet.kind.empty()) {
    all.push_back(&kServerSwitch);
  }
  const bool has_force = cmdlet.kind == "SendConnector" && HasFields(cmdlet.action);
  if (Changes(cmdlet.action)) {
    if (!has_force && cmdlet.action != Action::kImport) all.push_back(&kForceSwitch);
    all.push_back(&kConfirm);
  }
  if (Changes(cmdlet.action) || cmdlet.action == Action::kInvokeScript) all.push_back(&kWhatIf);
  add(kCommon);
  return all;
}

std::string_view PositionalOf(const Cmdlet& cmdlet) {
  switch (cmdlet.action) {
    case Action::kNew:
      return "Name";
    case Action::kTestRoute:
      return "Address";
    case Action::kTlsReport:
      return "PolicyDomain";
    case Action::kImport:
    case Action::kInvokeScript:
      return "Path";
    case Action::kCompletion:
      return "ShellName";
    case Action::kQueueDigest:
      return "Server";
    default:
      return NamesOne(cmdlet) || !MailParameters(cmdlet.action).empty() ? "Identity" : "";
  }
}

bool IsRequired(const Cmdlet& cmdlet, const Parameter& parameter) {
  if (&parameter == &kIdentity) return cmdlet.action != Action::kGet;
  // The other required ones are the server's to miss: it reports them with the rest.
  if (HasFields(cmdlet.action)) return cmdlet.action == Action::kNew && parameter.name == "Name";
  return parameter.fallback == "required";
}

std::string_view RefusalOf(const Cmdlet& cmdlet, const Parameter& parameter) {
  if (parameter.standing == Standing::kRefused) return parameter.effect;
  // A field that is no value but a resource of its own.
  if (parameter.field == "permissions")
    return "Add-ADPermission and Remove-ADPermission edit them.";
  if (cmdlet.action != Action::kSet) return {};
  if (parameter.standing == Standing::kUsage) return "The type of a connector cannot be changed.";
  if (parameter.standing == Standing::kNew) return "It is given with New- and cannot be changed.";
  return {};
}

std::string_view LongNameOf(std::string_view alias) {
  for (const auto& [known, name] : kAliases) {
    if (base::EqualsIgnoreCase(known, alias)) return name;
  }
  return {};
}

std::string_view NounOf(std::string_view kind) {
  if (kind == "SendConnector") return "Send connector";
  if (kind == "Site") return "site";
  if (kind == "SiteLink") return "site link";
  if (kind == "TransportServer") return "transport server";
  if (kind == "AcceptedDomain") return "accepted domain";
  return "transport configuration";
}

}  // namespace postern::cli
