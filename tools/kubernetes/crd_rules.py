"""What the CRDs say beyond the fields of the proto: defaults, bounds, rules and their words.

Keys are the paths of fields below spec in their lowerCamelCase names; "[]" is an element of a list.
RULES_ON holds the rules that look at more than one field. The words are those of
common/connector/validate.cc, security_rules.cc and common/directory/rules.cc;
tests/kubernetes/crds_test.py runs both over the cases in tests/kubernetes/cases.
"""

from cel import (IPV4, SLUG, SLUG_WORDS, TRIMMED, Cel, ascii_only, chain, domain_holds,
                 domain_steps, host_port, one_of, optional_one_of, rule, size_from, size_up_to,
                 span_second_to_day, text)

COMMENT = {"maxLength": 8192, "rules": [
    rule("bytes(self).size() <= 4096", "a comment has at most 4096 bytes"),
    rule('!self.matches("[\\\\x00-\\\\x08\\\\x0b-\\\\x1f\\\\x7f]")',
         "a comment holds no control characters")]}
SIZE = {"maxLength": 32, "rules": [size_up_to(2147483647)]}
TLS_DOMAIN_WORDS = 'is a domain, or "*." before one for all names below it too'
_BELOW_STAR = '(self.trim().startsWith("*.") ? self.trim().substring(2) : self.trim())'
TLS_DOMAIN = rule(f"[{_BELOW_STAR}].all(d, {domain_holds('d')})", TLS_DOMAIN_WORDS)
USERS = ["AnonymousLogon", "PartnerServers", "ExternallySecuredServers", "ExchangeServers",
         "HubTransportServers", "EdgeTransportServers", "ExchangeLegacyInterop"]
USER_ALIASES = ["Anonymous", "S-1-5-7", "LegacyExchangeServers"] + [
    f"S-1-9-1419165041-1139599005-3936102811-1022490595-{n}" for n in (10, 21, 22, 23, 24)]
RIGHTS = ["ms-Exch-Send-Headers-Organization", "ms-Exch-Send-Headers-Forest",
          "ms-Exch-Send-Headers-Routing", "ms-Exch-SMTP-Send-Exch50", "ms-Exch-SMTP-Send-XShadow"]


def _user():
    made = one_of(*USERS)
    known = ", ".join(text(name.lower()) for name in USERS + USER_ALIASES)
    made["rule"] = (r'self.replace(" ", "").lowerAscii().find("[^\\\\]*$") in [' + known + "]")
    return made


def _address_space():
    cost = '"^\\\\s*0*([1-9][0-9]?|100)\\\\s*$"'
    cost_words = 'the cost after ";" is a whole number from 1 to 100'
    names = [  # text, type ("SMTP" when there is none), what follows it, the space, below "*."
        ("t", "self.trim()"),
        ("k", 't.contains(":") ? t.substring(0, t.indexOf(":")).trim().upperAscii() : "SMTP"'),
        ("b", 't.contains(":") ? t.substring(t.indexOf(":") + 1) : t'),
        ("s", 'k == "SMTP" && b.contains(";") ? b.substring(0, b.indexOf(";")).trim() : b.trim()'),
        ("d", 's.startsWith("*.") ? s.substring(2) : s')]
    smtp = 'k != "SMTP" || '
    star = 'k != "SMTP" || s == "*" || '
    other = 'k == "SMTP" || '
    steps = [
        ('t != ""', "an address space is not empty"),
        ("size(t) <= 512", "an address space has at most 512 bytes"),
        ('!t.matches("[\\\\x00-\\\\x1f\\\\x7f]")', "an address space holds no control characters"),
        ('k.matches("^[A-Z0-9_-]+$")',
         'the type before ":" is made of letters, digits, "-" and "_"'),
        (smtp + 'b.indexOf(";") == b.lastIndexOf(";")',
         'an SMTP address space has at most one ";"'),
        (f'{smtp}!b.contains(";") || b.substring(b.indexOf(";") + 1).matches({cost})', cost_words),
        (smtp + 's != ""', 'the space is empty: write a domain, "*.domain" or "*"'),
        (smtp + 's != "--"', '"--" is only for connectors of an Edge server'),
        (smtp + '!s.contains("@")', "an address space is a domain, not an address"),
        (star + '!d.contains("*")',
         '"*" stands only as the whole first label, as in "*.contoso.com"'),
        (smtp + '!d.startsWith("[") || !d.endsWith("]")',
         "an address space is a domain, not an address"),
        (f'{other}!b.contains(";") || b.substring(b.lastIndexOf(";") + 1).matches({cost})',
         Cel('"a " + k + " space that holds \\";\\" must end in \\";cost\\""')),
        (other + '!s.startsWith(";") && s != ""',
         Cel('"the space after \\"" + k + ":\\" is empty"')),
    ]
    # The domain in a rule of its own, as one rule may cost so much and no more.
    spared = ("g", 'k != "SMTP" || s == "" || s == "--" || d.matches("[@*[]")')
    domains = [*((f"g || ({holds})", words) for holds, words in domain_steps("d")),
               ('g || !d.matches("(^|[.])[0-9]+[.]?$")',
                "an address space is a domain, not an IP address")]
    return [chain(steps, names), chain(domains, [*names, spared])]


