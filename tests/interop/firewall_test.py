"""tests/interop/firewall_test.py: the header firewall, seen in the bytes that a sink received."""

from cases import Outbound, main, message
from peers import NameServer
from wire import WireSink

DOMAIN, HOST, OURS = "contoso.test", "mx.contoso.test", "out.sender.test"
ORGANIZATION, FOREST, ROUTING = "organization", "forest", "routing"
EVERYTHING = {ORGANIZATION, FOREST, ROUTING}
FIELDS = (
    (ORGANIZATION, "X-MS-Exchange-Organization-AuthAs: Internal\r\n"),
    (FOREST, "X-MS-Exchange-Forest-RulesExecuted: first\r\n second\r\n"),
    (None, "X-Other: stays\r\n"),
    (ROUTING, "Resent-From: <carol@sender.test>\r\n"),
    (ORGANIZATION, "X-MS-Exchange-Organization-SCL: -1\r\n"),
    (None, "X-MS-Has-Attach: yes\r\n"))

# Which groups of header fields a remote gets, by the type of the connector and by what the remote
# proved: section 2.1 of the facts about Exchange.
TABLE = {
    "Custom": {"anonymous": set(), "domain-secured": set(), "exchange": set(), "secured": set()},
    "Internal": {"anonymous": set(), "domain-secured": set(), "exchange": EVERYTHING,
                 "secured": EVERYTHING},
    "Internet": {"anonymous": {ROUTING}, "domain-secured": set(), "exchange": set(),
                 "secured": set()},
    "Partner": {"anonymous": set(), "domain-secured": {ROUTING}, "exchange": set(),
                "secured": set()},
}

# How a connector meets such a remote. What its type presets otherwise is said here.
BY_MX = {"tlsAuthLevel": "None", "requireTls": False}
REMOTES = {
    "anonymous": BY_MX,
    "domain-secured": {**BY_MX, "domainSecureEnabled": True, "spaces": (DOMAIN,), "fqdn": OURS},
    "exchange": {"dnsRoutingEnabled": False, "smartHosts": [HOST], "fqdn": OURS, **BY_MX,
                 "smartHostAuthMechanism": "ExchangeServer"},
    "secured": {"dnsRoutingEnabled": False, "smartHosts": [HOST], **BY_MX,
                "smartHostAuthMechanism": "ExternalAuthoritative"},
}


def letter(of=EVERYTHING, body="hello\r\n"):
    """The message with the header fields of these groups."""
    fields = "".join(text for group, text in FIELDS if group is None or group in of)
    return message(fields=fields, body=body)


def groups(taken, body="hello\r\n"):
    """The groups of which the sink received fields. All else must be as it was submitted, byte by
    byte, behind what was stamped: perhaps Received, then Date and Message-ID."""
    data = bytes(taken.data)
    head = data.split(b"\r\n\r\n", 1)[0]
    out = {group for group, text in FIELDS if group and text.split(":")[0].encode() in head}
    if b"Received:" in head:
        out.add(ROUTING)
    stamped, whole, rest = data.partition(letter(out, body))
    assert whole and not rest, f"{out}:\n{data[:2000]}"
    names = [line.split(":")[0] for line in stamped.decode().splitlines() if line[0] not in " \t"]
    assert names == [*(["Received"] if ROUTING in out else []), "Date", "Message-ID"], names
    return out


