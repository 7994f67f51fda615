"""tests/interop/mx_set_test.py: domains that share their mail exchangers, as dnsmasq names them."""

import time

from cases import Case, main, message
from peers import NameServer
from services import Shell
from wire import WireClient, WireSink

DOMAINS = [f"tenant{number}.test" for number in range(20)]
FIRST, SECOND = "127.0.0.41", "127.0.0.42"
HOSTS = {"mx1.provider.test": FIRST, "mx2.provider.test": SECOND}
# One set, whatever the order of the answers.
MX = {domain: [(10, "mx1.provider.test"), (20, "mx2.provider.test")] for domain in DOMAINS}
SET = "10 mx1.provider.test, 20 mx2.provider.test"
INTERVAL = 2  # seconds between the tries of hosts that are down


class MxSetTest(Case):
    proxied = False

    def start(self, slow=0.0, threads=2, names=MX, **settings):
        port = self.lab.free_port()
        self.names = self.started(NameServer(self.lab, names, HOSTS))
        self.arrived = []
        self.hosts = [self.started(WireSink(port, address, dot_delay=lambda: slow,
                                            on_message=self.arrives))
                      for address in (FIRST, SECOND)]
        step = "egress" if self.proxied else "deliver"
        speaks = {f"{step}.mx_port": port, f"{step}.dns_servers": [self.names.address]}
        # Sessions are of one thread: with one of them what is kept idle serves whatever comes next.
        front_ends = [self.frontend({**speaks, "server.io_threads": 1})] if self.proxied else []
        self.lab.site([front_end.address for front_end in front_ends])
        self.lab.connector("internet", ["*"], frontendProxyEnabled=self.proxied)
        self.transport = self.mailbox({
            **({} if self.proxied else speaks), "server.io_threads": threads,
            "queue.queue_glitch_retry_interval": f"{INTERVAL}s",
            "queue.queue_glitch_retry_count": 15,
            **{f"queue.{name}": value for name, value in settings.items()}})

    def arrives(self, _):
        self.arrived.append(time.monotonic())

    def send(self, domains, each=1):
        with WireClient(self.transport.smtp_port) as client:
            client.hello()
            for number in range(each):
                for domain in domains:
                    code, text = client.deliver("alice@sender.test", [f"bob@{domain}"],
                                                message(f"{domain} {number}"))
                    self.assertEqual(code, 250, text)

    def taken(self):
        return sum(len(host.messages) for host in self.hosts)

    def queues(self):
        return Shell(self.lab, self.transport).json("Get-Queue")["queues"]

    def tries(self, domains):
        """How often the first host is tried in a window, by the domains together."""
        self.start()
        for host in self.hosts:
            host.answers["GREETING"] = "CLOSE"
        self.send(domains)
        self.eventually(lambda: self.hosts[1].connections, 10, "the first failure")
        before = self.hosts[0].connections
        time.sleep(4 * INTERVAL)
        return self.hosts[0].connections - before

    def test_twenty_domains_whose_hosts_are_down_are_tried_as_often_as_one(self):
        tries = self.tries(DOMAINS)
        self.assertGreaterEqual(tries, 2)
        self.assertLessEqual(tries, 5)
        rows = [row for row in self.queues() if row["nextHopDomain"] in DOMAINS]
        self.assertEqual(len(rows), 20)
        self.assertEqual({row["mxSet"] for row in rows}, {SET})
        trying = [row for row in rows if row["status"] == "Connecting"]
        self.assertLessEqual(len(trying), 1)
        self.assertEqual({row["status"] for row in rows if row not in trying}, {"Retry"})
        self.assertEqual([row for row in rows if SECOND not in row["lastError"]], [])
        metrics = self.transport.metrics()
        self.assertEqual(metrics.total("postern_queue_mx_sets"), 1)
        self.assertEqual(metrics.total("postern_queue_mx_sets_down"), 1)

        for host in self.hosts:
            host.answers.pop("GREETING")
        self.transport.wait_empty(4 * INTERVAL)
        self.assertEqual(self.taken(), 20)
        self.assertEqual(self.transport.metrics().total("postern_queue_mx_sets_down"), 0)

    def test_two_hundred_domains_whose_host_says_421_make_a_few_connections(self):
        domains = [f"tenant{number}.test" for number in range(200)]
        self.start(names={domain: [(10, "mx1.provider.test")] for domain in domains})
        self.hosts[0].answers["EHLO"] = "421 4.3.2 not now"
        self.send(domains)
        self.eventually(lambda: self.hosts[0].connections, 10, "the first failure")
        time.sleep(4 * INTERVAL)
        self.assertLessEqual(self.hosts[0].connections, 8)
        of_set = [row for row in self.queues() if row["mxSet"] == "10 mx1.provider.test"]
        self.assertEqual(len(of_set), 200)

        self.hosts[0].answers.pop("EHLO")
        self.transport.wait_empty(30)
        self.assertEqual(self.taken(), 200)

    def test_what_waits_for_its_hosts_is_not_in_hand_at_a_crash(self):
        self.start()
        for host in self.hosts:
            host.answers["EHLO"] = "421 4.3.2 not now"
        self.send(DOMAINS)
        self.eventually(lambda: [row["mxSet"] for row in self.queues()].count(SET) == 20, 10,
                        "all queues of the set")
        self.transport.sigkill()
        self.transport.start()
        restored = self.transport.log("queue", "restored")[-1]
        self.assertEqual(restored["messages"], 20)
        self.assertLessEqual(restored["in_hand"], 1)  # the one that tries

    def test_one_domain_alone_is_tried_as_often(self):
        self.assertIn(self.tries(DOMAINS[:1]), range(2, 6))

    def test_the_limit_of_the_set_holds_over_all_domains_and_threads(self):
        self.start(slow=0.02, max_per_mx_set_outbound_connections=3)
        self.send(DOMAINS, each=10)
        self.transport.wait_empty(60)
        self.assertEqual(self.taken(), 200)
        self.assertEqual(self.hosts[0].open_max, 3)
        self.assertEqual(self.hosts[1].open_max, 0)

    def test_the_pace_of_a_provider_holds_over_all_domains(self):
        self.start(threads=1, rate_limits=["mx:provider.test=5/s"])
        self.send(DOMAINS)
        self.transport.wait_empty(30)
        times = sorted(self.arrived)
        self.assertEqual(len(times), 20)
        self.assertGreater(times[-1] - times[0], 3)  # 19 intervals of 0.2 s

    def test_a_session_serves_one_domain_after_the_other(self):
        self.start(threads=1, max_per_mx_set_outbound_connections=1)
        self.send(DOMAINS)
        self.transport.wait_empty(30)
        self.assertEqual(self.taken(), 20)
        self.assertEqual(self.hosts[0].connections, 1)


class ThroughAFrontEndTest(MxSetTest):
    """The same where a front end looks the hosts up."""

    proxied = True


if __name__ == "__main__":
    main()
