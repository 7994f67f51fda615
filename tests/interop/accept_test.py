"""tests/interop/accept_test.py: swaks and raw clients at the listeners; nobody else may relay."""

from cases import Case, main, message
from peers import swaks
from wire import WireClient, WireSink

USER, PASSWORD = "app", "correct horse"
ENVELOPE = ("--from", "alice@sender.test", "--to", "bob@contoso.test")

# What a stranger has tried since there is SMTP: (name, MAIL path, RCPT path).
PROBES = [
    ("a foreign recipient", "<spam@outside.test>", "<victim@far.test>"),
    ("the null sender", "<>", "<victim@far.test>"),
    ("a sender of the server's own name", "<root@mailbox-transport-0>", "<victim@far.test>"),
    ("a sender of the server's address", "<spam@[127.0.0.1]>", "<victim@far.test>"),
    ("sender and recipient alike", "<victim@far.test>", "<victim@far.test>"),
    ("the percent hack", "<spam@outside.test>", "<victim%far.test@mailbox-transport-0>"),
    ("the percent hack at the address", "<spam@outside.test>", "<victim%far.test@[127.0.0.1]>"),
    ("the percent hack without a domain", "<spam@outside.test>", "<victim%far.test>"),
    ("a quoted recipient", "<spam@outside.test>", '<"victim@far.test">'),
    ("a quoted percent hack", "<spam@outside.test>", '<"victim%far.test">'),
    ("a quoted local part with an at", "<spam@outside.test>",
     '<"victim@far.test"@mailbox-transport-0>'),
    ("two ats", "<spam@outside.test>", "<victim@far.test@mailbox-transport-0>"),
    ("two ats at the address", "<spam@outside.test>", "<victim@far.test@[127.0.0.1]>"),
    ("a source route", "<spam@outside.test>", "<@mailbox-transport-0:victim@far.test>"),
    ("a source route by the address", "<spam@outside.test>", "<@[127.0.0.1]:victim@far.test>"),
    ("a UUCP path", "<spam@outside.test>", "<far.test!victim>"),
    ("a UUCP path at the server", "<spam@outside.test>", "<far.test!victim@mailbox-transport-0>"),
    ("a UUCP path at the address", "<spam@outside.test>", "<far.test!victim@[127.0.0.1]>"),
    ("a recipient without brackets", "<spam@outside.test>", "victim@far.test"),
    ("a recipient in brackets with spaces", "<spam@outside.test>", "< victim@far.test >"),
    ("postmaster without a domain", "<spam@outside.test>", "<postmaster>"),
    ("a domain literal", "<spam@outside.test>", "<victim@[192.0.2.9]>"),
    ("a line break in the address", "<spam@outside.test>", "<victim@far.test>\nRCPT TO:<a@b.test>"),
]


class AcceptTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port(), keywords=(
            "PIPELINING", "8BITMIME", "SIZE", "DSN", "SMTPUTF8", "ENHANCEDSTATUSCODES")))
        self.to_smart_host(self.sink.port)
        self.auth_port, self.tls_port = self.lab.free_port(), self.lab.free_port()
        cert, key = self.lab.certificate("smtp", ("DNS:localhost", "IP:127.0.0.1"))
        relay_port = self.lab.free_port()
        self.mailbox = self.mailbox({
            "accept.certificate_file": str(cert), "accept.key_file": str(key),
            "accept.users_file": str(self.lab.users_file({USER: PASSWORD})),
            "accept.relay_networks": ["127.0.0.1/32"],
        }, listeners=[
            f"name=relay address=0.0.0.0:{relay_port} tls=auto auth=none",
            f"name=auth address=0.0.0.0:{self.auth_port} tls=starttls auth=required",
            f"name=tls address=0.0.0.0:{self.tls_port} tls=implicit auth=required"])
        self.relay_port = relay_port

    def takes(self, port, *options):
        before = len(self.sink.messages)
        code, transcript = swaks(port, *ENVELOPE, *options)
        self.assertEqual(code, 0, transcript)
        return self.sink.wait_for(before + 1)[-1]

    def test_swaks_is_served_in_plain_text(self):
        taken = self.takes(self.relay_port)
        self.assertIn("with ESMTP ", taken.header("Received"))

    def test_swaks_is_served_after_starttls(self):
        taken = self.takes(self.relay_port, "--tls")
        self.assertIn("with ESMTPS ", taken.header("Received"))

    def test_swaks_authenticates_with_plain_and_login_on_both_ports(self):
        for mechanism in ("PLAIN", "LOGIN"):
            for port, tls in ((self.auth_port, "--tls"), (self.tls_port, "--tls-on-connect")):
                with self.subTest(mechanism=mechanism, tls=tls):
                    taken = self.takes(port, tls, "--auth", mechanism, "--auth-user", USER,
                                       "--auth-password", PASSWORD)
                    self.assertIn("with ESMTPSA ", taken.header("Received"))

    def test_a_wrong_password_is_refused(self):
        code, transcript = swaks(self.auth_port, *ENVELOPE, "--tls", "--auth", "PLAIN",
                                 "--auth-user", USER, "--auth-password", "wrong")
        self.assertNotEqual(code, 0)
        self.assertIn("535 5.7.8", transcript)
        self.assertEqual(self.sink.messages, [])

    def test_auth_is_not_offered_in_the_clear_nor_taken(self):
        with WireClient(self.auth_port) as client:
            self.assertNotIn("AUTH", client.hello()[1])
            self.assertEqual(client.say("AUTH PLAIN AGFwcABjb3JyZWN0IGhvcnNl")[0], 538)
            self.assertEqual(client.say("MAIL FROM:<alice@sender.test>")[0], 530)

    def test_dsn_parameters_go_on_to_the_next_server(self):
        with WireClient(self.relay_port) as client:
            client.hello()
            client.say("MAIL FROM:<alice@sender.test> RET=HDRS ENVID=Q+3D1")
            client.say("RCPT TO:<bob@contoso.test> NOTIFY=SUCCESS,FAILURE "
                       "ORCPT=rfc822;bob+40contoso.test")
            client.say("DATA")
            client.send(message() + b".\r\n")
            self.assertEqual(client.reply()[0], 250)
        taken = self.sink.wait_for(1)[0]
        self.assertIn("RET=HDRS", taken.sender)
        self.assertIn("ENVID=Q+3D1", taken.sender)
        self.assertIn("NOTIFY=SUCCESS,FAILURE", taken.recipients[0])
        self.assertIn("ORCPT=rfc822;bob+40contoso.test", taken.recipients[0])

    def test_an_address_in_utf8_is_taken_and_passed_on(self):
        with WireClient(self.relay_port) as client:
            client.hello()
            code, text = client.deliver("j\u00f6rg@sender.test", ["m\u00fcller@contoso.test"],
                                        message("gr\u00fc\u00dfe"), " SMTPUTF8")
            self.assertEqual(code, 250, text)
        taken = self.sink.wait_for(1)[0]
        self.assertIn("SMTPUTF8", taken.sender)
        self.assertIn("m\u00fcller@contoso.test", taken.recipients[0])

    def test_chunks_are_put_together(self):
        content = message(body="first\r\n") + b".\r\n..second\r\n"
        with WireClient(self.relay_port) as client:
            client.hello()
            client.say("MAIL FROM:<alice@sender.test>")
            client.say("RCPT TO:<bob@contoso.test>")
            client.send(b"BDAT %d\r\n" % 20 + content[:20])
            self.assertEqual(client.reply()[0], 250)
            client.send(b"BDAT %d LAST\r\n" % (len(content) - 20) + content[20:])
            self.assertEqual(client.reply()[0], 250)
        taken = bytes(self.sink.wait_for(1)[0].data)
        self.assertTrue(taken.endswith(b"first\r\n.\r\n..second\r\n"))

    def test_no_open_relay_probe_gets_through(self):
        print(f"{'probe':<38} {'MAIL':<5} {'RCPT':<5} verdict")
        wrong = []
        for name, sender, recipient in PROBES:
            with WireClient(self.relay_port, source="127.0.0.2") as client:
                client.hello("mailbox-transport-0")
                mail = client.say(f"MAIL FROM:{sender}")[0]
                rcpt = client.say(f"RCPT TO:{recipient}")[0]
                data = client.say("DATA")[0]
                refused = rcpt // 100 == 5 and data // 100 == 5
                print(f"{name:<38} {mail:<5} {rcpt:<5} {'refused' if refused else 'RELAYED'}")
                if not refused:
                    wrong.append(name)
        self.assertEqual(wrong, [])
        self.assertEqual(self.mailbox.metrics().total("postern_accept_messages_total"), 0)
        self.assertEqual(self.sink.messages, [])

    def test_a_forwarded_address_gives_no_right(self):
        with WireClient(self.relay_port, source="127.0.0.2") as client:
            client.send("PROXY TCP4 127.0.0.1 127.0.0.1 9 25\r\n")
            client.hello()
            client.reply()
            client.say("MAIL FROM:<alice@sender.test>")
            self.assertNotEqual(client.say("RCPT TO:<bob@contoso.test>")[0], 250)
            code = client.say("XCLIENT ADDR=127.0.0.1")[0]
            self.assertEqual(code // 100, 5)


if __name__ == "__main__":
    main()
