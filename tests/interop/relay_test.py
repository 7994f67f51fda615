"""tests/interop/relay_test.py: many messages from smtp-source to smtp-sink; none is missing."""

from cases import Case, main
from peers import SmtpSink, smtp_source

COUNT = 2000


class RelayTest(Case):
    def relays(self, mailbox, sink, service):
        smtp_source(mailbox.smtp_port, COUNT)
        self.eventually(lambda: sink.messages() >= COUNT, 50, f"{COUNT} messages at smtp-sink")
        mailbox.wait_empty()
        self.assertEqual(sink.messages(), COUNT)
        metrics = mailbox.metrics()
        self.assertEqual(metrics.total("postern_accept_messages_total"), COUNT)
        self.assertEqual(mailbox.delivered(), COUNT)
        self.assertEqual(mailbox.ambiguous(), 0)
        self.assertGreater(metrics.total("postern_store_syncs_total"), 0)
        self.assertEqual(service.sigterm(), 0)

    def test_every_message_arrives_directly(self):
        sink = SmtpSink(self.lab, self.lab.free_port()).start()
        self.to_smart_host(sink.port)
        mailbox = self.mailbox()
        self.relays(mailbox, sink, mailbox)

    def test_every_message_arrives_through_the_front_end(self):
        sink = SmtpSink(self.lab, self.lab.free_port()).start()
        front_end = self.frontend()
        self.to_smart_host(sink.port, front_end=front_end)
        mailbox = self.mailbox()
        self.relays(mailbox, sink, front_end)


if __name__ == "__main__":
    main()
