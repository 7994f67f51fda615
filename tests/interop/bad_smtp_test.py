"""tests/interop/bad_smtp_test.py: malformed SMTP is answered; what it smuggles never arrives."""

from cases import Case, main, message
from wire import WireClient, WireSink

SMUGGLED = (b"MAIL FROM:<evil@sender.test>\r\nRCPT TO:<bob@contoso.test>\r\nDATA\r\n"
            b"From: <evil@sender.test>\r\n\r\nsmuggled\r\n.\r\n")

# End-of-data lookalikes that some servers take for the end (SMTP smuggling).
LOOKALIKES = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r",
              b"\r\n\x00.\r\n", b"\r\r\n.\r\r\n"]

# (name, line, code of the answer)
COMMANDS = [
    ("an unknown verb", b"FROB\r\n", 500),
    ("a MAIL without a path", b"MAIL\r\n", 501),
    ("a path without an end", b"MAIL FROM:<alice@sender.test\r\n", 501),
    ("an unknown parameter", b"MAIL FROM:<alice@sender.test> FROB=1\r\n", 555),
    ("a size that is no number", b"MAIL FROM:<alice@sender.test> SIZE=big\r\n", 501),
    ("a message that is too large", b"MAIL FROM:<alice@sender.test> SIZE=99999999999\r\n", 552),
    ("an RCPT before MAIL", b"RCPT TO:<bob@contoso.test>\r\n", 503),
    ("a DATA before MAIL", b"DATA\r\n", 503),
    ("an EHLO without a name", b"EHLO\r\n", 501),
    ("a line that is too long", b"NOOP " + b"x" * 20000 + b"\r\n", 500),
    ("a bare line feed", b"NOOP\nNOOP\r\n", 500),
    ("bytes that are no text", b"\xff\xfe\x00\r\n", 500),
]


class BadSmtpTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(self.sink.port)
        self.mailbox = self.mailbox({"accept.max_protocol_errors": 100})

    def test_every_malformed_command_is_answered(self):
        for name, line, expected in COMMANDS:
            with self.subTest(name), WireClient(self.mailbox.smtp_port) as client:
                client.hello()
                client.send(line)
                self.assertEqual(client.reply()[0], expected)
                self.assertEqual(client.say("NOOP")[0], 250, "the session goes on")

    def test_no_lookalike_of_the_final_dot_ends_the_data(self):
        for lookalike in LOOKALIKES:
            with self.subTest(lookalike), WireClient(self.mailbox.smtp_port) as client:
                client.hello()
                client.say("MAIL FROM:<alice@sender.test>")
                client.say("RCPT TO:<bob@contoso.test>")
                client.say("DATA")
                client.send(message() + b"text" + lookalike + SMUGGLED)
                code, text = client.reply()
                self.assertEqual((code, text[:5]), (554, "5.6.0"))
                self.assertEqual(client.say("NOOP")[0], 250)
        self.assertEqual(self.sink.messages, [])
        self.assertEqual(self.mailbox.metrics().total("postern_accept_messages_total"), 0)

    def test_a_message_that_loops_is_refused(self):
        hops = "".join(f"Received: from a{i}.test by b{i}.test; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
                       for i in range(31))
        with WireClient(self.mailbox.smtp_port) as client:
            client.hello()
            code, text = client.deliver("alice@sender.test", ["bob@contoso.test"],
                                        message(fields=hops))
            self.assertEqual((code, text[:5]), (554, "5.4.6"))

    def test_too_large_a_message_is_refused_and_the_session_goes_on(self):
        self.lab.write_manifest("TransportConfig", "transport-config", {"maxReceiveSize": "64KB"})
        self.eventually(lambda: b"SIZE 65536" in self.hello_words(), 10, "the limit of 64 KB")
        with WireClient(self.mailbox.smtp_port) as client:
            client.hello()
            code, text = client.deliver("alice@sender.test", ["bob@contoso.test"],
                                        message(body="x" * 70 + "\r\n") * 2000)
            self.assertEqual((code, text[:5]), (552, "5.3.4"))
            code, _ = client.deliver("alice@sender.test", ["bob@contoso.test"], message())
            self.assertEqual(code, 250)

    def hello_words(self):
        with WireClient(self.mailbox.smtp_port) as client:
            return client.hello()[1].encode()

    def test_recipients_have_a_limit(self):
        self.lab.write_manifest("TransportConfig", "transport-config",
                                {"maxRecipientEnvelopeLimit": 3})

        def fourth():
            with WireClient(self.mailbox.smtp_port) as client:
                client.hello()
                client.say("MAIL FROM:<alice@sender.test>")
                return [client.say(f"RCPT TO:<r{i}@contoso.test>")[0] for i in range(4)]
        self.eventually(lambda: fourth() == [250, 250, 250, 452], 10, "452 for the fourth")


if __name__ == "__main__":
    main()
