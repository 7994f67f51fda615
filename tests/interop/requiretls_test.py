"""tests/interop/requiretls_test.py: REQUIRETLS from the client to the next hop, over a kill, a
relay and a front end; and TLS-Required: No, which lifts what a domain asks for. RFC 8689."""

import email
import email.policy
import ssl

from cases import Outbound, main, message
from dane_world import ROWS, DaneWorld
from harness import SITE, wait_until
from peers import NameServer
from services import MailboxTransport
from wire import KEYWORDS, WireClient, WireSink
from zoo import Zoo

SENDER = "alice@sender.test"
WITH, WITHOUT = [*KEYWORDS, "REQUIRETLS"], list(KEYWORDS)


class TlsClient(WireClient):
    """Raises TLS at once; the server is not proved, that is not what is looked at here."""

    def __init__(self, port):
        super().__init__(port)
        self.clear = self.hello()[1].split("\n")
        assert self.say("STARTTLS")[0] == 220
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.file.close()
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")
        self.secure = self.say("EHLO client.test")[1].split("\n")


class RequireTlsWorld(Outbound):
    """Two exchangers that prove their name: strict.test has REQUIRETLS, loose.test has not; mail to
    the sender goes anywhere."""

    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        zoo, self.sinks, mx, hosts = Zoo(self.lab), {}, {}, {}
        for number, (kind, keywords) in enumerate(
                (("strict", WITH), ("loose", WITHOUT), ("sender", WITHOUT)), 1):
            domain, address = f"{kind}.test", f"127.0.8.{number}"
            mx[domain], hosts[f"mx.{domain}"] = [(10, f"mx.{domain}")], address
            self.sinks[kind] = WireSink(self.port, address, keywords=keywords,
                                        tls=zoo.certificate("host-name", domain))
        self.names = self.started(NameServer(self.lab, mx=mx, hosts=hosts))
        cert, key = self.lab.certificate("smtp", ("DNS:localhost",))
        self.accepts = {"accept.certificate_file": str(cert), "accept.key_file": str(key)}
        self.looks_up = {"mx_port": self.port, "dns_servers": [self.names.address],
                         "tls_ca_file": str(self.lab.ca)}

    def opens(self, kind):
        return self.started(self.sinks[kind])

    def submits(self, server, recipient, options=" REQUIRETLS", fields=""):
        with TlsClient(server.smtp_port) as client:
            code, text = client.deliver(SENDER, [recipient], message(fields=fields), options)
            self.assertEqual(code, 250, text)

    def with_keyword(self, sink):
        """The next hop got it with REQUIRETLS, under TLS."""
        taken = sink.wait_for(1, 20)[0]
        self.assertEqual(len(sink.messages), 1)
        self.assertTrue(taken.tls)
        self.assertIn(" REQUIRETLS", taken.sender)
        return taken


