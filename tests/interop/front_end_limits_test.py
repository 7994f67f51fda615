"""tests/interop/front_end_limits_test.py: what a front end may open at a time, to one host and in
all; and what it tells of mail exchangers that do not answer."""

from cases import Case, main, send
from dnssec import SignedZones
from harness import wait_until
from services import Shell
from site_front_ends import Site
from wire import WireSink

HOSTS = ("127.0.7.1", "127.0.7.2", "127.0.7.3")


def short_of_places(mailbox):
    """The attempts that waited for a place in vain."""
    return [line for line in mailbox.log("deliver", "not delivered to all")
            if "all sessions are in use" in line["result"]]


class FrontEndLimitsTest(Case):
    def world(self, **egress):
        self.names = SignedZones(self.lab, signed=(), broken=())
        for number, host in enumerate(HOSTS, 1):
            self.names.a(f"mx{number}.plain.test", host)
            for domain in ("one", "two"):
                self.names.mx(f"{domain}{number}.plain.test", (10, f"mx{number}.plain.test"))
        self.started(self.names)
        self.port = self.lab.free_port()
        self.site = Site(self.lab, self.names, "a", 1, 1, egress={
            "egress.dns_servers": [self.names.address], "egress.mx_port": self.port, **egress})
        self.site.write_directory()
        self.site.connector(["*"])
        self.site.start()
        return self.site.mailbox

    def sinks(self, hosts=HOSTS, **more):
        return [self.started(WireSink(self.port, host, **more)) for host in hosts]

    def test_sessions_to_one_host_and_in_all_stay_within_their_limits(self):
        mailbox = self.world(**{"egress.max_connections": 3, "egress.max_connections_per_host": 2})
        sinks = self.sinks(dot_delay=lambda: 0.1)
        open_max = 0
        for number in (1, 2, 3):
            send(mailbox, f"bob@one{number}.plain.test", count=20)
        def all_came():
            nonlocal open_max
            open_max = max(open_max, sum(sink.open for sink in sinks))
            return sum(len(sink.messages) for sink in sinks) == 60
        wait_until(all_came, 60, "60 messages", 0.005)
        each = [sink.open_max for sink in sinks]
        print(f"60 messages to 3 hosts, at most 2 sessions to each and 3 in all: at most {each} "
              f"to each, {open_max} in all", flush=True)
        self.assertLessEqual(max(each), 2)
        self.assertEqual(max(each), 2)
        self.assertLessEqual(open_max, 4)  # one that is being closed is not yet seen to be

    def test_mail_that_finds_no_place_is_tried_again_as_soon_as_there_is_one(self):
        mailbox = self.world(**{"egress.max_connections": 1, "egress.connect_timeout": "1s"})
        mailbox.sigterm()
        mailbox.settings["queue.message_retry_interval"] = "5m"
        mailbox.start()
        sinks = self.sinks(dot_delay=lambda: 2.5)
        for number in (1, 2, 3):
            for domain in ("one", "two"):
                send(mailbox, f"bob@{domain}{number}.plain.test")
        wait_until(lambda: sum(len(sink.messages) for sink in sinks) == 6, 60, "6 messages")
        self.assertTrue(short_of_places(mailbox))

    def failures(self):
        return self.site.front_ends[0].metrics().total("postern_egress_connection_failures_total")

    def test_a_domain_whose_exchangers_are_known_not_to_answer_is_not_tried_then_it_is(self):
        mailbox = self.world(**{"egress.connect_timeout": "1s"})
        mailbox.sigterm()
        mailbox.settings["queue.queue_glitch_retry_interval"] = "3s"
        mailbox.settings["queue.queue_max_idle_time"] = "5s"
        mailbox.start()
        sink, = self.sinks(HOSTS[:1])
        for domain in ("one1", "two1"):
            send(mailbox, f"bob@{domain}.plain.test")
        sink.wait_for(2)
        sink.stop()
        # Queues of one MX set wait together; of a new one the set is not known yet.
        shell = Shell(self.lab, mailbox)
        self.eventually(lambda: not [row for row in shell.json("Get-Queue")["queues"]
                                     if row["nextHopDomain"].endswith("1.plain.test")],
                        15, "the queues to go")
        said = self.waits(mailbox, "bob@one1.plain.test")
        self.assertNotIn("not tried", said)
        self.assertEqual(self.failures(), 1)
        said = self.waits(mailbox, "bob@two1.plain.test")
        print(f"two domains, one exchanger: {said}", flush=True)
        self.assertIn("as mail to one1.plain.test has shown; not tried", said)
        self.assertEqual(self.failures(), 1)
        self.assertEqual(
            self.site.front_ends[0].metrics().total("postern_egress_destinations_blocked_total"), 1)
        again, = self.sinks(HOSTS[:1])
        again.wait_for(2, 15)  # long before the block would end
        mailbox.wait_empty()


class DirectLimitsTest(Case):
    def test_mail_that_finds_no_place_is_tried_again_as_soon_as_there_is_one(self):
        sink = self.started(WireSink(self.lab.free_port(), dot_delay=lambda: 2.5))
        self.to_smart_host(sink.port)
        mailbox = self.mailbox({
            "deliver.max_connections_per_host": 1, "deliver.connect_timeout": "1s",
            "queue.first_connections": 5, "queue.message_retry_interval": "5m"})
        send(mailbox, "bob@contoso.test", count=5)
        sink.wait_for(5, 60)
        self.assertEqual(sink.open_max, 1)
        self.assertTrue(short_of_places(mailbox))


if __name__ == "__main__":
    main()