def _smart_host():
    names = [("t", TRIMMED),
             ("a", 't.startsWith("[") || t.contains(":") || t.matches("^[0-9.]*$")')]
    v4 = text(f"^({IPV4}|[[]{IPV4}[]])$")
    v6 = '"^[[]?((?i)ipv6:)?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*[]]?$"'
    steps = [
        ('t != "--"', '"--" is only for connectors of an Edge server'),
        (f'!a || t.matches({v4}) || t.matches({v6})',
         "an IP address of a smart host is written as 10.1.1.1, [10.1.1.1] or [IPv6:2001:db8::1]"),
        *((f"a || ({holds})", words) for holds, words in domain_steps("t")),
        (f'a || !{ascii_only("t")} || !t.contains("_")',
         "a smart host is a host name or an IP address"),
    ]
    return chain(steps, names)


def _fqdn():
    steps = [(f'self == "" || ({holds})', words) for holds, words in domain_steps("self")]
    return chain([*steps, (f'!self.contains("_") && !self.matches({text(f"^{IPV4}[.]?$")})',
                           "is a host name: letters, digits, hyphens and dots, and no address")])


SEND_CONNECTOR = {
    "name": {"maxLength": 256, "rules": [
        rule("self.size() <= 64", "a name has at most 64 characters"),
        rule('!self.matches("[\\\\x00-\\\\x1f\\\\x7f]")', "a name holds no control characters"),
        rule("self.trim().size() == self.size()", "a name does not begin or end with a space"),
        rule(r'!self.contains("\\")',
             r'a name holds no "\": it parts server and name in identities')]},
    "enabled": {"default": True},
    "addressSpaces": {"maxItems": 1000},
    "addressSpaces[]": {"maxLength": 520, "rules": _address_space()},
    "dnsRoutingEnabled": {"default": True},
    "smartHosts": {"maxItems": 50},
    "smartHosts[]": {"maxLength": 1024, "rules": [_smart_host()]},
    "port": {"default": 25, "rules": [
        rule("self >= 0 && self <= 65535", "a port is a number from 0 to 65535")]},
    "frontendProxyEnabled": {"default": False},
    "fqdn": {"maxLength": 1024, "rules": [_fqdn()]},
    "maxMessageSize": SIZE,
    "ignoreStartTls": {"default": False},
    "forceHelo": {"default": False},
    "smtpMaxMessagesPerConnection": {"default": 20, "rules": [
        rule("self >= 0", "is from 0 (no limit) to 2147483647")]},
    "connectionInactivityTimeout": {"default": "00:10:00", "maxLength": 32,
                                    "rules": [span_second_to_day()]},
    "sourceTransportServers": {"maxItems": 100},
    "sourceTransportServers[]": {"maxLength": 128, "rules": [
        rule('self.matches("^((?i)site/)?[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$")',
             "an element is the name of a TransportServer, or site/<name>")]},
    "comment": COMMENT,
    "usage": {"default": "Custom", "maxLength": 32, "rules": [
        optional_one_of("Custom", "Internal", "Internet", "Partner")]},
    "authenticationCredential.secretName": {"maxLength": 256, "rules": [
        rule(f'self == "" || self.matches({text(SLUG)})', SLUG_WORDS)]},
    "cloudServicesMailEnabled": {"default": False},
    "connectorType": {"default": "Default", "maxLength": 32, "rules": [
        optional_one_of("Default", "XPremises")]},
    "domainSecureEnabled": {"default": False},
    "errorPolicies": {"maxItems": 8},
    "errorPolicies[]": {"maxLength": 32, "rules": [
        one_of("Default", "DowngradeDnsFailures", "DowngradeCustomFailures",
               "UpgradeCustomFailures")]},
    "isScopedConnector": {"default": False},
    "protocolLoggingLevel": {"default": "None", "maxLength": 32, "rules": [
        optional_one_of("None", "Verbose")]},
    "smartHostAuthMechanism": {"maxLength": 32, "rules": [
        optional_one_of("None", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer",
                        "ExternalAuthoritative")]},
    "sourceIpAddress": {"default": "0.0.0.0", "maxLength": 64, "rules": [
        rule(f'self.trim().matches({text(f"^({IPV4}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)?$")})',
             "is an address of the sending machine, or 0.0.0.0 for any")]},
    "tlsAuthLevel": {"maxLength": 32, "rules": [
        optional_one_of("None", "EncryptionOnly", "CertificateValidation", "DomainValidation")]},
    "tlsCertificateName": {"maxLength": 4096},
    "tlsDomain": {"maxLength": 1024, "rules": [
        {**TLS_DOMAIN, "rule": f'self == "" || ({TLS_DOMAIN["rule"]})'}]},
    "useExternalDnsServersEnabled": {"default": False},
    "permissions.grants": {"maxItems": 64},
    "permissions.grants[].user": {"maxLength": 128, "rules": [_user()]},
    "permissions.grants[].extendedRights": {"maxItems": 16},
    "permissions.grants[].extendedRights[]": {"maxLength": 64, "rules": [
        {**one_of(*RIGHTS),
         "rule": one_of(*RIGHTS)["rule"].replace("self.", "self.trim().", 1)}]},
    "permissions.grants[].deny": {"default": False},
    "linkedReceiveConnector": {"maxLength": 1024},
    "allowPolicyOverride": {"default": False},
    "egress": {"maxLength": 63, "rules": [
        rule(f'self == "" || self.matches({text(f"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")})',
             "a label is 1 to 63 lower-case letters, digits and \"-\", with no \"-\" at an end")]},
    "revocationSoftFail": {"default": True},
}