class RequireTlsTest(RequireTlsWorld):
    def setUp(self):
        super().setUp()
        self.outbound(mailbox=self.accepts, **self.looks_up)
        self.connector()

    def test_it_is_offered_and_taken_under_tls_alone(self):
        with TlsClient(self.transport.smtp_port) as client:
            self.assertNotIn("REQUIRETLS", client.clear)
            self.assertIn("REQUIRETLS", client.secure)
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            code, text = client.say(f"MAIL FROM:<{SENDER}> REQUIRETLS")
            self.assertEqual(code // 100, 5, text)
        print(f"\n  {self.way()} MAIL with REQUIRETLS in clear: {code} {text}")

    def test_it_goes_on_where_the_next_hop_has_it(self):
        strict = self.opens("strict")
        self.submits(self.transport, "bob@strict.test")
        print(f"\n  {self.way()} {self.with_keyword(strict).sender}")

    def test_other_mail_goes_without_it(self):
        strict = self.opens("strict")
        self.submits(self.transport, "bob@strict.test", options="")
        self.assertNotIn("REQUIRETLS", strict.wait_for(1)[0].sender)

    def test_a_next_hop_without_it_returns_the_mail_with_5_7_30(self):
        loose, back = self.opens("loose"), self.opens("sender")
        self.submits(self.transport, "bob@loose.test")
        notice = back.wait_for(1, 20)[0]
        parsed = email.message_from_bytes(bytes(notice.data), policy=email.policy.default)
        report = parsed.get_payload(1).get_payload()[1]
        self.assertEqual(report["Status"], "5.7.30")
        self.assertEqual(parsed.get_payload(2).get_content_type(), "text/rfc822-headers")
        self.assertNotIn(b"hello", bytes(notice.data).split(b"rfc822-headers")[1])
        self.assertEqual(loose.messages, [])
        self.assertFalse([line for line in loose.commands if line.startswith("MAIL")])
        print(f"\n  {self.way()} returned: {report['Status']} {report['Diagnostic-Code']}")

    def test_it_is_kept_over_a_kill(self):
        self.submits(self.transport, "bob@strict.test")  # nobody listens there
        wait_until(lambda: self.transport.queued() == 1, 10, "the message to wait")
        self.transport.sigkill()
        self.transport.start()
        strict = self.opens("strict")
        print(f"\n  {self.way()} after kill -9: {self.with_keyword(strict).sender}")

    def way(self):
        return "proxied" if self.proxied else "direct"


class ProxiedRequireTlsTest(RequireTlsTest):
    proxied = True


class RelayedRequireTlsTest(RequireTlsWorld):
    """mailbox-transport-0 takes the mail, mailbox-transport-1 alone sends it."""

    def setUp(self):
        super().setUp()
        settings = {**{f"deliver.{name}": value for name, value in self.looks_up.items()},
                    **self.accepts, "queue.queue_glitch_retry_interval": "1s"}
        self.servers = [MailboxTransport(self.lab, settings, name=f"mailbox-transport-{number}")
                        for number in (0, 1)]
        self.lab.write_manifest("Site", SITE, {"comment": "two servers"})
        for server in self.servers:
            self.lab.write_manifest("TransportServer", server.name, {
                "site": SITE, "relayAddress": f"127.0.0.1:{server.admin_port}"})
        self.lab.connector("contoso", ["*.test"], sourceTransportServers=["mailbox-transport-1"])
        for server in self.servers:
            server.start()

    def test_a_relay_keeps_it(self):
        strict = self.opens("strict")
        self.submits(self.servers[0], "bob@strict.test")
        taken = self.with_keyword(strict)
        self.assertEqual(self.servers[1].metrics().total("postern_accept_relayed_total"), 1)
        print(f"\n  relayed {taken.sender}")

    def test_a_relay_and_kills_of_both_keep_it(self):
        self.servers[1].sigkill()
        self.submits(self.servers[0], "bob@strict.test")
        self.servers[0].sigkill()
        self.servers[0].start()
        self.servers[1].start()
        wait_until(lambda: self.servers[1].queued() == 1, 30, "the message at the second server")
        self.servers[1].sigkill()
        self.servers[1].start()
        strict = self.opens("strict")
        print(f"\n  relayed, both killed: {self.with_keyword(strict).sender}")

    def test_the_second_server_returns_what_the_next_hop_has_not(self):
        loose, back = self.opens("loose"), self.opens("sender")
        self.submits(self.servers[0], "bob@loose.test")
        self.assertIn(b"\r\nStatus: 5.7.30\r\n", bytes(back.wait_for(1, 20)[0].data))
        self.assertEqual(loose.messages, [])


class TlsOptionalTest(DaneWorld):
    """A domain whose TLSA records ask for TLS, and a host without it."""

    FIELD = "TLS-Required: No\r\n"

    def setUp(self):
        super().setUp()
        self.world({kind: ROWS[kind] for kind in ("clear", "ee-other")})

    def sends(self, kind, fields=""):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            code, text = client.deliver(SENDER, [f"bob@{self.domains[kind]}"],
                                        message(fields=fields))
            self.assertEqual(code, 250, text)

    def test_it_lifts_the_policy_of_the_domain(self):
        self.connector()
        self.sends("clear")
        lines = self.eventually(lambda: self.transport.log("queue", "next hop failed"), 20,
                                "the mail to wait")
        self.assertTrue(lines[0]["error"].startswith("454 4.7.4"), lines[0]["error"])
        for kind, tls in (("clear", False), ("ee-other", True)):
            sink = self.sinks[kind]
            self.assertEqual(sink.messages, [])
            self.sends(kind, self.FIELD)
            taken = self.first_without_policy(sink)
            self.assertEqual(taken.tls, tls)
            self.assertNotIn("REQUIRETLS", taken.sender)

    def first_without_policy(self, sink):
        taken = sink.wait_for(1, 20)[0]
        self.assertEqual(taken.header("TLS-Required"), "No")
        return taken

    def test_it_does_not_lift_the_connector(self):
        self.connector(requireTls=True)
        self.sends("clear", self.FIELD)
        lines = self.eventually(lambda: self.transport.log("queue", "next hop failed"), 20,
                                "the mail to wait")
        self.assertIn("tls is required: the peer does not offer starttls", lines[0]["error"])
        self.assertEqual(self.sinks["clear"].messages, [])


class ProxiedTlsOptionalTest(TlsOptionalTest):
    proxied = True


if __name__ == "__main__":
    main()
