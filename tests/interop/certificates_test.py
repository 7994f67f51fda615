"""tests/interop/certificates_test.py: every bad certificate against every level of a connector."""

import ssl

from cases import Outbound, main, send
from peers import NameServer
from wire import WireSink
from zoo import Zoo

LEVELS = {
    "opportunistic": {},
    "require": {"requireTls": True},
    "chain": {"requireTls": True, "tlsAuthLevel": "CertificateValidation"},
    "domain": {"requireTls": True, "tlsAuthLevel": "DomainValidation"},
    "known": {"requireTls": True, "tlsAuthLevel": "CertificateValidation",
              "revocationSoftFail": False},
}
TAKEN = "taken over TLS"
CLEAR = "taken in clear"

UNKNOWN = "revocation not known"
# What becomes of the mail at each level, or the words with which it waits. The authority of all but
# "wrong-ca" has a list of what it revoked; "between" and "rsa", which it vouches for, have none.
EXPECTED = {
    "good": (TAKEN, TAKEN, TAKEN, TAKEN, TAKEN),
    "wrong-name": (TAKEN, TAKEN, TAKEN, "hostname mismatch", TAKEN),
    "expired": (TAKEN, TAKEN, *["certificate has expired"] * 3),
    "not-yet": (TAKEN, TAKEN, *["certificate is not yet valid"] * 3),
    "self-signed": (TAKEN, TAKEN, *["self-signed certificate"] * 3),
    "wrong-ca": (TAKEN, TAKEN, *["unable to get local issuer certificate"] * 3),
    "client-only": (TAKEN, TAKEN, *["unsuitable certificate purpose"] * 3),
    "weak-key": (TAKEN, TAKEN, *["ee certificate key too weak"] * 3),
    "md5": (TAKEN, TAKEN, *["ca signature digest algorithm too weak"] * 3),
    "sha1": (TAKEN, TAKEN, *["ca signature digest algorithm too weak"] * 3),
    "intermediate": (TAKEN, TAKEN, TAKEN, TAKEN, UNKNOWN),
    "no-intermediate": (TAKEN, TAKEN, *["unable to get local issuer certificate"] * 3),
    "revoked": (TAKEN, TAKEN, *["certificate revoked"] * 3),
    "clear": (CLEAR, *["does not offer starttls"] * 4),
}


class CertificatesTest(Outbound):
    def setUp(self):
        super().setUp()
        zoo, port = Zoo(self.lab), self.lab.free_port()
        self.sinks, shown, mx, hosts = {}, {}, {}, {}
        for number, kind in enumerate(EXPECTED, 1):
            domains = [self.domain(kind, level) for level in LEVELS]
            hosts[f"mx.{kind}.test"] = f"127.0.5.{number}"
            mx.update({domain: [(10, f"mx.{kind}.test")] for domain in domains})
            sink = self.started(WireSink(port, f"127.0.5.{number}"))
            if kind != "clear":
                sink.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                sink.tls.set_ciphers("DEFAULT:@SECLEVEL=0")  # it shows weak keys too
                shown[kind] = zoo.certificate(kind, *domains)
                sink.tls.load_cert_chain(*map(str, shown[kind]))
            self.sinks[kind] = sink
        names = self.started(NameServer(self.lab, mx=mx, hosts=hosts))
        self.outbound(mx_port=port, dns_servers=[names.address], tls_ca_file=self.lab.ca,
                      speaker={"security.crl_file": str(zoo.revoke(shown["revoked"][0]))})

    def domain(self, kind, level):
        return f"{kind}-{level}.test"

    # proves: RevocationSoftFail
    def test_each_certificate_has_its_verdict_at_each_level(self):
        for level, spec in LEVELS.items():
            self.connector(level, [self.domain(kind, level) for kind in EXPECTED], **spec)
        pairs = [(kind, level) for kind in EXPECTED for level in LEVELS]
        for kind, level in pairs:
            send(self.transport, f"bob@{self.domain(kind, level)}")
        self.eventually(lambda: len(self.tried()) == len(pairs), 30, "a try of each")
        wrong = []
        print()
        for kind, expected in EXPECTED.items():
            got = [self.verdict(kind, level) for level in LEVELS]
            why = {want for want in expected if want not in (TAKEN, CLEAR)}
            print(f"  {'proxied' if self.proxied else 'direct'} {kind:<16}" + "; ".join(
                said if said in (TAKEN, CLEAR) else "waits" for said in got)
                + "".join(f": {words}" for words in why), flush=True)
            wrong += [f"{kind}, {level}: expected {want}, got {said}"
                      for level, want, said in zip(LEVELS, expected, got)
                      if not (said == want or (want not in (TAKEN, CLEAR) and want in said
                                               and "454 4.7." in said))]
        self.assertEqual(wrong, [])

    def tried(self):
        """The first line about each domain."""
        lines = {}
        for line in self.transport.log("deliver"):
            if "next_hop" in line:
                lines.setdefault(line["next_hop"], line)
        return lines

    def verdict(self, kind, level):
        domain = self.domain(kind, level)
        taken = [one for one in self.sinks[kind].messages if domain in one.recipients[0]]
        if taken:
            return TAKEN if taken[0].tls else CLEAR
        failed = [line["error"] for line in self.transport.log("queue", "next hop failed")
                  if line["next_hop"] == domain]
        return failed[0] if failed else self.tried()[domain]["result"]


class ProxiedCertificatesTest(CertificatesTest):
    proxied = True


if __name__ == "__main__":
    main()
