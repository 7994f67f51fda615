"""tests/interop/front_ends_test.py: two sites with front ends of their own, each in a network
namespace, found by DNS names: rolling restart, loss and return of all, more of them under load."""

import threading
import time

from cases import Case, main, send
from dnssec import SignedZones
from harness import wait_until
from load import Arrivals, Load, a_while, rate
from namespaces import Network
from site_front_ends import Site
from wire import WireSink

DOMAINS = 200


class FrontEndsTest(Case):
    def setUp(self):
        self.network = Network([f"{site}-{number}" for site in "ab" for number in (1, 2, 3)])
        self.addCleanup(self.network.close)  # after what runs in it has been stopped
        super().setUp()
        here = self.network.address
        self.names = self.started(SignedZones(self.lab, signed=(), broken=(), host=here))
        self.arrivals, self.of_site, self.lock = Arrivals(), {"a": [], "b": []}, threading.Lock()
        self.sink = self.started(WireSink(self.lab.free_port(), here, on_message=self.arrived))
        self.sites = {}
        self.names.a("mx.plain.test", here)
        self.names.mx("*.a.plain.test", (10, "mx.plain.test"))
        self.names.mx("*.b.plain.test", (10, "mx.plain.test"))

    def arrived(self, message):
        domain = message.recipients[0].partition("@")[2].partition(">")[0]
        with self.lock:
            self.of_site[domain.split(".")[1]].append(time.monotonic())
        self.arrivals.take(message)

    def site(self, name, front_ends=3):
        site = Site(self.lab, self.names, name, 1 + len(self.sites), front_ends, egress={
            "egress.dns_servers": [self.names.address], "egress.mx_port": self.sink.port},
            network=self.network)
        self.sites[name] = site
        site.write_directory()
        site.connector([f"*.{name}.plain.test"])
        return site

    def start(self, **started):
        for name, site in self.sites.items():
            site.start(started.get(name))

    def load(self, site, **more):
        """Mail to many domains of the site, each of which has a front end of its own choice."""
        name = site.name
        load = Load(site.mailbox.smtp_port, prefix=f"{name}-",
                    recipient=lambda id: f"bob@d{hash(id) % DOMAINS}.{name}.plain.test",
                    **{"clients": 3, "size": 20_000, "pause": 0.01, **more})
        self.arrivals.loads.append(load)
        return load

    def rate(self, name, since, until):
        with self.lock:
            return rate(self.of_site[name], since, until)

    def all_came(self, *loads, seconds=60):
        for load in loads:
            self.eventually(lambda: load.acknowledged.keys() <= self.arrivals.times.keys(),
                            seconds, "every acknowledged message at the sink")
        for site in self.sites.values():
            site.mailbox.wait_empty()
        acknowledged = set().union(*(load.acknowledged for load in loads))
        self.assertEqual(self.arrivals.wrong, [])
        return len(acknowledged), len(acknowledged - self.arrivals.times.keys())

    def twice(self):
        return sum(times - 1 for times in self.arrivals.times.values())

    def ambiguous(self):
        return int(sum(site.mailbox.ambiguous() for site in self.sites.values()))

    def test_rolling_restart_of_all_front_ends_under_load_loses_nothing(self):
        a, b = self.site("a"), self.site("b")
        self.start()
        with self.load(a) as to_a, self.load(b) as to_b:
            a_while(1, 1.2)
            for pair in zip(a.front_ends, b.front_ends):
                threads = [threading.Thread(target=one.site.roll, args=(one,)) for one in pair]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                a_while(0.5, 1)
        sent, lost = self.all_came(to_a, to_b)
        print(f"rolling restart of 2 x 3 front ends: {sent} messages, lost {lost}, "
              f"twice {self.twice()}, ambiguous {self.ambiguous()}", flush=True)
        self.assertEqual((lost, self.twice(), self.ambiguous()), (0, 0, 0))
        self.assertGreater(sent, 200)

    def test_without_its_front_ends_the_mail_of_a_site_waits_and_the_other_is_not_concerned(self):
        a, b = self.site("a"), self.site("b")
        self.start()
        with self.load(a, clients=2, pause=0.03) as to_a, \
                self.load(b, clients=2, pause=0.03) as to_b:
            a_while(3, 3)
            whole = time.monotonic()
            before = self.rate("b", whole - 3, whole)
            for one in a.front_ends:
                one.process.kill()
            a.publish()
            down = time.monotonic()
            time.sleep(4)
            waiting, during = a.mailbox.queued(), self.rate("b", down, time.monotonic())
            came_meanwhile = self.rate("a", down + 1, time.monotonic())
            ready = a.start_all_at_once()
            first = wait_until(lambda: next((at for at in self.of_site["a"] if at > ready), None),
                               20, "the first delivery")
            a_while(1, 1.5)
        sent, lost = self.all_came(to_a, to_b)
        print(f"all front ends of a killed: {waiting:.0f} messages wait; b has {before:.0f} a "
              f"second before, {during:.0f} meanwhile; first delivery {first - ready:.2f} s after "
              f"the first front end is ready; {sent} messages, lost {lost}, twice {self.twice()}, "
              f"ambiguous {self.ambiguous()}", flush=True)
        self.assertEqual((lost, came_meanwhile), (0, 0))
        self.assertGreater(waiting, 50)
        self.assertGreater(during, 0.8 * before)
        self.assertLessEqual(first - ready, 5)
        self.assertLessEqual(self.twice(), self.ambiguous())

    def test_mail_that_waits_alone_goes_when_a_front_end_is_there(self):
        a = self.site("a")
        self.start(a=0)
        for number in range(20):
            send(a.mailbox, f"bob@d{number}.a.plain.test", self.message(number))
        wait_until(lambda: a.mailbox.metrics().total("postern_queue_held_total") >= 20, 60,
                   "20 queues to be held")
        ready = a.start_all_at_once()
        wait_until(lambda: len(self.of_site["a"]) == 20, 20, "20 messages")
        first, last = (pick(self.of_site["a"]) - ready for pick in (min, max))
        print(f"20 queues that were held: the first goes {first:.2f} s, the last {last:.2f} s "
              f"after the first front end is ready", flush=True)
        self.assertLessEqual(first, 5)
        self.assertLessEqual(last, 15)

    @staticmethod
    def message(number):
        return f"Message-ID: <m{number}@x.test>\r\nSubject: x\r\n\r\nhello\r\n".encode()

    def test_from_one_front_end_to_three_each_has_its_share(self):
        a = self.site("a")
        self.start(a=1)
        with self.load(a) as load:
            a_while(1.5, 2)
            alone = a.front_ends[0].taken()
            for one in a.front_ends[1:]:
                a.bring(one)
            added = time.monotonic()
            wait_until(lambda: all(one.taken() for one in a.front_ends), 20, "mail through each")
            until_all = time.monotonic() - added
            before = [one.taken() for one in a.front_ends]
            a_while(4, 4)
            shares = [one.taken() - had for one, had in zip(a.front_ends, before)]
        sent, lost = self.all_came(load)
        whole = sum(shares)
        print(f"from 1 front end to 3: {alone:.0f} messages through one; then each has "
              + ", ".join(f"{share / whole:.0%}" for share in shares)
              + f" of {whole:.0f}, {until_all:.1f} s after they are ready; lost {lost}", flush=True)
        self.assertGreater(alone, 20)
        self.assertGreater(min(shares), 0.15 * whole)
        self.assertEqual((lost, self.twice()), (0, 0))


if __name__ == "__main__":
    main()
