"""tests/interop/tls_test.py: what a remote's certificate must prove, against a zoo of them."""

from cases import Outbound, main, send
from peers import AioSink, NameServer
from services import Shell
from wire import WireSink
from zoo import Zoo

REFUSED = "454 4.7.5"


class TlsWorld(Outbound):
    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.zoo = Zoo(self.lab)
        self.sinks = {}

    def world(self, kinds, client_ca=None, **settings):
        """A domain <kind>.test for each kind of certificate, with a server that shows it."""
        mx, hosts = {}, {}
        for number, kind in enumerate(kinds, 1):
            domain, address = f"{kind}.test", f"127.0.4.{number}"
            mx[domain], hosts[f"mx.{domain}"] = [(10, f"mx.{domain}")], address
            tls = self.zoo.certificate(kind, domain) if kind in Zoo.KINDS else None
            self.sinks[kind] = self.started(WireSink(
                self.port, address, tls=tls, client_ca=client_ca if tls else None))
        names = self.started(NameServer(self.lab, mx=mx, hosts=hosts))
        self.outbound(mx_port=self.port, dns_servers=[names.address],
                      tls_ca_file=self.lab.ca, **settings)

    def verdicts(self):
        domains = {kind: f"{kind}.test" for kind in self.sinks}
        return self.verdicts_of(domains, self.sinks, 30)

    def check(self, taken, words, **spec):
        """`taken` are the kinds that get the mail; `words` what is said of others."""
        self.connector(**spec)
        verdicts = self.verdicts()
        print(f"\n  {self._testMethodName}{' (proxied)' if self.proxied else ''}")
        for kind, verdict in verdicts.items():
            print(f"    {kind:<12} {verdict[:110]}")
        self.assertEqual({kind for kind, said in verdicts.items() if said == "taken"}, set(taken))
        for kind, word in words.items():
            self.assertIn(word, verdicts[kind])
        for kind, said in verdicts.items():
            if said != "taken":
                self.assertTrue(said.startswith("454 4.7."), said)
                self.assertEqual(len(self.sinks[kind].messages), 0)


