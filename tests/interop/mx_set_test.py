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
    def start(self, slow=0.0, threads=2, **settings):
        port = self.lab.free_port()
        self.names = self.started(NameServer(self.lab, MX, HOSTS))
        self.hosts = [self.started(WireSink(port, address, dot_delay=lambda: slow))
                      for address in (FIRST, SECOND)]
        self.lab.site()
        self.lab.connector("internet", ["*"])
        self.transport = self.mailbox({
            "deliver.mx_port": port, "deliver.dns_servers": [self.names.address],
            "server.io_threads": threads,
            "queue.queue_glitch_retry_interval": f"{INTERVAL}s",
            "queue.queue_glitch_retry_count": 15,
            **{f"queue.{name}": value for name, value in settings.items()}})

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

    def test_one_domain_alone_is_tried_as_often(self):
        self.assertIn(self.tries(DOMAINS[:1]), range(2, 6))

    def test_the_limit_of_the_set_holds_over_all_domains_and_threads(self):
        self.start(slow=0.02, max_per_mx_set_outbound_connections=3)
        self.send(DOMAINS, each=10)
        self.transport.wait_empty(60)
        self.assertEqual(self.taken(), 200)
        self.assertEqual(self.hosts[0].open_max, 3)
        self.assertEqual(self.hosts[1].open_max, 0)

    def test_a_session_serves_one_domain_after_the_other(self):
        self.start(threads=1, max_per_mx_set_outbound_connections=1)
        self.send(DOMAINS)
        self.transport.wait_empty(30)
        self.assertEqual(self.taken(), 20)
        self.assertEqual(self.hosts[0].connections, 1)


if __name__ == "__main__":
    main()
