"""bench/relays.py

The relays that are compared: Postern direct, Postern through a front end, and a private Postfix.

Flow      relay = Postfix(lab, work); relay.start(); relay.port, relay.tree; relay.stop().
          `work` is the Work of the bench: where the sink is, how many destinations there are.
Failure   RuntimeError with the words of the program that did not start.
Lifetime  Everything lives in the lab's folder: settings, stores, queues. Nothing of the system's
          own Postfix is used or changed, apart from its programs.
See       tests/interop/harness.py; postconf(5)
"""

import dataclasses
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "interop"))

from harness import Lab, Process, wait_until  # noqa: E402
from processes import Tree  # noqa: E402
from services import FrontendTransport, MailboxTransport  # noqa: E402

__all__ = ["Direct", "FrontEnd", "Lab", "Names", "NoRelay", "Postfix", "Process", "Work", "answers",
           "wait_until"]


def answers(port):
    """Whether someone greets on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
            return peer.recv(3) == b"220"
    except OSError:
        return False


@dataclasses.dataclass
class Work:
    """What a relay is told of the work: to one next hop it has a smart host, to more it asks for
    their addresses."""

    sink_port: int
    destinations: int = 1
    names: str = ""  # the name server, for more than one
    io_threads: int = 1
    haraka: str = ""
    kumod: str = ""


class Names:
    """dnsmasq, for which all of .test is at the sink: at one of its addresses, or each of the
    domains that bench/load names at another."""

    def __init__(self, lab, apart=0):
        port = lab.free_port()
        self.address = f"127.0.0.1:{port}"
        known = lab.path / "names.conf"
        pairs = [(i // 250, i % 250 + 1) for i in range(apart)]
        known.write_text("".join(f"address=/{a}-{b}.test/127.1.{a}.{b}\n" for a, b in pairs))
        self.process = Process(lab, "dnsmasq", [
            "/usr/sbin/dnsmasq", "--keep-in-foreground", f"--conf-file={known}", "--no-resolv",
            "--no-hosts", "--pid-file=", f"--user={pwd.getpwuid(os.getuid()).pw_name}",
            "--local=/test/",
            f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces",
            "--address=/test/127.0.0.1", "--local-ttl=3600"])


class Direct:
    """mailbox-transport alone, which delivers to the sink as a smart host."""

    name = "postern-direct"
    proxied = False

    def __init__(self, lab, work):
        server = f"bench-{self.name}"
        self.front_end = self.tree = None
        asks = "egress" if self.proxied else "deliver"
        names = {f"{asks}.dns_servers": [work.names], f"{asks}.mx_port": work.sink_port} \
            if work.names else {}
        if self.proxied:
            self.front_end = FrontendTransport(
                lab, {"server.io_threads": work.io_threads, **names})
        self.port = lab.free_port()
        self.mailbox = MailboxTransport(
            lab, {"server.io_threads": work.io_threads, **({} if self.proxied else names),
                  "directory.path": str(lab.path / f"directory-{self.name}")}, name=server,
            listeners=[f"name=relay address=127.0.0.1:{self.port} tls=none auth=none"])
        self._write_directory(lab, server, work)

    def _write_directory(self, lab, server, work):
        folder = lab.path / f"directory-{self.name}"
        folder.mkdir()
        shared, lab._directory = lab._directory, folder
        lab.site([self.front_end.address] if self.proxied else (), servers=(server,))
        way = {} if work.names else {
            "dnsRoutingEnabled": False, "smartHosts": ["[127.0.0.1]"], "port": work.sink_port}
        lab.write_manifest("SendConnector", "bench", {
            "name": "bench", "usage": "Internet", "addressSpaces": ["*"], **way,
            "frontendProxyEnabled": self.proxied, "sourceTransportServers": [server]})
        lab._directory = shared

    def start(self):
        if self.proxied:
            self.front_end.start()
        self.mailbox.start()
        wait_until(lambda: answers(self.port), 20, f"{self.name} to greet")
        self.tree = Tree(self.name, [service.process.pid for service in self.services()])

    def services(self):
        return [self.mailbox, self.front_end] if self.proxied else [self.mailbox]

    def syncs(self):
        """How often the store has synced."""
        return self.mailbox.metrics().total("postern_store_syncs_total")

    def stop(self):
        for service in self.services():
            if service.process is not None:
                service.process.stop(40)
        self.tree.close()


class FrontEnd(Direct):
    """mailbox-transport and frontend-transport, with mTLS between them."""

    name = "postern-front-end"
    proxied = True


class NoRelay:
    """The generator straight to the sink: the ceiling of both together."""

    name = "no-relay"

    def __init__(self, _, work):
        self.port = work.sink_port

    def start(self):
        self.tree = Tree(self.name, [])

    def syncs(self):
        return None

    def stop(self):
        self.tree.close()


MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup     unix n - n 60    1 pickup
cleanup    unix n - n -     0 cleanup
qmgr       unix n - n 300   1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n -     - trivial-rewrite
bounce     unix - - n -     0 bounce
defer      unix - - n -     0 bounce
trace      unix - - n -     0 bounce
verify     unix - - n -     1 verify
flush      unix n - n 1000? 0 flush
proxymap   unix - - n -     - proxymap
proxywrite unix - - n -     1 proxymap
smtp       unix - - n -     - smtp
relay      unix - - n -     - smtp
showq      unix n - n -     - showq
error      unix - - n -     - error
retry      unix - - n -     - error
discard    unix - - n -     - discard
local      unix - n n -     - local
virtual    unix - n n -     - virtual
lmtp       unix - - n -     - lmtp
anvil      unix - - n -     1 anvil
scache     unix - - n -     1 scache
postlog    unix-dgram n - n - 1 postlogd
"""

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = bench-postfix.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink_port}
smtp_host_lookup = native
local_recipient_maps =
alias_maps =
alias_database =
"""


class Postfix:
    """A Postfix of the bench's own. What main.cf does not say has Postfix's default, its durability
    and its concurrency above all."""

    name = "postfix"

    def __init__(self, lab, work):
        self.lab = lab
        self.port = lab.free_port()
        self.root = lab.path / "postfix"
        self.config = self.root / "etc"
        self.config.mkdir(parents=True)
        (self.root / "queue").mkdir()
        (self.root / "data").mkdir()
        shutil.chown(self.root / "data", "postfix")
        (self.config / "master.cf").write_text(MASTER_CF.format(port=self.port))
        (self.config / "main.cf").write_text(
            MAIN_CF.format(root=self.root, sink_port=work.sink_port))
        for name in ("dynamicmaps.cf", "postfix-files"):
            if (pathlib.Path("/etc/postfix") / name).exists():
                shutil.copy(f"/etc/postfix/{name}", self.config / name)
        self.master = self.tree = None

    def start(self):
        if os.geteuid() != 0:
            raise RuntimeError("Postfix needs root to start: "
                               "--only postern-direct,postern-front-end leaves it out")
        checked = subprocess.run(["/usr/sbin/postfix", "-c", str(self.config), "check"],
                                 capture_output=True, text=True, timeout=60)
        if checked.returncode != 0:
            raise RuntimeError(f"postfix check: {checked.stdout}{checked.stderr}")
        # Without -c it reads /etc/postfix/main.cf, which a machine need not have.
        daemons = subprocess.run(
            ["/usr/sbin/postconf", "-c", str(self.config), "-h", "daemon_directory"],
            capture_output=True, text=True, timeout=10, check=True).stdout.strip()
        self.master = Process(self.lab, "postfix-master", [f"{daemons}/master", "-c", self.config,
                                                           "-d"])
        wait_until(lambda: answers(self.port) or not self.master.alive(), 20, "Postfix to greet")
        if not self.master.alive():
            raise RuntimeError(f"Postfix ended at its start:\n{self.master.tail()}")
        self.tree = Tree(self.name, [self.master.pid])

    def syncs(self):
        return None

    def stop(self):
        if self.master is None:
            return
        left = [pid for pid in self.tree.pids() if pid != self.master.pid]
        self.master.stop(20)
        end = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in left) and time.monotonic() < end:
            time.sleep(0.05)
        self.tree.close()