class TlsTest(TlsWorld):
    # proves: TlsAuthLevel, RequireTLS
    def test_encryption_only_takes_every_certificate_and_no_clear_text(self):
        self.world([*Zoo.KINDS, "clear"])
        self.check(Zoo.KINDS, {"clear": "454 4.7.4 mx.clear.test: tls is required: the peer does "
                                        "not offer starttls"},
                   requireTls=True, tlsAuthLevel="EncryptionOnly")
        self.assertTrue(all(sink.messages[0].tls for kind, sink in self.sinks.items()
                            if kind != "clear"))

    # proves: TlsAuthLevel
    def test_certificate_validation_takes_a_chain_whatever_the_name(self):
        self.world([*Zoo.KINDS, "clear"])
        self.check(["good", "wildcard", "san-only", "cn-only", "wrong-name", "host-name"],
                   {"expired": REFUSED + " mx.expired.test: certificate validation failure: "
                                         "certificate has expired",
                    "self-signed": "self-signed certificate",
                    "wrong-ca": "unable to get local issuer certificate",
                    "clear": "does not offer starttls"},
                   requireTls=True, tlsAuthLevel="CertificateValidation")

    # proves: TlsAuthLevel
    def test_domain_validation_wants_the_recipients_domain(self):
        self.world([*Zoo.KINDS, "clear"])
        self.check(["good", "san-only", "cn-only"],
                   {"wrong-name": "hostname mismatch; looked for wrong-name.test, the certificate "
                                  "is for other.test",
                    "wildcard": "the certificate is for *.wildcard.test",
                    "host-name": "looked for host-name.test",
                    "expired": "certificate has expired", "self-signed": "self-signed certificate",
                    "wrong-ca": "unable to get local issuer"},
                   requireTls=True, tlsAuthLevel="DomainValidation")

    # proves: TlsDomain
    def test_tls_domain_with_a_star_is_the_domain_and_all_below(self):
        self.world(["wildcard", "wrong-name", "good"])
        self.check(["wildcard"], {"good": "looked for *.wildcard.test"}, requireTls=True,
                   tlsAuthLevel="DomainValidation", tlsDomain="*.wildcard.test")

    # proves: TlsDomain
    def test_tls_domain_is_checked_of_a_smart_host(self):
        self.world(["host-name", "good"])
        spec = {"requireTls": True, "tlsAuthLevel": "DomainValidation", "dnsRoutingEnabled": False,
                "smartHosts": ["mx.host-name.test"], "port": self.port}
        self.connector(**spec, tlsDomain="mx.host-name.test")
        send(self.transport, "bob@a.test")
        self.sinks["host-name"].wait_for(1)
        self.connector(**spec, tlsDomain="host-name.test")
        self.assertIn("looked for host-name.test, the certificate is for mx.host-name.test",
                      self.waits(self.transport, "bob@b.test"))

    # proves: Usage
    def test_a_partner_connector_wants_the_partners_certificate(self):
        self.world(["good", "wrong-name", "clear"])
        self.check(["good"], {"wrong-name": "looked for wrong-name.test",
                              "clear": "does not offer starttls"}, usage="Partner")

    # proves: Usage, SmartHostAuthMechanism
    def test_an_internal_connector_authenticates_as_exchange_servers_do(self):
        folder = self.lab.shown_certificate("out.sender.test")
        self.world(["host-name", "good"], client_ca=self.lab.ca, certificates_path=folder)
        spec = {"usage": "Internal", "dnsRoutingEnabled": False, "port": self.port,
                "smartHosts": ["mx.host-name.test"]}
        self.connector(**spec, fqdn="out.sender.test")
        taken = self.arrives(self.sinks["host-name"], "bob@a.test")
        self.assertEqual((taken.tls, taken.subject["commonName"]), (True, "out.sender.test"))
        self.connector(**spec, fqdn="other.sender.test")
        self.assertIn("mutual TLS needs a certificate of ours: there is none for other.sender.test",
                      self.waits(self.transport, "bob@b.test"))

    # proves: IgnoreSTARTTLS
    def test_ignore_starttls_stays_in_clear_where_tls_is_offered(self):
        self.world(["good"])
        self.connector(ignoreStartTls=True)
        send(self.transport, "bob@good.test")
        self.assertFalse(self.sinks["good"].wait_for(1)[0].tls)
        self.assertNotIn("STARTTLS", self.sinks["good"].commands)
        self.connector(ignoreStartTls=False)
        send(self.transport, "bob@good.test")
        self.assertTrue(self.sinks["good"].wait_for(2)[1].tls)

    # proves: RequireTLS
    def test_require_tls_keeps_the_mail_and_says_why(self):
        self.world(["clear"])
        self.connector(requireTls=True)
        said = self.waits(self.transport, "bob@clear.test")
        self.assertIn("tls is required: the peer does not offer starttls", said)
        queue = Shell(self.lab, self.transport).run("Get-Queue").stdout
        self.assertIn("Retry", queue)
        self.assertEqual(self.sinks["clear"].messages, [])
        self.connector(requireTls=False)
        self.sinks["clear"].wait_for(1, 20)

    # proves: TlsCertificateName
    def test_the_certificate_that_is_named_is_shown(self):
        folder = self.lab.shown_certificate("out.sender.test")
        self.lab.shown_certificate("frontend-transport-0")
        self.world(["good"], client_ca=self.lab.ca, certificates_path=folder)
        name = "<I>CN=Postern test authority<S>CN="
        self.connector(tlsCertificateName=name + "out.sender.test")
        taken = self.arrives(self.sinks["good"], "bob@good.test")
        self.assertEqual(taken.subject["commonName"], "out.sender.test")
        self.connector(tlsCertificateName=name + "gone.sender.test")
        self.assertTrue(self.waits(self.transport, "bob@good.test").startswith(
            "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could "
            "not be found"))
        # It comes later; the mail leaves without a restart.
        self.lab.shown_certificate("gone.sender.test")
        late = self.sinks["good"].wait_for(2, 25)[1]
        self.assertEqual(late.subject["commonName"], "gone.sender.test")

    # proves: Fqdn
    def test_without_a_name_the_fqdn_chooses_the_certificate(self):
        folder = self.lab.shown_certificate("out.sender.test")
        self.world(["good"], client_ca=self.lab.ca, certificates_path=folder)
        self.connector(fqdn="out.sender.test")
        taken = self.arrives(self.sinks["good"], "bob@good.test")
        self.assertEqual((taken.helo, taken.subject["commonName"]), ("out.sender.test",) * 2)

    def test_expiry_of_what_we_show_is_a_gauge(self):
        folder = self.lab.shown_certificate("out.sender.test")
        self.world(["good"], certificates_path=folder)
        step = "egress" if self.proxied else "deliver"
        ends = self.speaker.metrics().total(f"postern_{step}_certificate_expires_seconds",
                                            certificate="out.sender.test")
        self.assertGreater(ends, 1.7e9)


class ProxiedTlsTest(TlsTest):
    proxied = True


class DomainSecurityTest(TlsWorld):
    """Mutual TLS ends at the server that has the mail, so there is no proxied way."""

    def listed(self, *domains):
        self.lab.write_manifest("TransportConfig", "transport-config",
                                {"tlsSendDomainSecureList": list(domains)})

    # proves: DomainSecureEnabled
    def test_domains_of_the_list_get_mail_over_mutual_tls_only(self):
        folder = self.lab.shown_certificate("out.sender.test")
        self.world(["good", "wrong-name", "self-signed"], client_ca=self.lab.ca,
                   certificates_path=folder)
        self.listed("good.test", "wrong-name.test")
        self.check(["good", "self-signed"], {"wrong-name": "looked for wrong-name.test"},
                   spaces=("good.test", "*.test"), domainSecureEnabled=True, fqdn="out.sender.test")
        self.assertEqual(self.sinks["good"].messages[0].subject["commonName"], "out.sender.test")

    # proves: DomainSecureEnabled
    def test_without_a_certificate_of_ours_the_mail_waits(self):
        self.world(["good"], client_ca=self.lab.ca)
        self.listed("good.test")
        self.connector(spaces=("good.test",), domainSecureEnabled=True, fqdn="out.sender.test")
        self.assertIn("454 4.7.5 mutual TLS needs a certificate of ours: there is none for "
                      "out.sender.test", self.waits(self.transport, "bob@good.test"))


class OpportunisticTest(Outbound):
    def test_a_bad_certificate_is_no_reason_for_clear_text(self):
        zoo = Zoo(self.lab)
        sink = self.started(AioSink(self.lab.free_port(), require_tls=True,
                                    tls=zoo.certificate("expired", "contoso.test")))
        self.outbound()
        self.to_host(sink.port)
        send(self.transport, "bob@contoso.test")
        self.assertTrue(sink.wait_for(1)[0].tls)


if __name__ == "__main__":
    main()
