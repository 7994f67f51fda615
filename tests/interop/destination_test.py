"""tests/interop/destination_test.py: servers of many kinds take our mail."""

from cases import Case, main, message, send
from peers import AioSink, SmtpSink, smtp_source
from wire import WireClient, WireSink


class AioSmtpdTest(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.started(AioSink(
            self.lab.free_port(), tls=self.lab.certificate("aio", ("DNS:aiosmtpd.test",)),
            require_tls=True))

    def check(self):
        mailbox = self.mailbox()
        body = "gr\u00fc\u00dfe\r\n.\r\n..\r\n" + "x" * 5000 + "\r\n"
        send(mailbox, "bob@contoso.test", message(body=body, fields=(
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n")),
            options=" BODY=8BITMIME")
        envelope = self.sink.wait_for(1)[0]
        self.assertTrue(envelope.tls)
        self.assertEqual(envelope.mail_from, "alice@sender.test")
        self.assertEqual(envelope.rcpt_tos, ["bob@contoso.test"])
        self.assertTrue(envelope.original_content.endswith(b"\r\n\r\n" + body.encode()))

    def test_aiosmtpd_takes_mail_after_starttls(self):
        self.to_smart_host(self.sink.port)
        self.check()

    def test_aiosmtpd_takes_mail_through_the_front_end(self):
        self.to_smart_host(self.sink.port, front_end=self.frontend())
        self.check()


class ManyKindsOfPeersTest(Case):
    def arrives(self, sink, count=20, **spec):
        self.to_smart_host(sink.port, **spec)
        mailbox = self.mailbox()
        smtp_source(mailbox.smtp_port, count, sessions=4)
        mailbox.wait_empty(20)
        self.assertEqual(mailbox.delivered(), count)
        return mailbox

    def test_a_peer_without_pipelining(self):
        self.arrives(SmtpSink(self.lab, self.lab.free_port(), options=["-p"]).start())

    def test_a_peer_without_esmtp(self):
        self.arrives(SmtpSink(self.lab, self.lab.free_port(), options=["-e"]).start())

    def test_a_peer_that_takes_chunks(self):
        sink = self.started(WireSink(self.lab.free_port(), keywords=["PIPELINING", "CHUNKING"]))
        self.arrives(sink)
        self.assertTrue(all(taken.chunked and taken.complete for taken in sink.messages))

    def test_a_peer_that_says_421_between_messages(self):
        sink = self.started(WireSink(self.lab.free_port(), answers={
            "MAIL": [None, "421 4.3.2 enough for now", None, None, "421 4.3.2 again"]}))
        self.arrives(sink)

    def test_one_of_three_recipients_is_refused_and_the_others_get_it(self):
        sink = self.started(WireSink(self.lab.free_port(), answers={
            "RCPT": [None, "550 5.1.1 unknown", None]}))
        back = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(sink.port, spaces=["contoso.test"])
        self.to_smart_host(back.port, name="back", spaces=["sender.test"])
        mailbox = self.mailbox()
        with WireClient(mailbox.smtp_port) as client:
            client.hello()
            client.deliver("alice@sender.test", [f"r{i}@contoso.test" for i in range(3)], message())
        taken = sink.wait_for(1)[0]
        self.assertEqual(len(taken.recipients), 2)
        notice = bytes(back.wait_for(1)[0].data)
        self.assertIn(b"r1@contoso.test", notice)
        self.assertNotIn(b"Final-Recipient: rfc822; r0@", notice)

    def check_lost_after_the_dot(self, **more):
        sink = self.started(WireSink(self.lab.free_port(), answers={".": ["CLOSE"]}))
        self.to_smart_host(sink.port, **more)
        mailbox = self.mailbox()
        send(mailbox, "bob@contoso.test")
        first, second = sink.wait_for(2)
        self.assertEqual(first.data, second.data)
        mailbox.wait_empty()
        self.assertEqual(mailbox.ambiguous(), 1)

    def test_a_connection_lost_after_the_dot_is_counted_and_tried_again(self):
        self.check_lost_after_the_dot()

    def test_a_connection_lost_after_the_dot_behind_a_front_end_is_counted_too(self):
        self.check_lost_after_the_dot(front_end=self.frontend())

    def test_a_peer_that_must_speak_tls_and_does_not_gets_nothing(self):
        sink = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(sink.port, requireTls=True)
        mailbox = self.mailbox()
        send(mailbox, "bob@contoso.test")
        self.eventually(lambda: mailbox.log("deliver", "not delivered"), 10, "a failed attempt")
        self.assertEqual((sink.messages, mailbox.queued()), ([], 1))


if __name__ == "__main__":
    main()
