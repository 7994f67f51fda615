"""The rules of the CRDs that look at more than one field; "self" is the spec of the resource.

See       tools/kubernetes/crd_rules.py; common/connector/presets.cc for what the usage presets.
"""

from cel import Cel, rule


def given(field):
    return f"(has(self.{field}) && size(self.{field}) > 0)"


def word(field, otherwise):
    return (f'(has(self.{field}) && self.{field} != "" ? self.{field}.lowerAscii() : '
            f'({otherwise}))')


HOSTS = given("smartHosts")
DNS = "(!has(self.dnsRoutingEnabled) || self.dnsRoutingEnabled)"
USAGE = word("usage", '"custom"')
TLS = f'(has(self.requireTls) ? self.requireTls : {USAGE} == "partner")'
LEVEL = word("tlsAuthLevel", f'{USAGE} == "partner" && {TLS} ? "domainvalidation" : "none"')
AUTH = word("smartHostAuthMechanism",
            f'{USAGE} == "internal" && {HOSTS} ? "exchangeserver" : "none"')
AUTHS = '["basicauth", "basicauthrequiretls", "exchangeserver", "externalauthoritative"]'
LEVELS = '["none", "encryptiononly", "certificatevalidation", "domainvalidation"]'


def on(field):
    return f"(has(self.{field}) && self.{field})"


def listed_once(field, words):
    lower = f"self.{field}.map(x, x.lowerAscii().trim())"
    return rule(f"!has(self.{field}) || {lower}.all(x, {lower}.exists_one(y, y == x))", words,
                f".{field}")


def refuse(condition, path, words):
    return rule(f"!({condition})", words, path)


BASIC = f'{AUTH} in ["basicauth", "basicauthrequiretls"]'
AUTH_TLS = f'{AUTH} in ["basicauthrequiretls", "exchangeserver"]'
SECRET = ("(has(self.authenticationCredential) && "
          "has(self.authenticationCredential.secretName) && "
          'self.authenticationCredential.secretName != "")')
SECURE = on("domainSecureEnabled")
AUTH_PATH = ".smartHostAuthMechanism"
SECRET_PATH = ".authenticationCredential.secretName"
# Of a type that is not SMTP, and written as it must be.
OTHER_SPACES = ('self.addressSpaces.filter(s, s.contains(":") && '
                's.matches("^\\\\s*[A-Za-z0-9_-]+\\\\s*:\\\\s*[^;\\\\s][^;]*(;[ 0-9]+)?$") && '
                's.substring(0, s.indexOf(":")).trim().upperAscii() != "SMTP")')
WILD = '.all(s, s.matches("^\\\\s*(SMTP|smtp|Smtp)?:?\\\\s*[*]"))'

