"""tests/interop/stop_test.py: SIGTERM ends what is under way, keeps the rest, doubles nothing."""

import random
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor

from cases import Case, main, send
from load import Arrivals, Load, a_while
from wire import WireSink


class StopTest(Case):
    def test_a_stop_in_mid_delivery_makes_no_double(self):
        sink = self.started(WireSink(self.lab.free_port(), dot_delay=lambda: 0.3))
        self.to_smart_host(sink.port)
        mailbox = self.mailbox()
        send(mailbox, "bob@x.test", count=60)
        self.assertEqual(mailbox.sigterm(), 0)
        stopped = len(sink.messages)
        self.assertLess(stopped, 60)
        mailbox.start()
        self.assertEqual(mailbox.ambiguous(), 0)
        sink.wait_for(60)
        mailbox.wait_empty()
        self.assertEqual(len(sink.messages), 60)

    def test_content_that_arrives_at_the_stop_is_taken(self):
        sink = self.started(WireSink(self.lab.free_port()))
        self.to_smart_host(sink.port)
        mailbox = self.mailbox()
        client = smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=20)
        client.ehlo()
        client.mail("alice@sender.test")
        client.rcpt("bob@x.test")
        self.assertEqual(client.docmd("DATA")[0], 354)
        client.send(b"Subject: in time\r\n\r\nhalf\r\n")
        with ThreadPoolExecutor() as pool:
            stopped = pool.submit(mailbox.sigterm)
            time.sleep(1)
            client.send(b"and half\r\n.\r\n")
            self.assertEqual(client.getreply()[0], 250)
            self.assertEqual(stopped.result(20), 0)
        self.assertEqual(sink.messages, [])
        mailbox.start()
        self.assertEqual(sink.wait_for(1)[0].header("Subject"), "in time")
        mailbox.wait_empty()

    def test_front_ends_that_are_replaced_under_load_lose_and_double_nothing(self):
        arrivals = Arrivals()
        sink = self.started(WireSink(self.lab.free_port(), on_message=arrivals.take,
                                     dot_delay=lambda: random.choice((0, 0.02, 0.1))))
        front_end = self.frontend()
        self.to_smart_host(sink.port, front_end=front_end)
        mailbox = self.mailbox()
        load = Load(mailbox.smtp_port, clients=6, size=100_000, pause=0.01)
        arrivals.loads.append(load)
        with load:
            for _ in range(3):
                a_while(0.5, 1.0)
                self.assertEqual(front_end.sigterm(), 0)
                front_end.start()
        self.eventually(lambda: load.acknowledged.keys() <= arrivals.times.keys(), 40,
                        "every acknowledged message at the sink")
        mailbox.wait_empty()
        self.assertEqual((arrivals.doubles(), arrivals.wrong), ({}, []))
        self.assertEqual(mailbox.ambiguous(), 0)


if __name__ == "__main__":
    main()
