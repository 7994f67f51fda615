"""tests/interop/servers_test.py: real servers take our mail: Postfix, Exim, OpenSMTPD, aiosmtpd.

One run of all servers serves every test: each sends to every server at once.
"""

import hashlib

from cases import Outbound, main, message
from real_servers import started_servers
from wire import WireClient, WireSink

SENDER = "alice@sender.test"
UTF8 = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" \
       "Content-Transfer-Encoding: 8bit\r\n"


def shortened(body):
    """Enough of a body to compare it; servers differ in the line ends after the last line."""
    text = body.replace(b"\r\n", b"\n").rstrip(b"\n")
    return text[:100], len(text), hashlib.sha256(text).hexdigest()


class ServersTest(Outbound):
    def setUp(self):
        super().setUp()
        self.servers = started_servers(self)
        self.back = self.started(WireSink(self.lab.free_port()))
        self.logs = self.lab.path / "protocol"
        self.outbound(log=self.logs)
        for server in self.servers:
            for name, spec in (("clear", {"ignoreStartTls": True}), ("tls", {"requireTls": True})):
                self.connector(f"{server.name}-{name}", [f"{name}.{server.domain}"],
                               dnsRoutingEnabled=False, smartHosts=["[127.0.0.1]"],
                               port=server.port, protocolLoggingLevel="Verbose", **spec)
        self.connector("back", ["sender.test"], dnsRoutingEnabled=False,
                       smartHosts=["[127.0.0.1]"], port=self.back.port)

    def test_every_server_takes_every_kind_of_mail(self):
        for check in (self.plain_text, self.starttls, self.one_of_several_is_refused,
                      self.eight_bits, self.success_is_wanted, self.many_on_one_session,
                      self.five_megabytes):
            check()
        print()
        for server in self.servers:
            letters = server.letters()
            words = self.keywords(server)
            print(f"  {'proxied' if self.proxied else 'direct'} {server.name}: {len(letters)} "
                  f"messages; it offers {words}", flush=True)
        self.assertGreaterEqual(len(self.servers), 1)
        self.transport.wait_empty()
        self.assertEqual(self.transport.ambiguous(), 0)

    def send(self, server, subject, body="hello\r\n", way="clear", users=("bob",), fields="",
             mail="", rcpt="", count=1):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            for _ in range(count):
                self.assertEqual(client.say(f"MAIL FROM:<{SENDER}>{mail}")[0], 250)
                for user in users:
                    address = f"{user}@{way}.{server.domain}"
                    self.assertEqual(client.say(f"RCPT TO:<{address}>{rcpt}")[0], 250)
                client.say("DATA")
                content = message(subject, body, SENDER, "bob@x.test", fields)
                client.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
                self.assertEqual(client.reply()[0], 250)

    def arrives(self, subject, body="hello\r\n", count=1, way="clear", users=("bob",), **more):
        """Sends to every server; the body must arrive as it is."""
        encrypted = way == "tls"
        servers = [one for one in self.servers if one.takes_tls or not encrypted]
        for server in servers:
            self.send(server, subject, body, way, users, count=count, **more)
        taken = [user for user in users if user != "nobody"]
        for server in servers:
            with self.subTest(f"{subject} at {server.name}"):
                copies = count * (len(taken) if server.copies else 1)
                found = server.wait_for(subject, copies)
                self.assertEqual(len(found), copies)
                for head, got in found:
                    self.assertEqual(shortened(got), shortened(body.encode()))
                    self.assertEqual(server.encrypted(head), encrypted, head)

    def plain_text(self):
        self.arrives("plain", ".a dot\r\n..two\r\n.\r\n" + "x" * 900 + "\r\n")

    def starttls(self):
        self.arrives("starttls", way="tls")

    def one_of_several_is_refused(self):
        before = len(self.back.messages)
        self.arrives("several", users=("bob", "nobody", "carol"))
        self.back.wait_for(before + len(self.servers))
        for notice in self.back.messages[before:]:
            report = bytes(notice.data)
            self.assertEqual(report.count(b"Final-Recipient:"), 1)
            self.assertRegex(report, rb"Final-Recipient: rfc822; ?nobody@")
            self.assertIn(b"Action: failed", report)

    def eight_bits(self):
        self.arrives("eight bits", "gr\u00fc\u00dfe \u20ac\r\n", fields=UTF8, mail=" BODY=8BITMIME")

    def success_is_wanted(self):
        """A server that knows DSN is told, and reports itself; we do not report "relayed"."""
        made = self.transport.metrics().total("postern_settle_dsn_total")
        self.arrives("success", rcpt=" NOTIFY=SUCCESS ORCPT=rfc822;bob@x.test",
                     mail=" RET=HDRS ENVID=e1")
        without = sum("DSN" not in self.keywords(server) for server in self.servers)
        self.eventually(lambda: self.transport.metrics().total("postern_settle_dsn_total")
                        == made + without, 10, f"{without} notices")

    def many_on_one_session(self):
        self.arrives("many", count=15)

    def five_megabytes(self):
        self.arrives("large", ("y" * 75 + "\r\n") * 68000, way="tls")

    def keywords(self, server):
        with WireClient(server.port) as client:
            return client.hello()[1].split("\n")[1:]


class ProxiedServersTest(ServersTest):
    proxied = True


if __name__ == "__main__":
    main()
