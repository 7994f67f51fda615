"""tests/interop/site_front_ends.py

A site with its mailbox-transport and front ends of its own, which are found by one name in the DNS:
each front end has an address of its own, and the name has those that are ready, as that of a
headless Service of Kubernetes does.

Flow      names = SignedZones(lab, signed=(), broken=()).start(); site = Site(lab, names, "a", 1, 3)
          site.write_directory(); site.start(); site.roll(front_end).
Failure   AssertionError with the words of the service.
Lifetime  The lab ends what was started.
Limits    One port for all front ends; certificates as in a cluster. With a Network each front end
          is on the host <name>-<number>; otherwise it is 127.0.<site's number>.<number>.
"""

import socket
import threading
import time

from harness import wait_until
from namespaces import HTTP_PORT
from services import QUICK, FrontendTransport, MailboxTransport


class SiteFrontEnd(FrontendTransport):
    def __init__(self, site, number, settings=None):
        self.site = site
        self.host = f"{site.name}-{number}"
        alone = site.network is not None
        self.ip = site.network.hosts[self.host] if alone else f"127.0.{site.number}.{number}"
        reached = {"server.http_address": f"{self.ip}:{HTTP_PORT}"} if alone else {}
        super().__init__(site.lab, {
            "server.name": f"mx{number}.{site.name}.example.test", "server.site": site.name,
            "server.proxy_address": f"{self.ip}:{site.port}",
            **site.lab.rpc_settings("frontend-transport", site.name), **reached,
            **(settings or {})})
        self.http_address = self.settings["server.http_address"]

    def launch(self, wrapper=()):
        network = self.site.network
        inside = network.inside(self.host) if network is not None else ()
        return super().launch((*inside, *wrapper))

    def taken(self):
        return self.metrics().total("postern_egress_recipients_total", result="delivered")


class Site:
    publishing = threading.Lock()  # one change of the zone at a time

    def __init__(self, lab, names, name, number, front_ends, settings=None, egress=None,
                 network=None):
        self.lab, self.names, self.name, self.number = lab, names, name, number
        self.network = network
        self.port = lab.free_port()
        self.service = f"frontend-transport.{name}.plain.test"
        self.front_ends = [SiteFrontEnd(self, i, egress) for i in range(1, front_ends + 1)]
        self.mailbox = MailboxTransport(lab, {
            **QUICK, **lab.rpc_settings("mailbox-transport", name),
            "deliver.front_end_refresh": "1s",
            "deliver.front_end_dns_servers": [names.address], **(settings or {})},
            name=f"{name}-0")

    def write_directory(self):
        self.lab.write_manifest("Site", self.name,
                                {"frontEnds": [f"dns:///{self.service}:{self.port}"]})
        self.lab.write_manifest("TransportServer", self.mailbox.name, {"site": self.name})

    def connector(self, spaces, name=None, **spec):
        """By MX records, through the front ends."""
        self.lab.connector(name or f"of-{self.name}", spaces, frontendProxyEnabled=True,
                           sourceTransportServers=[f"site/{self.name}"], **spec)

    def start(self, front_ends=None):
        for one in self.front_ends[:front_ends]:
            self.bring(one)
        self.mailbox.start()

    def bring(self, front_end):
        """Starts it; it gets its address when it is ready."""
        front_end.start()
        self.publish()

    def publish(self):
        """The name has the addresses of those that are ready."""
        with Site.publishing:
            ready = [one.ip for one in self.front_ends
                     if one.process is not None and one.process.alive() and one.ready()]
            self.names.replace(self.service, "A", *ready)

    def leave(self, front_end):
        """What a pod does that is deleted: it is told to stop, and its address goes."""
        stopping = threading.Thread(target=lambda: front_end.sigterm())
        stopping.start()
        wait_until(lambda: not front_end.ready(), 10, "the front end to be not ready", 0.005)
        self.publish()
        stopping.join(45)
        assert not front_end.process.alive(), "the front end does not stop"
        assert front_end.process.child.returncode == 0, front_end.process.tail()

    def roll(self, front_end):
        self.leave(front_end)
        self.bring(front_end)

    def start_all_at_once(self):
        """Gives the moment at which the first of them was ready; each has its address at once."""
        for one in self.front_ends:
            one.launch()
        first, ready = None, set()
        end = time.monotonic() + 30
        while len(ready) < len(self.front_ends):
            assert time.monotonic() < end, "the front ends do not start"
            for one in self.front_ends:
                if one not in ready and one.ready():
                    ready.add(one)
                    first = first or time.monotonic()
                    self.publish()
            time.sleep(0.01)
        return first


class SlowSink:
    """A host that takes a message at one byte a second; `bytes` is how many it has."""

    def __init__(self, port, address):
        self.port, self.address, self.bytes = port, address, 0
        self._stop = threading.Event()

    def start(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind((self.address, self.port))
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def _accept(self):
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb", buffering=0) as lines:
            try:
                connection.sendall(b"220 slow.test\r\n")
                while line := lines.readline():
                    verb = line.split()[0].upper()
                    connection.sendall(b"354 go on\r\n" if verb == b"DATA" else b"250 ok\r\n")
                    if verb == b"DATA":
                        break
                while not self._stop.wait(1) and connection.recv(1):
                    self.bytes += 1
            except OSError:
                return

    def stop(self):
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
