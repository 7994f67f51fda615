"""tests/interop/dns_test.py: how the name servers are asked, as the dns.* settings say."""

from cases import Case, Outbound, main, message, send
from peers import NameServer, TcpOnlyNameServer
from wire import WireClient, WireSink

SENDER = "alice@sender.test"
HOST = "127.0.0.31"


class DnsTest(Case):
    """One name server that answers by TCP only, one exchanger behind it."""

    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        zone = self.started(NameServer(self.lab, {"contoso.test": [(10, "mx.contoso.test")]},
                                       {"mx.contoso.test": HOST}))
        self.names = self.started(TcpOnlyNameServer(self.lab, zone.port))
        self.sink = self.started(WireSink(self.port, HOST))
        self.lab.site()

    def start(self, external=False, **settings):
        self.lab.connector("internet", ["*"], useExternalDnsServersEnabled=external)
        self.transport = self.mailbox({
            "deliver.mx_port": self.port, "deliver.dns_servers": [self.names.address],
            "dns.server_timeout": "300ms", "dns.query_timeout": "2s",
            **{f"dns.{name}": value for name, value in settings.items()}})
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            code, text = client.deliver(SENDER, ["bob@contoso.test"], message())
            self.assertEqual(code, 250, text)

    def test_use_tcp_only_reaches_a_server_that_answers_by_tcp_only(self):
        self.start(protocol="UseTcpOnly")
        self.sink.wait_for(1, 10)
        self.assertEqual(self.names.datagrams, 0)

    def test_the_external_resolver_has_a_protocol_of_its_own(self):
        self.start(external=True, protocol="UseUdpOnly", external_protocol="UseTcpOnly")
        self.sink.wait_for(1, 10)
        self.assertEqual(self.names.datagrams, 0)

    def test_without_it_the_mail_waits_and_says_that_nobody_answered(self):
        self.start(protocol="UseUdpOnly")
        lines = self.eventually(lambda: self.transport.log("queue", "next hop failed"), 10,
                                "the failure of the next hop")
        self.assertIn("no answer", lines[0]["error"])
        self.assertGreater(self.names.datagrams, 0)
        self.assertEqual(self.transport.queued(), 1)
        self.assertEqual(len(self.sink.messages), 0)


class DistrustTest(Outbound):
    """Whether it is said at the start that DANE is off; no name server is asked at all."""

    REMOTE = "192.0.2.53"

    def said(self, *servers, **settings):
        step = "egress" if self.proxied else "deliver"
        self.outbound(dns_servers=list(servers), speaker=settings)
        self.eventually(lambda: self.speaker.log(msg="ready"), 10, "the line that it is ready")
        lines = self.speaker.log(step, "DANE is off")
        self.assertTrue(all(line["level"] == "warning" for line in lines))
        return [line["why"] for line in lines]

    def test_auto_and_a_server_elsewhere_is_said_once_with_what_to_set(self):
        why, = self.said("127.0.0.1", self.REMOTE)
        step = "egress" if self.proxied else "deliver"
        self.assertIn(f"dns.trust_ad: auto does not believe the name server {self.REMOTE}", why)
        self.assertIn(f" of {step}.dns_servers, which is not on this machine", why)
        self.assertIn("dns.trust_ad_remote to true", why)

    def test_both_resolvers_are_in_one_line(self):
        why, = self.said(self.REMOTE, **{"dns.external_protocol": "UseTcpOnly"})
        self.assertIn("; dns.external_trust_ad: auto does not believe", why)

    def test_nothing_is_said_of_a_server_on_this_machine(self):
        self.assertEqual(self.said("127.0.0.1"), [])

    def test_nothing_is_said_of_no(self):
        self.assertEqual(self.said(self.REMOTE, **{
            "dns.trust_ad": "no", "dns.external_trust_ad": "no"}), [])

    def test_nothing_is_said_without_dane(self):
        self.assertEqual(self.said(self.REMOTE, **{"security.dane": False}), [])


class ProxiedDistrustTest(DistrustTest):
    proxied = True


class FamilyTest(Outbound):
    """dns.address_families: a host with an address of each family, both of which take mail."""

    AT = {"ipv4": HOST, "ipv6": "::1"}

    def sent_with(self, words):
        port = self.lab.free_port()
        names = self.started(NameServer(self.lab, {"contoso.test": [(10, "mx.contoso.test")]},
                                        {"mx.contoso.test": ",".join(self.AT.values())}))
        sinks = {family: self.started(WireSink(port, at)) for family, at in self.AT.items()}
        self.outbound(mx_port=port, dns_servers=[names.address],
                      speaker={"dns.address_families": words})
        self.connector("internet", ["*"])
        send(self.transport, "bob@contoso.test")
        self.eventually(lambda: any(sink.messages for sink in sinks.values()), 10, "the message")
        came, = [family for family, sink in sinks.items() if sink.messages]
        return came, {kind for kind in ("A", "AAAA") if names.queries(kind, "mx.contoso.test")}

    def test_any_asks_for_both_and_begins_with_ipv6(self):
        self.assertEqual(self.sent_with("any"), ("ipv6", {"A", "AAAA"}))

    def test_ipv4_leaves_ipv6_alone(self):
        self.assertEqual(self.sent_with("ipv4"), ("ipv4", {"A"}))

    def test_ipv6_leaves_ipv4_alone(self):
        self.assertEqual(self.sent_with("ipv6"), ("ipv6", {"AAAA"}))


class ProxiedFamilyTest(FamilyTest):
    proxied = True


if __name__ == "__main__":
    main()
