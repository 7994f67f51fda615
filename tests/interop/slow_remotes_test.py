"""tests/interop/slow_remotes_test.py: what one host that takes a byte a second, and fifty domains
whose hosts do not answer, cost the others on the same streams."""

import time

from cases import Case, main, message, send
from dnssec import SignedZones
from harness import wait_until
from load import Arrivals, Load
from peers import SilentAddress
from site_front_ends import Site, SlowSink
from wire import WireSink

DEAD, PHASE_SECONDS, LOSS_MAX = 50, 6, 0.05
MB = 1024 * 1024


class SlowRemotesTest(Case):
    def setUp(self):
        super().setUp()
        self.arrivals = Arrivals()
        self.sink = self.started(WireSink(self.lab.free_port(), on_message=self.arrivals.take))
        self.slow = self.started(SlowSink(self.sink.port, "127.0.8.1"))
        names = SignedZones(self.lab, signed=(), broken=())
        names.a("mx.plain.test", "127.0.0.1")
        names.mx("*.good.plain.test", (10, "mx.plain.test"))
        names.a("slow.plain.test", "127.0.8.1")
        for number in range(1, DEAD + 1):
            self.started(SilentAddress(self.sink.port, f"127.0.9.{number}"))
            names.a(f"dead{number}.plain.test", f"127.0.9.{number}")
        self.names = self.started(names)
        self.site = Site(self.lab, names, "a", 1, 1, egress={
            "egress.dns_servers": [names.address], "egress.mx_port": self.sink.port})
        self.site.write_directory()
        self.site.connector(["*"], maxMessageSize="200MB")
        self.lab.write_manifest("TransportConfig", "organization", {"maxReceiveSize": "200MB"})
        self.site.start()

    def test_the_others_lose_nothing_by_a_slow_host_and_dead_domains_on_their_streams(self):
        front_end, mailbox = self.site.front_ends[0], self.site.mailbox
        load = Load(mailbox.smtp_port, clients=6, size=20_000, every=0.06,
                    recipient=lambda id: f"bob@d{hash(id) % 100}.good.plain.test")
        self.arrivals.loads.append(load)
        with load:
            time.sleep(2)
            start = time.monotonic()
            time.sleep(PHASE_SECONDS)
            before = self.arrivals.rate(start, time.monotonic())
            body = b"x" * 998 + b"\r\n"
            send(mailbox, "bob@slow.plain.test",
                 message("25 MB") + body * (25 * MB // len(body)))
            for number in range(1, DEAD + 1):
                send(mailbox, f"bob@dead{number}.plain.test", count=4)
            wait_until(lambda: self.slow.bytes >= 1 and
                       front_end.metrics().total("postern_egress_deliveries_open") > DEAD, 30,
                       "the slow host and the dead domains to be under way")
            start = time.monotonic()
            time.sleep(PHASE_SECONDS)
            until = time.monotonic()
            during = self.arrivals.rate(start, until)
            open_now = front_end.metrics().total("postern_egress_deliveries_open")
        wait_until(lambda: load.acknowledged.keys() <= self.arrivals.times.keys(), 30,
                   "every acknowledged message at the sink")
        loss = max(0, 1 - during / before)
        print(f"{before:.1f} messages a second before; {during:.1f} beside one host that has "
              f"read {self.slow.bytes} bytes of 25 MB and {DEAD} dead domains "
              f"({open_now:.0f} deliveries open): loss {loss:.1%}; peak memory of the front end "
              f"{front_end.memory() / MB:.0f} MB, of the mailbox-transport "
              f"{mailbox.memory() / MB:.0f} MB", flush=True)
        self.assertGreater(open_now, DEAD)
        self.assertGreater(before, 50)
        self.assertLessEqual(loss, LOSS_MAX)


if __name__ == "__main__":
    main()
