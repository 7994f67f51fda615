"""tests/interop/poison_test.py: a message that is in hand whenever the process dies is set apart.

The sink takes the content and never answers the final dot; the service is killed by SIGKILL.
"""

import signal

from cases import Case, main, message, send
from wire import WireSink

SET_APART = "set apart as poison"


class PoisonTest(Case):
    def setUp(self):
        super().setUp()
        self.seconds = 600
        self.arrived = []
        self.sink = self.started(WireSink(
            self.lab.free_port(), on_message=self.arrived.append,
            dot_delay=lambda: self.seconds))
        self.to_smart_host(self.sink.port)

    def poison(self, mailbox):
        return mailbox.metrics().total("postern_queue_messages", type="Poison")

    def kill_in_hand(self, mailbox, attempts):
        self.eventually(lambda: len(self.arrived) == attempts, 20, "the attempt to be under way")
        mailbox.sigkill()
        mailbox.start(seconds=60)

    def test_twice_in_hand_is_poison_and_the_others_go(self):
        mailbox = self.mailbox()
        send(mailbox, "bob@contoso.test", message("poison"))
        self.kill_in_hand(mailbox, 1)
        self.assertEqual(self.poison(mailbox), 0, "once is no proof")
        self.eventually(lambda: len(self.arrived) == 2, 20, "the second attempt")
        send(mailbox, "carol@contoso.test", message("behind it"))  # a new next hop: one at a time
        self.seconds = 0
        mailbox.sigkill()
        mailbox.start(seconds=60)
        self.eventually(lambda: mailbox.queued() == self.poison(mailbox) == 1, 20,
                        "the others to go")
        self.assertIn(b"behind it", self.arrived[2].data)
        self.assertEqual([b"poison" in one.data for one in self.arrived], [True, True, False])
        self.assertEqual(len(mailbox.log("queue", SET_APART)), 1)

    def test_two_kills_in_a_row_set_few_apart(self):
        mailbox = self.mailbox({"queue.first_connections": 20})
        for number in range(20):
            send(mailbox, "bob@contoso.test", message(f"m{number}"))
        self.kill_in_hand(mailbox, 20)
        self.eventually(lambda: len(self.arrived) == 24, 20, "a few of them to be tried")
        mailbox.sigkill()
        self.seconds = 0
        mailbox.start(seconds=60)
        self.eventually(lambda: mailbox.queued() == self.poison(mailbox), 30, "the others to go")
        self.assertEqual(self.poison(mailbox), 4)
        self.assertEqual(len({bytes(one.data) for one in self.arrived[24:]}), 16)

    def test_a_process_that_crashes_by_itself_counts_as_one_that_is_killed(self):
        mailbox = self.mailbox()
        send(mailbox, "bob@contoso.test", message("poison"))
        for attempt, crash in enumerate((signal.SIGABRT, signal.SIGSEGV), 1):
            self.eventually(lambda: len(self.arrived) == attempt, 20, "the attempt")
            mailbox.process.send(crash)
            self.assertEqual(mailbox.process.wait(20), -crash)
            mailbox.start(seconds=60)
        self.assertEqual(self.poison(mailbox), 1)
        self.assertEqual(len(self.arrived), 2)

    def test_a_stop_in_order_is_no_crash(self):
        mailbox = self.mailbox({"queue.poison_threshold": 1, "server.stop_grace": "1s"})
        send(mailbox, "bob@contoso.test", message("patient"))
        self.eventually(lambda: len(self.arrived) == 1, 20, "the attempt")
        self.assertEqual(mailbox.sigterm(), 0)
        mailbox.start(seconds=60)
        self.eventually(lambda: len(self.arrived) == 2, 20, "the next attempt")
        self.assertEqual(self.poison(mailbox), 0)

    def test_it_stays_apart_and_the_setting_says_when(self):
        mailbox = self.mailbox({"queue.poison_threshold": 1})
        send(mailbox, "bob@contoso.test", message("poison"))
        self.kill_in_hand(mailbox, 1)
        self.assertEqual(self.poison(mailbox), 1)
        mailbox.sigkill()
        mailbox.start(seconds=60)
        self.assertEqual((self.poison(mailbox), mailbox.queued()), (1, 1))
        self.assertEqual(len(self.arrived), 1)

    def test_without_detection_it_is_tried_whenever_the_process_starts(self):
        mailbox = self.mailbox({"queue.poison_message_detection_enabled": False})
        send(mailbox, "bob@contoso.test", message("poison"))
        for attempts in range(1, 4):
            self.kill_in_hand(mailbox, attempts)
        self.seconds = 0
        self.eventually(lambda: len(self.arrived) == 4, 20, "the fourth attempt")
        self.assertEqual(self.poison(mailbox), 0)


if __name__ == "__main__":
    main()
