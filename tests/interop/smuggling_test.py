"""tests/interop/smuggling_test.py: one message stays one message, in and out.

In: nothing but CRLF.CRLF ends the content; what looks like it is refused, or is content. Out:
content that holds such things reaches real servers as one message, also weak ones.
"""

import grpc

from cases import Outbound, main, message
from harness import wait_until
from real_servers import started_servers
from submission_api import SubmissionApi
from wire import WireClient, WireSink

SMUGGLED = (b"MAIL FROM:<evil@sender.test>\r\nRCPT TO:<bob@contoso.test>\r\nDATA\r\n"
            b"From: <evil@sender.test>\r\nSubject: smuggled\r\n\r\nsmuggled\r\n")

# What some server has taken for the end of the content.
LOOKALIKES = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n", "CRLF.CR": b"\r\n.\r", "LF.CR": b"\n.\r", "CR.LF": b"\r.\n",
    "CRLF.NUL.CRLF": b"\r\n.\0\r\n", "CRLF.NUL.dot": b"\r\n\0.\r\n", "CRCRLF": b"\r\r\n.\r\r\n",
    "LFCR": b"\n\r.\n\r", "CRLF.CRCRLF": b"\r\n.\r\r\n", "LFLF": b"\n\n.\n\n",
    "dot-blank": b"\r\n. \r\n", "dot-tab": b"\r\n.\t\r\n", "blank-dot": b"\r\n .\r\n",
    "vertical tab": b"\x0b.\x0b", "form feed": b"\x0c.\x0c", "NEL": b"\xc2\x85.\xc2\x85",
    "LS": b"\xe2\x80\xa8.\xe2\x80\xa8", "0x85": b"\r\n.\x85\r\n", "8-bit": b"\x8d\x8a.\x8d\x8a",
    "dot-8-bit": b"\r\n.\xae\r\n",
}
# Ends of the content by themselves: they can be inside only where the content has a length.
ENDS = {"CRLF.CRLF": b"\r\n.\r\n", "twice": b"\r\n.\r\n.\r\n", "dots": b"\r\n..\r\n.\r\n",
        "at the end": b"\r\n.\r\n\r\n.\r\n"}


def letter(subject, what, recipient="bob@contoso.test"):
    return message(subject, "before", recipient=recipient) + what + SMUGGLED


class InTest(Outbound):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port(), keywords=[
            "8BITMIME", "PIPELINING", "CHUNKING"]))
        self.outbound()
        self.to_host(self.sink.port)
        self.counts = {"refused": 0, "content": 0}

    def test_what_looks_like_the_end_is_not_the_end(self):
        api = SubmissionApi(self.lab, self.transport)
        self.addCleanup(api.close)
        cases = [(name, way) for way in ("DATA", "BDAT", "gRPC") for name in (
            LOOKALIKES if way == "DATA" else {**LOOKALIKES, **ENDS})]
        taken = []
        for name, way in cases:
            with self.subTest(f"{name} by {way}"):
                if self.offer(f"{name} by {way}", {**LOOKALIKES, **ENDS}[name], way, api):
                    taken.append(f"{name} by {way}")
        self.sink.wait_for(len(taken))
        self.transport.wait_empty()
        self.assertEqual(sorted(one.header("Subject") for one in self.sink.messages),
                         sorted(taken), "each that was taken is one message")
        self.assertEqual([one.sender for one in self.sink.messages if "evil" in one.sender], [])
        print(f"\n  in: {len(cases)} contents by DATA, BDAT and gRPC, {self.counts['refused']} "
              f"refused, {self.counts['content']} taken as content, 0 smuggled", flush=True)

    def offer(self, subject, what, way, api):
        """True when it was taken; the session goes on in step."""
        content = letter(subject, what)
        if way == "gRPC":
            try:
                api.submit("alice@sender.test", ["bob@contoso.test"], content)
                refused = False
            except grpc.RpcError as error:
                self.assertEqual(error.code().name, "INVALID_ARGUMENT")
                refused = True
        else:
            code = self.by_smtp(content, way)
            self.assertIn(code, (250, 554))
            refused = code == 554
        self.counts["refused" if refused else "content"] += 1
        return not refused

    def by_smtp(self, content, way):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            self.assertEqual(client.say("MAIL FROM:<alice@sender.test> BODY=8BITMIME")[0], 250)
            self.assertEqual(client.say("RCPT TO:<bob@contoso.test>")[0], 250)
            if way == "DATA":
                self.assertEqual(client.say("DATA")[0], 354)
                client.send(content + b".\r\n")
            else:
                client.send(b"BDAT %d LAST\r\n" % len(content) + content)
            code, _ = client.reply()
            self.assertEqual(client.say("NOOP")[0], 250, "no other reply comes")
        return code


class OutTest(Outbound):
    """Postfix has smtpd_forbid_bare_newline = no here, as older ones do."""

    def test_no_real_server_makes_two_messages_of_one(self):
        servers = started_servers(self)
        self.outbound()
        for server in servers:
            self.connector(server.name, [f"clear.{server.domain}"], dnsRoutingEnabled=False,
                           smartHosts=["[127.0.0.1]"], port=server.port, ignoreStartTls=True)
        api = SubmissionApi(self.lab, self.transport)
        self.addCleanup(api.close)
        taken, refused = [], 0
        for name, what in {**LOOKALIKES, **ENDS}.items():
            for server in servers:
                recipient = f"bob@clear.{server.domain}"
                try:
                    api.submit("alice@sender.test", [recipient], letter(name, what, recipient))
                except grpc.RpcError:
                    refused += 1
                    continue
                taken.append((server, name))
        for server, name in taken:
            with self.subTest(f"{name} at {server.name}"):
                found = server.wait_for(name)
                self.assertEqual(len(found), 1)
                self.assertIn(b"MAIL FROM:<evil@sender.test>", found[0][1])
        self.transport.wait_empty()
        for server in servers:
            wanted = sum(one is server for one, _ in taken)
            letters = server.letters()
            print(f"\n  {'proxied' if self.proxied else 'direct'} {server.name}: {wanted} contents "
                  f"sent, {len(letters)} messages there", end="", flush=True)
            self.assertEqual(len(letters), wanted)
            self.assertEqual(server.with_subject("smuggled"), [])
        weak = [server.name for server in servers if self.is_weak(server)]
        print(f"\n  {refused} were refused before; past us the same trick works at: "
              f"{', '.join(weak) or 'none'}", flush=True)
        self.assertGreater(len(taken), 4 * len(servers))
        if any(server.name == "postfix" for server in servers):
            self.assertIn("postfix", weak, "without us two messages are made of one")

    def is_weak(self, server):
        """Whether a client that sends LF.CRLF gets a second message in."""
        before = len(server.letters())
        second = SMUGGLED.replace(b"contoso.test", f"clear.{server.domain}".encode())
        with WireClient(server.port, seconds=3) as client:
            client.hello()
            client.say("MAIL FROM:<alice@sender.test>")
            client.say(f"RCPT TO:<bob@clear.{server.domain}>")
            client.say("DATA")
            client.send(b"Subject: weak\r\n\r\nbefore\n.\r\n" + second + b".\r\n")
            client.reply()
            try:
                wait_until(lambda: len(server.letters()) > before + 1, 2, "a second message")
            except AssertionError:
                return False
        return True


class ProxiedOutTest(OutTest):
    proxied = True


if __name__ == "__main__":
    main()
