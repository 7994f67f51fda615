"""tests/interop/crash_test.py: SIGKILL at random moments; what was acknowledged arrives, whole.

POSTERN_KILLS says how often (3). A seed is printed; POSTERN_SEED repeats it.
"""

import collections
import random
import subprocess
import time

from cases import Case, main
from harness import binary, wait_until
from load import Arrivals, Load, a_while, kills, seeded
from services import Shell
from wire import WireSink

UNDER_WAY = "an attempt may have been under way"
IN_HAND_MAX = 20  # queue.max_per_domain_outbound_connections
# Kills come so soon after each other that a message is in hand at two of them: that is no poison.
OFTEN_KILLED = {"queue.poison_threshold": 10}
REMOVALS_SECONDS = 0.1  # store.settle_delay_max is 50 ms; the rest is what a busy machine adds


class CrashTest(Case):
    def setUp(self):
        super().setUp()
        print(f"seed {seeded()}", flush=True)
        self.arrivals = Arrivals()
        self.sink = self.started(WireSink(
            self.lab.free_port(), on_message=self.arrivals.take,
            dot_delay=lambda: random.choice((0, 0, 0.005, 0.02))))

    def everything_arrives(self, load, mailbox):
        seen, moved = -1, time.monotonic()
        while not load.acknowledged.keys() <= self.arrivals.times.keys():
            if len(self.arrivals.moments) > seen:
                seen, moved = len(self.arrivals.moments), time.monotonic()
            missing = load.acknowledged.keys() - self.arrivals.times.keys()
            if time.monotonic() - moved >= 30:
                apart = len(mailbox.log("queue", "set apart as poison", all_runs=True))
                self.fail(f"nothing comes, and {missing} are lost ({apart} set apart as poison)")
            time.sleep(0.05)
        mailbox.wait_empty(60)
        self.assertEqual(self.arrivals.wrong, [], "no message arrived cut or changed")

    def kill_mailbox(self, mailbox):
        """(ambiguous deliveries in all, the most of one kill, the most that one kill may leave)"""
        ambiguous, most, bound = 0.0, 0.0, IN_HAND_MAX
        for _ in range(kills()):
            a_while(0.3, 1.2)
            ambiguous += mailbox.ambiguous()
            killed = time.monotonic()
            mailbox.sigkill()
            may = IN_HAND_MAX + self.arrivals.since(killed - REMOVALS_SECONDS)
            mailbox.start(seconds=60)
            left = mailbox.metrics().total("postern_deliver_ambiguous_total", reason="restart")
            self.assertLessEqual(left, may, "what is in hand, and the removals of the last 50 ms")
            most, bound = max(most, left), max(bound, may)
        return ambiguous, most, bound

    def check_mailbox_kills(self, mailbox):
        load = Load(mailbox.smtp_port)
        self.arrivals.loads.append(load)
        with load:
            ambiguous, most, bound = self.kill_mailbox(mailbox)
            a_while(0.3, 0.6)
        self.everything_arrives(load, mailbox)
        ambiguous += mailbox.ambiguous()
        named = collections.Counter(str(line["message_id"]) for line in
                                    mailbox.log("deliver", UNDER_WAY, all_runs=True))
        doubles = self.arrivals.doubles()
        unexplained = {number: times for number, times in doubles.items() if times > named[number]}
        print(f"kills {kills()}, acknowledged {len(load.acknowledged)}, lost 0, twice "
              f"{sum(doubles.values())}, ambiguous {ambiguous:.0f}, of one kill at most {most:.0f} "
              f"(bound {bound})", flush=True)
        self.assertEqual(unexplained, {}, "each double is one that was counted ambiguous, by id")
        self.assertLessEqual(sum(doubles.values()), ambiguous)
        self.assertGreater(len(load.acknowledged), 50 * kills())

    def test_killed_mailbox_transport_loses_nothing_that_it_acknowledged(self):
        self.to_smart_host(self.sink.port)
        self.check_mailbox_kills(self.mailbox(OFTEN_KILLED))

    def test_killed_mailbox_transport_loses_nothing_behind_a_front_end(self):
        self.to_smart_host(self.sink.port, front_end=self.frontend())
        self.check_mailbox_kills(self.mailbox(OFTEN_KILLED))

    def test_killed_front_end_leaves_no_message_cut_off(self):
        front_end = self.frontend()
        self.to_smart_host(self.sink.port, front_end=front_end)
        mailbox = self.mailbox({"deliver.proxy_reconnect_after": "200ms"})
        in_body = []
        self.sink.on_data = lambda message: in_body.append(message) if message.size > 65536 else 0
        load = Load(mailbox.smtp_port, clients=2, size=8_000_000, pause=0.4)
        self.arrivals.loads.append(load)
        with load:
            for _ in range(kills()):
                in_body.clear()
                wait_until(lambda: in_body, 20, "a body on its way", pause=0.001)
                a_while(0, 0.005)
                front_end.sigkill()
                front_end.start()
        self.everything_arrives(load, mailbox)
        doubles = sum(self.arrivals.doubles().values())
        print(f"kills {kills()}, acknowledged {len(load.acknowledged)}, cut off on the way "
              f"{len(self.sink.cut_off)}, cut off at the sink 0, twice {doubles}, "
              f"ambiguous {mailbox.ambiguous():.0f}", flush=True)
        self.assertGreater(len(self.sink.cut_off), 0, "the kills came in mid-body")
        self.assertLessEqual(doubles, mailbox.ambiguous())


class SubmitAgainTest(Case):
    """One key, one message, whatever happens between; the destination is down until the end."""

    def setUp(self):
        super().setUp()
        self.port = self.lab.free_port()
        self.to_smart_host(self.port)
        self.transport = self.mailbox()
        self.shell = Shell(self.lab, self.transport, "app-demo")
        self.letter = self.lab.path / "letter.eml"
        self.letter.write_text("From: <a@sender.test>\nSubject: once\n\n" + "text\n" * 20000)

    def words(self, key):
        return ["Send-Message", self.letter, "--from", "a@sender.test", "--to", "bob@contoso.test",
                "--idempotency-key", key]

    def submit(self, key):
        done = self.shell.run(*self.words(key), check=False)
        return done.stdout if done.returncode == 0 else None

    def test_the_same_key_over_a_kill_gives_one_message(self):
        keys = [f"key-{number}" for number in range(kills())]
        repeated = 0
        for key in keys:
            first = subprocess.Popen(
                [str(binary("postern")), *map(str, self.words(key))], env=self.shell.environment,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            a_while(0.0, 0.15)
            self.transport.sigkill()
            first.communicate(timeout=60)
            self.transport.start(seconds=60)
            receipt = self.submit(key)
            self.assertIsNotNone(receipt)
            repeated += "Repeated : True" in " ".join(receipt.split())
            again = self.submit(key)
            self.assertIn("Repeated : True", " ".join(again.split()))
        print(f"keys {len(keys)}, stored before the kill {repeated}", flush=True)
        self.assertEqual(self.transport.queued(), len(keys))
        sink = self.started(WireSink(self.port))
        self.transport.wait_empty(30)
        self.assertEqual(len(sink.messages), len(keys))

    def test_the_same_key_with_other_content_is_refused(self):
        self.assertIsNotNone(self.submit("key"))
        self.letter.write_text("From: <a@sender.test>\nSubject: another\n\ntext\n")
        done = self.shell.run(*self.words("key"), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("key", done.stderr)
        self.assertEqual(self.transport.queued(), 1)


if __name__ == "__main__":
    main()
