"""tests/interop/throttled_test.py: hosts that put mail off, one message after the other: how many
connections and messages they get."""

import time

from cases import Case, main, send
from services import Shell
from wire import WireSink

WAITING = 60


class ThrottledTest(Case):
    def start(self, **answers):
        self.sink = self.started(WireSink(self.lab.free_port(), answers=answers,
                                          dot_delay=lambda: 0.02))
        self.to_smart_host(self.sink.port)
        self.transport = self.mailbox({"queue.queue_glitch_retry_interval": "30s",
                                       "queue.message_retry_interval": "5m"})

    def send(self, count=WAITING):
        send(self.transport, "bob@contoso.test", count=count)

    def offered(self):
        return sum(line.startswith("MAIL") for line in self.sink.commands)

    def row(self):
        shell = Shell(self.lab, self.transport)
        row, = shell.json("Get-Queue", "-Filter", "DeferredMessageCount -gt 0")["queues"]
        return row

    def sent_away(self, **answers):
        """After a 421 the next hop waits, and its messages are not offered one after the other."""
        self.start(**answers)
        self.send()
        self.eventually(lambda: self.transport.log("queue", "next hop failed"), 20, "the failure")
        time.sleep(1)
        self.assertLessEqual(self.offered(), 2)
        row = self.row()
        self.assertEqual(row["status"], "Retry")
        self.assertIn("421 4.7.28 unusual rate", row["lastError"])
        self.assertEqual(self.transport.queued(), WAITING)

    def test_421_after_the_dot_puts_the_next_hop_in_retry(self):
        self.sent_away(**{".": "421 4.7.28 unusual rate"})

    def test_421_to_data_puts_the_next_hop_in_retry(self):
        self.sent_away(DATA="421 4.7.28 unusual rate")

    def test_421_to_rcpt_puts_the_next_hop_in_retry(self):
        self.sent_away(RCPT="421 4.7.28 unusual rate")

    def put_off(self, **answers):
        """Each message is offered once, over one connection at a time."""
        self.start(**answers)
        self.send()
        self.eventually(lambda: self.offered() == WAITING, 30, "each message to be offered")
        self.assertEqual(self.sink.open_max, 1)
        self.assertEqual(self.row()["status"], "Ready")
        self.assertEqual(self.transport.queued(), WAITING)

    def test_451_after_the_dot_for_everybody_keeps_the_next_hop_at_one_connection(self):
        self.put_off(**{".": "451 4.7.1 later"})

    def test_450_to_mail_for_everybody_keeps_the_next_hop_at_one_connection(self):
        self.put_off(MAIL="450 4.7.1 later")

    def test_a_busy_next_hop_that_begins_to_put_off_loses_its_connections(self):
        self.start()
        self.send()
        self.transport.wait_empty()
        self.assertGreater(self.sink.open_max, 4)
        self.sink.answers["."] = "451 4.7.1 later"
        self.send(150)
        self.eventually(lambda: self.offered() == WAITING + 150, 30, "each to be offered")
        halved = self.transport.log("queue", "next hop puts everything off")
        self.assertEqual(halved[-1]["connections_max"], 1)
        self.assertFalse(self.transport.log("queue", "next hop failed"))

    def test_one_greylisted_recipient_does_not_hold_up_the_others(self):
        self.start(RCPT=["451 4.7.1 later"])
        self.send(30)
        self.sink.wait_for(29, 20)
        self.assertFalse(self.transport.log("queue", "next hop failed"))


if __name__ == "__main__":
    main()
