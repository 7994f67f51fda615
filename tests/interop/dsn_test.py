"""tests/interop/dsn_test.py: notices as Python's email package and flufl.bounce read them."""

import email
import email.policy

from flufl.bounce import all_failures

from cases import Case, main, message
from wire import KEYWORDS, WireClient, WireSink

SENDER = "alice@sender.test"


class DsnTest(Case):
    def setUp(self):
        super().setUp()
        self.away = self.started(WireSink(self.lab.free_port(), keywords=[
            word for word in KEYWORDS if word not in ("8BITMIME", "DSN")]))
        self.back = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(self.away.port, "away", ["contoso.test"])
        self.to_smart_host(self.back.port, "back", ["sender.test"])

    def send(self, mailbox, content=None, rcpt="", mail="", sender=SENDER):
        with WireClient(mailbox.smtp_port) as client:
            client.hello()
            self.assertEqual(client.say(f"MAIL FROM:<{sender}>{mail}")[0], 250)
            self.assertEqual(client.say(f"RCPT TO:<bob@contoso.test>{rcpt}")[0], 250)
            client.say("DATA")
            client.send((content or message("the original", body="its text\r\n")) + b".\r\n")
            self.assertEqual(client.reply()[0], 250)

    def assertBounces(self, temporary=(), permanent=()):
        """What a mailing list's bounce processor takes the first notice for."""
        notice = email.message_from_bytes(bytes(self.back.messages[0].data))
        self.assertEqual(all_failures(notice), ({one.encode() for one in temporary},
                                                {one.encode() for one in permanent}))

    def notice(self, seconds=10):
        """(message, fields of the message, fields of the recipient, last part) of the notice."""
        wire = self.back.wait_for(1, seconds)[0]
        self.assertEqual(wire.sender.split(" ")[1], "FROM:<>")
        self.assertIn(f"<{SENDER}>", wire.recipients[0])
        self.assertNotIn(b"\n", bytes(wire.data).replace(b"\r\n", b""))
        parsed = email.message_from_bytes(bytes(wire.data), policy=email.policy.default)
        self.assertEqual(parsed.get_content_type(), "multipart/report")
        self.assertEqual(parsed.get_param("report-type"), "delivery-status")
        self.assertEqual(parsed["Auto-Submitted"], "auto-replied")
        self.assertEqual([part.defects for part in parsed.walk() if part.defects], [])
        people, report, last = parsed.get_payload()
        text, html = people.get_payload()
        self.assertEqual(html.get_content_type(), "text/html")
        self.assertIn("bob@contoso.test", html.get_content())
        self.assertEqual(text.get_content_type(), "text/plain")
        about, recipient = report.get_payload()
        self.assertEqual(about["Reporting-MTA"], "dns; mailbox-transport-0")
        self.assertEqual(recipient["Final-Recipient"].lower(), "rfc822; bob@contoso.test")
        return parsed, about, recipient, last

    def test_a_refused_recipient_is_returned_with_the_words_of_the_remote(self):
        self.away.answers["RCPT"] = "550 5.1.1 no such user here"
        self.send(self.mailbox(), mail=" ENVID=E1", rcpt=" ORCPT=rfc822;Bob@contoso.test")
        parsed, about, recipient, last = self.notice()
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.1.1")
        self.assertEqual(recipient["Diagnostic-Code"], "smtp; 550 5.1.1 no such user here")
        self.assertTrue(recipient["Remote-MTA"].startswith("dns; "))
        self.assertEqual(recipient["Original-Recipient"], "rfc822; Bob@contoso.test")
        self.assertEqual(about["Original-Envelope-Id"], "E1")
        self.assertEqual(last.get_content_type(), "message/rfc822")
        self.assertEqual(last.get_payload(0)["Subject"], "the original")
        self.assertBounces(permanent=["Bob@contoso.test"])

    def test_ret_hdrs_returns_only_the_headers(self):
        self.away.answers["DATA"] = "554 5.7.1 not this one"
        self.send(self.mailbox(), mail=" RET=HDRS")
        _, _, recipient, last = self.notice()
        self.assertEqual(recipient["Status"], "5.7.1")
        self.assertEqual(last.get_content_type(), "text/rfc822-headers")
        self.assertNotIn("its text", last.as_string())

    def test_eight_bit_mail_that_is_not_to_be_converted_is_returned_5_6_3(self):
        mailbox = self.mailbox({"deliver.convert_8bit": False})
        self.send(mailbox, message(body="gr\u00fc\u00dfe\r\n", fields=(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n")), mail=" BODY=8BITMIME")
        _, _, recipient, _ = self.notice()
        self.assertEqual(recipient["Status"], "5.6.3")
        self.assertIsNone(recipient["Remote-MTA"], "it was our decision")
        self.assertEqual(self.away.messages, [])

    def test_a_late_message_is_announced_and_then_returned(self):
        self.away.answers["GREETING"] = "421 4.3.2 not now"
        self.send(self.mailbox({"queue.delay_notification_timeout": "1s",
                                "queue.message_expiration_timeout": "5s"}))
        _, _, recipient, _ = self.notice(15)
        self.assertEqual((recipient["Action"], recipient["Status"][:2]), ("delayed", "4."))
        self.assertIsNotNone(recipient["Will-Retry-Until"])
        self.assertBounces(temporary=["bob@contoso.test"])
        self.back.wait_for(2, 20)
        self.back.messages.pop(0)
        _, _, recipient, _ = self.notice()
        self.assertEqual((recipient["Action"], recipient["Status"]), ("failed", "5.4.7"))
        self.assertBounces(permanent=["bob@contoso.test"])

    def test_a_wanted_success_is_reported_as_relayed(self):
        self.send(self.mailbox(), rcpt=" NOTIFY=SUCCESS")
        _, _, recipient, _ = self.notice()
        self.assertEqual((recipient["Action"], recipient["Status"][:2]), ("relayed", "2."))
        self.assertBounces()

    def test_notify_never_and_the_null_sender_get_nothing(self):
        self.away.answers["RCPT"] = "550 5.1.1 no such user here"
        mailbox = self.mailbox()
        self.send(mailbox, rcpt=" NOTIFY=NEVER")
        self.send(mailbox, sender="")
        mailbox.wait_empty(10)
        metrics = mailbox.metrics()
        self.assertEqual(metrics.total("postern_settle_dsn_total"), 0)
        self.assertEqual(metrics.total("postern_settle_double_bounce_total"), 1)
        self.assertEqual(self.back.messages, [])


if __name__ == "__main__":
    main()
