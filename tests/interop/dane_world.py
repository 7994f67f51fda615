"""tests/interop/dane_world.py

DaneWorld: zones that Knot signs and Unbound validates, and servers whose certificates fit the TLSA
records in them or do not.

Flow      class DaneTest(DaneWorld): self.world(ROWS); self.connector(); self.verdicts_of(...)
Limits    Up to 250 rows; each has an address of its own.
See       dane_test.py, posttls_test.py
"""

from cases import Outbound
from dnssec import SignedZones
from wire import WireSink
from zoo import Zoo

# kind: (certificate of the server, records as (usage, selector, matching, whose), zone, verdict)
ROWS = {
    "ee-key": ("self-signed", [(3, 1, 1, "own")], "example.test", "taken"),
    "ee-certificate": ("self-signed", [(3, 0, 2, "own")], "example.test", "taken"),
    "ee-expired": ("expired", [(3, 1, 1, "own")], "example.test", "taken"),
    "ee-name": ("wrong-name", [(3, 1, 1, "own")], "example.test", "taken"),
    "ee-rollover": ("self-signed", [(3, 1, 1, "other"), (3, 1, 1, "own")], "example.test", "taken"),
    "ee-other": ("good", [(3, 1, 1, "other")], "example.test", "454 4.7.5"),
    "ta-good": ("host-name", [(2, 0, 0, "authority")], "example.test", "taken"),
    "ta-name": ("wrong-name", [(2, 0, 0, "authority")], "example.test", "454 4.7.5"),
    "ta-other": ("self-signed", [(2, 0, 0, "authority")], "example.test", "454 4.7.5"),
    "unusable": ("self-signed", [(1, 1, 1, "other")], "example.test", "taken"),
    "unusable-clear": (None, [(1, 1, 1, "other")], "example.test", "454 4.7.4"),
    "clear": (None, [(3, 1, 1, "other")], "example.test", "454 4.7.4"),
    "no-records": ("self-signed", [], "example.test", "taken"),
    "no-records-clear": (None, [], "example.test", "taken"),
    "not-signed": ("good", [(3, 1, 1, "other")], "plain.test", "taken"),
    "bogus": ("good", "alias", "example.test", "451 4.4.0"),
}


class DaneWorld(Outbound):
    mx_port = resolver_port = None  # free ones

    def world(self, rows, **settings):
        self.port = self.mx_port or self.lab.free_port()
        zoo, self.sinks, self.domains = Zoo(self.lab), {}, {}
        zones = SignedZones(self.lab, port=self.resolver_port)
        other = zoo.certificate("self-signed", "other.example.test")[0]
        for number, (kind, (shown, records, zone, _)) in enumerate(rows.items(), 1):
            domain, address = f"{kind}.{zone}", f"127.0.6.{number}"
            host = f"mx.{domain}"
            self.domains[kind] = domain
            tls = zoo.certificate(shown, domain) if shown else None
            self.sinks[kind] = self.started(WireSink(self.port, address, tls=tls))
            zones.mx(domain, (10, host))
            zones.a(host, address)
            if records == "alias":
                zones.cname(f"_{self.port}._tcp.{host}", f"{kind}.bogus.test")
                zones.add(f"{kind}.bogus.test", "TLSA", "3 1 1 " + "00" * 32)
                continue
            whose = {"own": tls and tls[0], "other": other, "authority": self.lab.ca}
            for usage, selector, matching, name in records:
                zones.tlsa_of(host, whose[name], usage, selector, matching, self.port)
        self.started(zones)
        self.outbound(mx_port=self.port, dns_servers=[zones.address], tls_ca_file=self.lab.ca,
                      **settings)
