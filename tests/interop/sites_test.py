"""tests/interop/sites_test.py: three sites in network namespaces, with link costs and mTLS; mail
that is accepted in one is sent by the servers of another, whatever happens between.

POSTERN_KILLS says how often the crash tests kill (3).
"""

import collections
import threading
import time

from cases import Case, main
from harness import wait_until
from load import Arrivals, Load, a_while, kills, seeded
from namespaces import SMTP_PORT, Network, SiteServer
from services import QUICK
from wire import WireClient, WireSink

HOSTS = {"a-0": "a", "b-0": "b", "c-0": "c", "c-1": "c"}
TO_SOURCES = "SmtpRelayToConnectorSourceServers"
AT_A_SITE = {**QUICK, "deliver.relay_connect_timeout": "1s", "server.stop_grace": "2s"}


def reasons(server):
    """The possible doubles that a server has counted in this life, by reason."""
    samples = server.metrics().get("postern_deliver_ambiguous_total", ())
    return {labels["reason"]: int(value) for labels, value in samples if value}


class SitesTest(Case):
    def setUp(self):
        self.network = None
        super().setUp()
        self.network = Network(HOSTS)
        self.arrivals = Arrivals()
        self.sink = WireSink(self.lab.free_port(), self.network.address,
                             on_message=self._arrived).start()
        self.addCleanup(self.sink.stop)
        self.lock = threading.Lock()
        self.ways, self.times = {}, {}
        self.servers = {}

    def _close(self):
        super()._close()
        if self.network is not None:
            self.network.close()  # after the processes in it

    def _arrived(self, message):
        """Notes which servers the message passed, the last one first, and how often it came."""
        fields = bytes(message.data).split(b"\r\n\r\n", 1)[0].decode().replace("\r\n\t", " ")
        fields = fields.replace("\r\n ", " ").split("\r\n")
        by = [field.split(" by ")[1].split()[0].removesuffix(".test")
              for field in fields if field.startswith("Received:")]
        name = message.header("Message-ID").strip("<>").split("@")[0]
        with self.lock:
            self.ways[name] = by
            self.times[name] = self.times.get(name, 0) + 1
        if self.arrivals.loads:
            self.arrivals.take(message)

    def directory(self, hub_b=False):
        """Sites a - b - c in a line of links; the connector is sent by the servers of c."""
        for site in "abc":
            spec = {"hubSiteEnabled": True} if site == "b" and hub_b else {"comment": "plain"}
            self.lab.write_manifest("Site", site, spec)
        self.lab.write_manifest("SiteLink", "a-b", {"sites": ["a", "b"], "cost": 10})
        self.lab.write_manifest("SiteLink", "b-c", {"sites": ["b", "c"], "cost": 20})
        for name, site in HOSTS.items():
            self.lab.write_manifest("TransportServer", name, {
                "site": site, "relayAddress": f"{self.network.hosts[name]}:7172"})
        self.lab.connector("contoso", ["*.test"], dnsRoutingEnabled=False,
                           smartHosts=[f"[{self.network.address}]"], port=self.sink.port,
                           sourceTransportServers=["site/c"])

    def start(self, settings=None, **directory):
        self.directory(**directory)
        for name, site in HOSTS.items():
            self.servers[name] = SiteServer(self.lab, self.network, name, site,
                                            {**AT_A_SITE, **(settings or {})})
            self.servers[name].launch()
        for name, server in self.servers.items():
            wait_until(server._ready_or_dead, 30, f"{name} to be ready")
            self.assertTrue(server.ready(), server.process.tail())

    def send(self, count, prefix="m"):
        with WireClient(SMTP_PORT, self.servers["a-0"].address) as client:
            client.hello()
            for number in range(count):
                content = (f"Subject: test\r\nMessage-ID: <{prefix}{number}@x.test>\r\n"
                           f"\r\nhello\r\n").encode()
                code, text = client.deliver("ann@sender.test", ["bob@contoso.test"], content)
                self.assertEqual(code, 250, text)

    def all_came(self, count, seconds=40):
        wait_until(lambda: len(self.times) >= count, seconds, f"{count} messages at the sink")
        self.assertEqual(len(self.times), count)

    def total(self, what):
        return sum(what(server) for server in self.servers.values())

    def doubles(self):
        return sum(times - 1 for times in self.times.values())

    # proves: SourceTransportServers
    def test_mail_from_a_goes_to_c_directly_and_its_servers_share_it(self):
        self.start()
        self.send(60)
        self.all_came(60)
        shares = {name: self.servers[name].relayed() for name in ("b-0", "c-0", "c-1")}
        print(f"60 messages from a: relayed to {shares}", flush=True)
        self.assertEqual({way[-1] for way in self.ways.values()}, {"a-0"})
        self.assertEqual({len(way) for way in self.ways.values()}, {2}, "from a to c in one hop")
        self.assertEqual(shares["b-0"], 0)
        self.assertGreater(min(shares["c-0"], shares["c-1"]), 10)
        self.assertEqual(self.doubles() + self.total(SiteServer.ambiguous), 0)

    def test_the_route_is_told_with_its_sites_and_servers(self):
        self.start(hub_b=True)
        route = self.servers["a-0"].shell().json("Test-Route", "bob@contoso.test")
        self.assertEqual(route["deliveryType"], "SmtpRelayToRemoteActiveDirectorySite")
        self.assertEqual([(stop["site"], stop.get("cost", 0), stop.get("hub", False))
                          for stop in route["path"]],
                         [("a", 0, False), ("b", 10, True), ("c", 30, False)])
        self.assertEqual(route["nextStop"], "b")
        self.assertEqual([server["name"] for server in route["servers"]], ["b-0"])
        print(self.servers["a-0"].shell().run("Test-Route", "bob@contoso.test").stdout, flush=True)

    def test_mail_stops_at_b_when_b_is_a_hub(self):
        self.start(hub_b=True)
        self.send(40)
        self.all_came(40)
        for way in self.ways.values():
            self.assertEqual(way[1:], ["b-0", "a-0"], "through the hub")
        self.assertEqual(self.servers["b-0"].relayed(), 40)
        self.directory(hub_b=False)  # from now on past it
        wait_until(lambda: len({server.directory_version()
                                for server in self.servers.values()}) == 1
                   and len(self.servers["a-0"].log("route", "in force")) > 2,
                   10, "the directory to be in force")
        self.send(20, "later")
        self.all_came(60)
        direct = [way for name, way in self.ways.items() if name.startswith("later")]
        self.assertEqual({len(way) for way in direct}, {2})
        print("40 messages A -> B -> C, then 20 messages A -> C", flush=True)

    def test_with_c_cut_off_the_mail_waits_at_b_and_goes_when_c_is_back(self):
        self.start()
        self.send(5)
        self.all_came(5)
        self.network.cut("c-0", "c-1")
        self.send(30, "waits")
        b = self.servers["b-0"]
        wait_until(lambda: b.waiting(TO_SOURCES) == 30, 90, "30 messages to wait at b")
        queues = [queue for queue in b.shell().json("Get-Queue")["queues"]
                  if queue["deliveryType"] == TO_SOURCES]
        self.assertEqual(len(queues), 1)
        wait_until(lambda: b.metrics().total("postern_queue_ladder_steps_total") > 0, 10, "Retry")
        queue = b.shell().json("Get-Queue", queues[0]["identity"])["queues"][0]
        print(f"cut off: {queue['messageCount']} messages wait at b, {queue['status']}: "
              f"{queue.get('lastError', '')[:120]}", flush=True)
        self.assertEqual(queue["status"], "Retry")
        self.assertEqual(self.servers["a-0"].queued(), 0, "the point of failure is beyond b")
        self.assertEqual(len(self.times), 5)
        self.network.join("c-0", "c-1")
        self.all_came(35)
        doubles, ambiguous = self.doubles(), self.total(SiteServer.ambiguous)
        print(f"back: lost 0, twice {doubles}, ambiguous {ambiguous:.0f}", flush=True)
        self.assertLessEqual(doubles, ambiguous)
        self.assertEqual({way[-2:][0] for name, way in self.ways.items()
                          if name.startswith("waits")}, {"b-0"})

    def test_with_b_and_c_cut_off_the_mail_waits_at_a(self):
        self.start()
        self.network.cut("b-0", "c-0", "c-1")
        self.send(20)
        a = self.servers["a-0"]
        wait_until(lambda: a.metrics().total("postern_queue_ladder_steps_total") > 0, 30, "Retry")
        self.assertEqual(a.waiting(TO_SOURCES), 20)
        self.network.join("b-0", "c-0", "c-1")
        self.all_came(20)
        self.assertLessEqual(self.doubles(), self.total(SiteServer.ambiguous))

    def kill_under_load(self, *names):
        """Kills each of these in turn while mail comes; all that was acknowledged arrives."""
        # Longer than a restart takes: a relay without an answer is repeated on the same server.
        self.start({"queue.message_retry_interval": "6s"})
        seed = seeded()
        ambiguous = collections.Counter()
        load = Load(SMTP_PORT, address=self.servers["a-0"].address, clients=6)
        self.arrivals.loads.append(load)
        with load:
            for _ in range(kills()):
                for name in names:
                    a_while(0.3, 1.0)
                    server = self.servers[name]
                    ambiguous.update(reasons(server))
                    server.sigkill()
                    a_while(0.0, 0.3)
                    server.start(seconds=60)
            a_while(0.3, 0.6)
        seen, moved = -1, time.monotonic()
        while not load.acknowledged.keys() <= self.times.keys():
            if len(self.times) > seen:
                seen, moved = len(self.times), time.monotonic()
            missing = load.acknowledged.keys() - self.times.keys()
            self.assertLess(time.monotonic() - moved, 30, f"nothing comes, {missing} are lost")
            time.sleep(0.05)
        for server in self.servers.values():
            server.wait_empty(60)
        for server in self.servers.values():
            ambiguous.update(reasons(server))
        doubles = self.doubles()
        repeats = sum(len(server.log("accept", "message repeated", all_runs=True))
                      for server in self.servers.values())
        print(f"seed {seed}: killed {', '.join(names)} {kills()} times, acknowledged "
              f"{len(load.acknowledged)}, lost 0, twice {doubles}, ambiguous {dict(ambiguous)}, "
              f"relays that had their first receipt again {repeats}", flush=True)
        self.assertEqual(self.arrivals.wrong, [], "no message arrived cut or changed")
        self.assertLessEqual(doubles, ambiguous.total())
        self.assertGreater(len(load.acknowledged), 30 * kills())

    def test_killing_the_server_that_relays_loses_nothing(self):
        self.kill_under_load("a-0")

    def test_killing_the_servers_that_receive_loses_nothing(self):
        self.kill_under_load("c-0", "c-1")


if __name__ == "__main__":
    main()