FRONT_END = '(self.startsWith("dns:///") ? self.substring(7) : self)'
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = text(f"^{_LABEL}([.]{_LABEL})*$")
COST = [rule("self >= 1 && self <= 99999", "is from 1 to 99999")]

FIELDS = {
    "SendConnector": SEND_CONNECTOR,
    "Site": {
        "frontEnds": {"maxItems": 1000},
        "frontEnds[]": {"maxLength": 300, "rules": [
            rule(host_port(FRONT_END),
                 'a front end is written as "host:7170" or "dns:///name:7170"')]},
        "comment": COMMENT,
        "hubSiteEnabled": {"default": False},
        "inboundMailEnabled": {"default": True},
    },
    "SiteLink": {
        "sites": {"maxItems": 1000}, "sites[]": {"maxLength": 63},
        "cost": {"default": 100, "rules": COST}, "exchangeCost": {"rules": COST},
        "maxMessageSize": {"default": "unlimited", "maxLength": 32, "rules": [
            size_from(65536, "is at least 64KB, or unlimited")]},
        "comment": COMMENT,
    },
    "TransportServer": {
        "site": {"maxLength": 256},
        "relayAddress": {"maxLength": 300, "rules": [
            rule(f'self == "" || ({host_port("self")})', 'an address is written as "host:7172"')]},
        "comment": COMMENT,
    },
    "AcceptedDomain": {
        "domainName": {"maxLength": 1024, "rules": [TLS_DOMAIN]},
        "domainType": {"default": "Authoritative", "maxLength": 32, "rules": [
            optional_one_of("Authoritative", "InternalRelay", "ExternalRelay")]},
        "default": {"default": False},
        "comment": COMMENT,
    },
    "TransportConfig": {
        "maxReceiveSize": {"default": "35MB", **SIZE},
        "maxRecipientEnvelopeLimit": {"default": 5000, "rules": [
            rule("self >= 1",
                 "is from 1 to 2147483647, which is unlimited: 0 would refuse every message")]},
        "externalPostmasterAddress": {"maxLength": 512, "rules": [
            rule('self == "" || self.matches("^[^@\\\\s<>]+@[^@\\\\s<>]+$")',
                 "is an address: local@domain")]},
        "externalDsnReportingAuthority": {"maxLength": 253, "rules": [
            rule(f'self == "" || self.matches({HOST_NAME})', "is a domain name")]},
        "externalDsnMaxMessageAttachSize": {"default": "10MB", **SIZE},
        "externalDelayDsnEnabled": {"default": True},
        "tlsSendDomainSecureList": {"maxItems": 10000},
        "tlsSendDomainSecureList[]": {"maxLength": 253, "rules": [
            rule(r'self.matches("^[A-Za-z0-9_.\\x{80}-\\x{10ffff}-]+$")',
                 "is one domain: Domain Security knows no wildcards")]},
    },
}
