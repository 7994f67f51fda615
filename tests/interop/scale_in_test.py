"""tests/interop/scale_in_test.py: a server that its StatefulSet goes on without hands its mail
over; one that is restarted keeps it, and mail without a server is told."""

from cases import main, send
from harness import SITE
from kube_cases import ToldCase
from services import MailboxTransport
from wire import WireSink


class ScaleInTest(ToldCase):
    """Two servers, a destination that is down, and the second server stops."""

    def setUp(self):
        super().setUp()
        self.sink = self.started(WireSink(self.lab.free_port()))
        self.sink.answers["GREETING"] = "421 4.3.2 not now"
        self.to_sink(self.sink)
        self.replicas(2)
        self.first, self.second = self.placed("mbx-0"), self.placed("mbx-1")
        send(self.second, "bob@contoso.test", count=20)
        self.until_ready("TransportServer", "mbx-1", "True", "Ready")

    def replicas(self, count):
        self.api.put("StatefulSet", "mbx", {"replicas": count})

    def placed(self, name):
        transport = MailboxTransport(self.lab, self.api.settings(
            name, **self.quick, **{"queue.queue_glitch_retry_interval": "1s"}), name=name)
        self.api.put("TransportServer", name, {
            "site": SITE, "relayAddress": f"127.0.0.1:{transport.admin_port}"})
        return transport.start()

    def orphaned(self):
        return self.first.metrics().total("postern_store_orphaned_messages")

    def test_a_server_that_is_scaled_in_hands_its_mail_over_before_it_goes(self):
        self.replicas(1)
        self.assertEqual(self.second.sigterm(), 0)
        self.assertTrue(self.second.log("deliver", "the queues are empty"))
        self.assertEqual(self.first.queued(), 20)
        self.until_ready("TransportServer", "mbx-1", "False", "NoLease")
        self.assertEqual(self.orphaned(), 0)
        self.sink.answers.pop("GREETING")
        self.first.wait_empty(30)
        self.assertEqual(len(self.sink.messages), 20)

    def test_one_that_is_restarted_keeps_it_and_nobody_forgets_it(self):
        self.assertEqual(self.second.sigterm(), 0)
        self.assertFalse(self.second.log("deliver", "handing over"))
        self.assertEqual(self.first.queued(), 0)
        ready = self.until_ready("TransportServer", "mbx-1", "False", "MailWithoutServer")
        self.assertIn("its volume holds 20 messages", ready["message"])
        self.eventually(lambda: self.orphaned() == 20, 10, "the metric")
        self.second.start()
        self.until_ready("TransportServer", "mbx-1", "True", "Ready")
        self.eventually(lambda: self.orphaned() == 0, 10, "the metric")
        self.assertEqual(self.second.queued(), 20)

    def test_when_no_other_takes_it_it_stays_and_is_told(self):
        self.first.sigkill()
        self.replicas(1)
        self.second.settings["server.hand_over_time"] = "3s"
        self.second.sigkill()
        self.second.start()
        self.assertEqual(self.second.sigterm(), 0)
        stays = self.second.log("deliver", "mail stays in the volume of a server that is gone")
        self.assertEqual(stays[0]["remaining"], 20)
        self.first.start()
        self.until_ready("TransportServer", "mbx-1", "False", "MailWithoutServer")


if __name__ == "__main__":
    main()
