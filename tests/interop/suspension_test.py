"""tests/interop/suspension_test.py: commands on thousands of messages at once: what they say is
done is kept, deliveries go on beside them, and they tell how far they are.

The numbers of tests/prove/million.py are larger; what is looked at is the same.
"""

import re
import threading
import time

import grpc

from admin_api import AdminApi
from cases import Case, main
from harness import wait_until
from load import Arrivals, Load, Stalls
from peers import smtp_source
from services import Shell
from terminal import run_on_terminal
from wire import WireSink

# So many that a fast machine is still at work on them when it is killed after the first answer,
# which comes after 0.3 s; and so many that are delivered, too.
COUNT, DELIVERED = 24_000, 12_000
BATCH = "FromAddress -eq 'batch@sender.test'"
SLOW = {"queue.queue_glitch_retry_interval": "10m"}


class SuspensionTest(Case):
    def setUp(self):
        super().setUp()
        self.arrivals = Arrivals()
        self.sink = self.started(WireSink(self.lab.free_port(), on_message=self.arrivals.take))
        self.dead_port = self.lab.free_port()
        self.to_smart_host(self.dead_port, name="Dead", spaces=["dead.test"])
        self.to_smart_host(self.sink.port, name="Live", spaces=["live.test"])
        self.transport = self.mailbox(SLOW)
        self.connect()

    def fill(self, count=COUNT):
        """The batch, and 100 others of the same queue."""
        smtp_source(self.transport.smtp_port, count, size=512, sender="batch@sender.test",
                    recipient="bob@dead.test")
        smtp_source(self.transport.smtp_port, 100, size=512, recipient="bob@dead.test")
        wait_until(lambda: self.transport.queued() == count + 100, 20, "all in their queue")

    def connect(self):
        self.api = AdminApi(self.lab, self.transport)
        self.addCleanup(self.api.close)

    def act_until_killed(self, action, filter, least):
        """How many messages it said were changed, before the process was killed amid the rest."""
        told, enough = 0, threading.Event()

        def kill():
            enough.wait(60)
            time.sleep(0.005)  # the next answer is being worked on
            self.transport.sigkill()
            self.api.close()  # a call that comes too late would wait for a server

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for answer in self.api.act(action, filter):
                told += answer.changed
                if told >= least:
                    enough.set()
        except (grpc.RpcError, ValueError):  # ended by the kill, or not begun any more
            pass
        enough.set()
        killer.join()
        self.transport.start(seconds=60)
        self.connect()
        return told

    def test_a_kill_amid_a_suspension_forgets_nothing_that_was_said(self):
        self.fill()
        told = self.act_until_killed("suspend", BATCH, COUNT // 3)
        done = self.api.count("Status -eq 'Suspended'")
        self.assertGreaterEqual(done, told)
        self.assertLess(told, COUNT, "it was killed before the end")
        self.assertEqual(self.api.count(BATCH), COUNT)
        self.assertEqual(self.transport.queued(), COUNT + 100)
        print(f"{told} told, {done} suspended after the kill", end=" ... ")

        answers = list(self.api.act("suspend", BATCH))
        self.assertEqual(sum(one.changed for one in answers), COUNT - done)
        self.assertEqual(sum(one.unchanged for one in answers), done)
        self.assertEqual(self.api.count("Status -eq 'Suspended'"), COUNT)

        told = self.act_until_killed("resume", BATCH, COUNT // 3)
        left = self.api.count("Status -eq 'Suspended'")
        self.assertLessEqual(left, COUNT - told)
        list(self.api.act("resume", BATCH))
        self.assertEqual(self.api.count("Status -eq 'Suspended'"), 0)
        self.assertEqual(self.transport.queued(), COUNT + 100)

    def test_a_kill_amid_a_removal_brings_nothing_back_that_was_said(self):
        self.fill()
        told = self.act_until_killed("remove", BATCH, COUNT // 3)
        left = self.api.count(BATCH)
        self.assertLessEqual(left, COUNT - told)
        notices = self.api.count("FromAddress -eq '<>'")
        self.assertEqual(notices, COUNT - left, "one for each that is gone, and for no other")
        print(f"{told} told, {COUNT - left} removed after the kill, {notices} notices", end=" ... ")

    def test_deliveries_go_on_beside_a_command_that_tells_how_far_it_is(self):
        self.fill()
        shell = Shell(self.lab, self.transport)
        load = Load(self.transport.smtp_port, clients=4, recipient="ann@live.test", size=400)
        self.arrivals.loads.append(load)
        with load, Stalls(self.lab.path) as stalls:
            self.eventually(lambda: len(self.arrivals.times) > 50, 20, "the first to arrive")
            began = time.monotonic()
            said, shown = run_on_terminal(shell, "Suspend-Message", "-Filter", BATCH)
            took = time.monotonic() - began
            meanwhile = self.arrivals.since(began)
        self.assertIn(f"{COUNT:,} messages suspended", said)
        counts = [int(text.replace(",", ""))
                  for text in re.findall(r"looked at ([\d,]+) of", shown)]
        # With each answer, of 0.3 s or somewhat more, but the last: the fewer the faster it went.
        self.assertGreaterEqual(len(counts), max(1, took // 2))
        self.assertEqual(counts, sorted(counts))
        came = [at for at in sorted(self.arrivals.moments) if began <= at <= began + took]
        moments = [began, *came, began + took]
        longest = max(b - a for a, b in zip(moments, moments[1:]))
        print(f"{COUNT} suspended in {took:.1f} s, {len(counts)} times told how far, {meanwhile} "
              f"delivered meanwhile, longest pause {longest * 1000:.0f} ms, of the machine itself "
              f"{stalls.longest * 1000:.0f} ms", end=" ... ")
        self.assertLess(longest, 1 + stalls.longest)
        wait_until(lambda: self.transport.queued() == COUNT + 100, 30, "the load to be delivered")
        self.assertEqual(self.arrivals.doubles(), {})
        self.assertEqual(self.arrivals.wrong, [])

    def test_what_is_resumed_is_delivered_once_and_what_stays_suspended_is_not(self):
        self.fill(DELIVERED)
        list(self.api.act("suspend", BATCH))
        sink = self.started(WireSink(self.dead_port))
        Shell(self.lab, self.transport).run("Retry-Queue", "-Filter", "Status -eq 'Retry'")
        self.eventually(lambda: self.transport.queued() == DELIVERED, 30, "the others to leave")
        self.assertEqual(len(sink.messages), 100)
        self.assertEqual(sum(one.changed for one in self.api.act("resume", BATCH)), DELIVERED)
        self.transport.wait_empty(60)
        self.assertEqual(len(sink.messages), DELIVERED + 100)


if __name__ == "__main__":
    main()