SEND_CONNECTOR = [
    rule("has(self.name) && self.name != ''", "a Send connector has a name", ".name"),
    rule(given("addressSpaces"),
         'a Send connector has at least one address space; "*" is every domain', ".addressSpaces"),
    {"rule": f"!{DNS} || !has(self.addressSpaces) || {OTHER_SPACES}.size() == 0",
     "messageExpression": Cel(
         f'"a " + {OTHER_SPACES}[0].substring(0, {OTHER_SPACES}[0].indexOf(":")).trim()'
         '.upperAscii() + " address space needs smartHosts and dnsRoutingEnabled: false, because '
         'only SMTP domains are in DNS"'),
     "fieldPath": ".addressSpaces"},
    refuse(f"{HOSTS} && {DNS}", ".dnsRoutingEnabled",
           "must be false when smartHosts is given; left out it is true"),
    refuse(f"!{HOSTS} && !{DNS}", ".smartHosts",
           "must name a smart host when dnsRoutingEnabled is false"),
    listed_once("smartHosts", "a smart host is listed once"),
    rule(given("sourceTransportServers"),
         "must name at least one server, or site/<name> for all of a site",
         ".sourceTransportServers"),
    listed_once("sourceTransportServers", "a source server is listed once"),
    listed_once("errorPolicies", "is listed once"),
    refuse("has(self.errorPolicies) && self.errorPolicies.size() > 1 && "
           'self.errorPolicies.exists(p, p.lowerAscii() == "default")', ".errorPolicies",
           "stands alone: it means that there is no other"),
    refuse(f"{TLS} && {on('ignoreStartTls')}", ".ignoreStartTls",
           "must be false when requireTls is true"),
    refuse(f"{TLS} && {on('forceHelo')}", ".forceHelo",
           "must be false when requireTls is true: HELO offers no STARTTLS"),
    refuse(f"{on('allowPolicyOverride')} && !{on('ignoreStartTls')}", ".allowPolicyOverride",
           "needs ignoreStartTls: true: it lets that go before DANE and MTA-STS"),
    refuse(f'{given("egress")} && !{on("frontendProxyEnabled")}', ".egress",
           "needs frontendProxyEnabled: true: the addresses are those of front ends"),
    refuse(f'{given("egress")} && {given("sourceIpAddress")} && '
           'self.sourceIpAddress.trim() != "0.0.0.0"', ".egress",
           "has no use beside sourceIpAddress"),
    refuse(f'{LEVEL} in {LEVELS} && {LEVEL} != "none" && !{TLS}', ".tlsAuthLevel",
           "needs requireTls: true"),
    refuse(f'{LEVEL} in {LEVELS} && {LEVEL} != "none" && {on("ignoreStartTls")}', ".tlsAuthLevel",
           "needs ignoreStartTls: false"),
    refuse(f'{LEVEL} == "domainvalidation" && {HOSTS} && !{given("tlsDomain")}', ".tlsDomain",
           "must name the domain to check when tlsAuthLevel is DomainValidation and there are "
           "smartHosts"),
    refuse(f"{SECURE} && {HOSTS}", ".domainSecureEnabled",
           "needs DNS routing: there must be no smartHosts"),
    refuse(f"{SECURE} && {on('ignoreStartTls')}", ".domainSecureEnabled",
           "needs ignoreStartTls: false"),
    refuse(f"{SECURE} && {on('frontendProxyEnabled')}", ".domainSecureEnabled",
           "needs frontendProxyEnabled: false: mutual TLS ends at the server that has the mail"),
    refuse(f"{SECURE} && {on('forceHelo')}", ".domainSecureEnabled",
           "needs forceHelo: false: HELO offers no STARTTLS"),
    refuse(f"{SECURE} && {given('addressSpaces')} && self.addressSpaces{WILD}",
           ".domainSecureEnabled",
           "needs an address space that is one domain: Domain Security knows no wildcards"),
    refuse(f'{AUTH} in {AUTHS} && !{HOSTS}', AUTH_PATH,
           "needs smartHosts and dnsRoutingEnabled: false"),
    refuse(f"{AUTH_TLS} && {on('ignoreStartTls')}", AUTH_PATH, "needs ignoreStartTls: false"),
    refuse(f"({AUTH_TLS} || {BASIC}) && {on('forceHelo')}", AUTH_PATH,
           "needs forceHelo: false: HELO offers no AUTH"),
    {"rule": f"!({BASIC}) || {SECRET}",
     "messageExpression": Cel('"must name a secret with username and password or token when '
                              'smartHostAuthMechanism is " + self.smartHostAuthMechanism'),
     "fieldPath": SECRET_PATH},
    refuse(f"!({BASIC}) && has(self.authenticationCredential)", SECRET_PATH,
           "has no use unless smartHostAuthMechanism is BasicAuth or BasicAuthRequireTLS"),
    refuse(on("isCoexistenceConnector"), ".isCoexistenceConnector",
           "is deprecated in Exchange and has no place here: leave it out, and for mail to and "
           "from Microsoft 365 set cloudServicesMailEnabled: true"),
    refuse(given("linkedReceiveConnector"), ".linkedReceiveConnector",
           "is deprecated in Exchange and has no place here: give the connector address spaces "
           "of its own, and a listener to those who are to use it"),
    refuse(on("requireOorg"), ".requireOorg", "is reserved for Microsoft: leave it out"),
]

# Rules on spec, by kind.
RULES_ON = {
    "SendConnector": SEND_CONNECTOR,
    "Site": [],
    "SiteLink": [],
    "TransportServer": [
        rule("has(self.site) && self.site != ''", "a server is in a Site", ".site")],
    "AcceptedDomain": [
        rule("has(self.domainName)",
             'is a domain, or "*." before one for all names below it too', ".domainName"),
        refuse(f'{on("default")} && has(self.domainName) && self.domainName.startsWith("*")',
               ".default", 'the default domain is one domain, without "*"')],
    "TransportConfig": [],
}
# The whole object: its name decides.
RULES_ON_ROOT = {
    "SiteLink": [
        rule('self.metadata.name == "defaultipsitelink" || '
             "(has(self.spec) && has(self.spec.sites) && self.spec.sites.size() >= 2)",
             "a link joins 2 to 1000 sites", ".spec.sites")],
}
# A grant without rights says nothing.
RULES_ON_GRANT = [
    rule("has(self.extendedRights) && self.extendedRights.size() > 0", "names at least one right",
         ".extendedRights"),
    rule("has(self.user)", "is AnonymousLogon, PartnerServers, ExternallySecuredServers, "
         "ExchangeServers, HubTransportServers, EdgeTransportServers or ExchangeLegacyInterop",
         ".user")]