class FirewallTest(Outbound):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        tls = self.lab.certificate(HOST, (f"DNS:{HOST}", f"DNS:{DOMAIN}"))
        self.sink = self.started(WireSink(self.port, "127.0.4.1", tls=tls, client_ca=self.lab.ca,
                                          keywords=self.keywords))
        dns = self.started(NameServer(self.lab, mx={DOMAIN: [(10, HOST)]},
                                      hosts={HOST: "127.0.4.1"}))
        relay = self.lab.free_port()
        trusted = f"name=trusted address=127.0.0.1:{relay} tls=auto headers=organization,forest"
        # Every one of its certificates is shown: what a remote proves does not depend on ours.
        self.outbound(mx_port=self.port, dns_servers=[dns.address], tls_ca_file=self.lab.ca,
                      certificates_path=self.lab.shown_certificate(OURS), listeners=[trusted])
        self.transport.smtp_port = relay
        self.lab.write_manifest("TransportConfig", "transport-config",
                                {"tlsSendDomainSecureList": [DOMAIN]})

    keywords = ("PIPELINING", "8BITMIME", "SIZE 500000000")

    def received(self, usage, remote, body="hello\r\n", **spec):
        # A new connector each time: a type cannot be changed.
        how = {"fqdn": OURS, "port": self.port, **REMOTES[remote], **spec}
        self.connector(usage=usage, **how)
        return self.arrives(self.sink, f"bob@{DOMAIN}", letter(body=body))

    # proves: Usage, Permissions, SmartHostAuthMechanism
    def test_the_bytes_at_the_sink_are_those_of_the_table(self):
        way = "proxied" if self.proxied else "direct"
        print(f"\n  {way:<10} {'remote proved':<16} {'sink received':<32} table")
        wrong = []
        for usage, row in TABLE.items():
            for remote, expected in row.items():
                if self.proxied and remote == "domain-secured":
                    continue  # the rules of a connector exclude it
                got = groups(self.received(usage, remote))
                shown = [", ".join(sorted(one)) or "-" for one in (got, expected)]
                print(f"  {usage:<10} {remote:<16} {shown[0]:<32} {shown[1]}")
                if got != expected:
                    wrong.append((usage, remote, got, expected))
        self.assertEqual(wrong, [])

    # proves: Permissions
    def test_permissions_of_ones_own_take_the_place_of_the_types(self):
        rights = {"Organization": ORGANIZATION, "Forest": FOREST, "Routing": ROUTING}
        for word, group in rights.items():
            grants = [{"user": "AnonymousLogon",
                       "extendedRights": [f"ms-Exch-Send-Headers-{word}"]}]
            self.assertEqual(groups(self.received("Custom", "anonymous",
                                                  permissions={"grants": grants})), {group})
        denied = [{"user": "AnonymousLogon", "extendedRights": ["ms-Exch-Send-Headers-Routing"]},
                  {"user": "AnonymousLogon", "deny": True,
                   "extendedRights": ["ms-Exch-Send-Headers-Routing"]}]
        self.assertEqual(groups(self.received("Internet", "anonymous",
                                              permissions={"grants": denied})), set())

    # proves: CloudServicesMailEnabled
    def test_cloud_services_mail_promotes_organization_fields(self):
        taken = self.received("Custom", "anonymous", cloudServicesMailEnabled=True)
        self.assertEqual(taken.header("X-MS-Exchange-CrossPremises-AuthAs"), "Internal")
        self.assertEqual(taken.header("X-MS-Exchange-CrossPremises-SCL"), "-1")
        self.assertNotIn(b"X-MS-Exchange-Organization", taken.data)
        taken = self.received("Internal", "secured", cloudServicesMailEnabled=False)
        self.assertNotIn(b"CrossPremises", taken.data)
        self.assertEqual(groups(taken), EVERYTHING)

    def test_a_large_message_is_filtered_in_passing(self):
        body = "".join(f".line {number}\r\n" for number in range(60000))
        taken = self.received("Custom", "anonymous", body=body)
        self.assertEqual(groups(taken, body), set())
        declared = int(taken.sender.split("SIZE=")[1].split(" ")[0])
        self.assertEqual(declared, len(taken.data))

    def test_a_submitter_cannot_forge_what_servers_tell_one_another(self):
        self.transport.sigterm()
        self.transport.settings["accept.listeners"] = [
            f"name=relay address=127.0.0.1:{self.transport.smtp_port} tls=auto auth=none"]
        self.transport.start()
        head = bytes(self.received("Internal", "secured").data).split(b"\r\n\r\n")[0]
        self.assertNotIn(b"X-MS-Exchange", head)
        self.assertIn(b"Received: from client.test", head)


class ChunkedFirewallTest(FirewallTest):
    """The same where the content goes by BDAT: its length must be that of what is sent."""

    keywords = ("PIPELINING", "8BITMIME", "CHUNKING", "SIZE 500000000")


class ProxiedFirewallTest(FirewallTest):
    proxied = True


if __name__ == "__main__":
    main()
