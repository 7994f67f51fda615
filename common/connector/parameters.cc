#include "common/connector/parameters.h"

#include <algorithm>

#include "common/base/text.h"

namespace postern::connector {

namespace {

using Form = Parameter::Form;
using Standing = Parameter::Standing;

constexpr Parameter kSendConnector[] = {
    {"AddressSpaces", "addressSpaces", Form::kList, Standing::kField,
     "[Type:]Space[;Cost]: SMTP with \"*\", \"*.contoso.com\" or \"contoso.com\", cost 1 to 100; "
     "other types need smart hosts",
     "required",
     "The recipients that the connector is for: the closest space wins, then the lowest cost."},
    {"AllowPolicyOverride", "allowPolicyOverride", Form::kFlag, Standing::kField,
     "true, false; only with IgnoreSTARTTLS", "false",
     "Not of Exchange: mail goes in clear also to a domain whose DANE or MTA-STS demands TLS. "
     "Otherwise it waits."},
    {"AuthenticationCredential", "authenticationCredential", Form::kSecret, Standing::kField,
     "the name of a secret with username and password or token; needs BasicAuth or "
     "BasicAuthRequireTLS",
     "none",
     "Name and password for the smart host. They are read where mail is sent from, and are "
     "in no resource, log or answer."},
    {"CloudServicesMailEnabled", "cloudServicesMailEnabled", Form::kFlag, Standing::kField,
     "true, false", "false",
     "X-MS-Exchange-Organization fields leave as X-MS-Exchange-CrossPremises fields; when false, "
     "those are removed."},
    {"Comment", "comment", Form::kText, Standing::kField, "up to 4096 bytes", "empty",
     "A note for administrators, shown with the connector."},
    {"ConnectionInactivityTimeOut", "connectionInactivityTimeout", Form::kSpan, Standing::kField,
     "00:00:01 to 1.00:00:00", "00:10:00",
     "How long an idle session stays open for the next message."},
    {"ConnectorType", "connectorType", Form::kWord, Standing::kField, "Default, XPremises",
     "Default", "Marks a connector towards Microsoft 365; shown, without effect on routing."},
    {"Custom", "usage", Form::kSwitch, Standing::kUsage, "", "", "The same as Usage Custom."},
    {"DNSRoutingEnabled", "dnsRoutingEnabled", Form::kFlag, Standing::kField,
     "true, false; false with SmartHosts and only then", "true",
     "Mail goes to the MX hosts of the recipient's domain."},
    {"DomainController", "", Form::kText, Standing::kIgnored, "", "",
     "There is no domain controller: the directory is a folder of manifests, or Kubernetes."},
    {"DomainSecureEnabled", "domainSecureEnabled", Form::kFlag, Standing::kField,
     "true, false; true needs DNS routing, STARTTLS, an address space without wildcard and no "
     "front end",
     "false",
     "Mutual TLS with the domains of TLSSendDomainSecureList: both certificates are shown, theirs "
     "is checked by chain and name, or the mail waits."},
    {"Egress", "egress", Form::kText, Standing::kField,
     "a label of egress.addresses of the front ends; needs FrontendProxyEnabled", "none",
     "Not of Exchange: the source addresses of connections, and with them their names in EHLO."},
    {"Enabled", "enabled", Form::kFlag, Standing::kField, "true, false", "true",
     "A connector that is not enabled takes part in no selection."},
    {"ErrorPolicies", "errorPolicies", Form::kWords, Standing::kField,
     "Default, DowngradeDnsFailures, DowngradeCustomFailures, UpgradeCustomFailures", "Default",
     "Which failures change their kind before a verdict is made of them."},
    {"Force", "", Form::kSwitch, Standing::kIgnored, "", "",
     "Nothing is asked that it could answer; -Confirm:$false is for Remove-."},
    {"ForceHELO", "forceHelo", Form::kFlag, Standing::kField, "true, false; false with TLS or AUTH",
     "false", "Greets with HELO, so that no extension is used."},
    {"Fqdn", "fqdn", Form::kText, Standing::kField, "a host name", "the sending server's name",
     "The name in EHLO, and the one by which a client certificate is chosen."},
    {"FrontendProxyEnabled", "frontendProxyEnabled", Form::kFlag, Standing::kField, "true, false",
     "false",
     "Mail leaves through a frontend-transport of the sending server's site, never directly."},
    {"IgnoreSTARTTLS", "ignoreStartTls", Form::kFlag, Standing::kField,
     "true, false; false with RequireTLS", "false",
     "STARTTLS is not used even when it is offered."},
    {"Internal", "usage", Form::kSwitch, Standing::kUsage, "", "", "The same as Usage Internal."},
    {"Internet", "usage", Form::kSwitch, Standing::kUsage, "", "", "The same as Usage Internet."},
    {"IsCoexistenceConnector", "isCoexistenceConnector", Form::kFlag, Standing::kRefused, "", "",
     "Deprecated in Exchange; CloudServicesMailEnabled takes its place."},
    {"IsScopedConnector", "isScopedConnector", Form::kFlag, Standing::kField, "true, false",
     "false", "Only servers of a site in which the connector has a source server may use it."},
    {"LinkedReceiveConnector", "linkedReceiveConnector", Form::kText, Standing::kRefused, "", "",
     "Deprecated in Exchange; give the connector address spaces, and a listener to those who are "
     "to "
     "use it."},
    {"MaxMessageSize", "maxMessageSize", Form::kSize, Standing::kField,
     "0 to 2147483647 bytes, rounded up to KB, or unlimited", "25MB; Internal: unlimited",
     "A larger message does not take this connector."},
    {"Name", "name", Form::kText, Standing::kField, "1 to 64 characters, unique without case",
     "required",
     "The name in logs, metrics and queues, and the last tie-break of the selection. Suspensions "
     "and rate limits of queues end with the name."},
    {"Partner", "usage", Form::kSwitch, Standing::kUsage, "", "", "The same as Usage Partner."},
    {"Permissions", "permissions", Form::kText, Standing::kField,
     "grants of user, extendedRights and deny; Add-ADPermission and Remove-ADPermission edit them",
     "those of the Usage",
     "What a remote that proved to be one of the users may get: Organization, Forest and Routing "
     "header fields."},
    {"Port", "port", Form::kNumber, Standing::kField, "0 to 65535", "25",
     "The port of the smart hosts; MX hosts have 25."},
    {"ProtocolLoggingLevel", "protocolLoggingLevel", Form::kWord, Standing::kField, "None, Verbose",
     "None", "Verbose writes each SMTP session to the protocol log."},
    {"RequireOorg", "requireOorg", Form::kFlag, Standing::kRefused, "", "",
     "Reserved for Microsoft."},
    {"RequireTLS", "requireTls", Form::kFlag, Standing::kField, "true, false",
     "false; Partner: true", "Mail waits rather than travel without TLS."},
    {"RevocationSoftFail", "revocationSoftFail", Form::kFlag, Standing::kField, "true, false",
     "true",
     "Not of Exchange: when a certificate is checked and nobody tells whether it was revoked, it "
     "passes. A revoked one never does."},
    {"SmartHostAuthMechanism", "smartHostAuthMechanism", Form::kWord, Standing::kField,
     "None, BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative; needs "
     "SmartHosts",
     "None; Internal with smart hosts: ExchangeServer",
     "How we prove ourselves to the smart host, and what it is taken for when it did."},
    {"SmartHosts", "smartHosts", Form::kList, Standing::kField,
     "host names and IP addresses; needs DNSRoutingEnabled false", "none",
     "The servers that take the mail instead of the MX hosts; load is spread over them and hosts "
     "that fail are passed over."},
    {"SmtpMaxMessagesPerConnection", "smtpMaxMessagesPerConnection", Form::kNumber,
     Standing::kField, "0 (no limit) to 2147483647", "20",
     "After so many messages a connection is closed and a new one opened."},
    {"SourceIPAddress", "sourceIpAddress", Form::kText, Standing::kField,
     "an address of the machine that sends", "0.0.0.0: any",
     "The local address of connections; hosts of the other family are passed over."},
    {"SourceTransportServers", "sourceTransportServers", Form::kList, Standing::kField,
     "names of TransportServers, or site/<name> for all of a site",
     "in the shell: the site of the "
     "server it is connected to",
     "The servers that send by the connector; the others relay to them."},
    {"TlsAuthLevel", "tlsAuthLevel", Form::kWord, Standing::kField,
     "None, EncryptionOnly, CertificateValidation, DomainValidation; needs RequireTLS",
     "None; Partner: DomainValidation",
     "What the peer's certificate must prove: nothing, a trusted chain, a chain and the name."},
    {"TlsCertificateName", "tlsCertificateName", Form::kText, Standing::kField,
     "<I>issuer<S>subject", "chosen by Fqdn", "The certificate that we show."},
    {"TlsDomain", "tlsDomain", Form::kText, Standing::kField,
     "contoso.com or *.contoso.com; required with DomainValidation and SmartHosts",
     "the recipient's domain", "The name that DomainValidation looks for in the certificate."},
    {"Usage", "usage", Form::kWord, Standing::kNew, "Custom, Internal, Internet, Partner", "Custom",
     "The type: presets of the other parameters, and the permissions. It cannot be changed."},
    {"UseExternalDNSServersEnabled", "useExternalDnsServersEnabled", Form::kFlag, Standing::kField,
     "true, false", "false", "Looks up hosts with external_dns_servers instead of dns_servers."},
};

}  // namespace

std::span<const Parameter> SendConnectorParameters() {
  return kSendConnector;
}

const Parameter* FindParameter(std::span<const Parameter> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [name](const Parameter& parameter) {
    return base::EqualsIgnoreCase(parameter.name, name);
  });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace postern::connector
