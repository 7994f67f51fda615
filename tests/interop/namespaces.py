"""tests/interop/namespaces.py

Network: hosts of their own, as network namespaces on one bridge; and mailbox-transports in them.

Flow      network = Network(("a", "b")); SiteServer(lab, network, "a-0", "a").start();
          network.cut("a"); network.join("a"); network.close().
          apart() at the start of a program: it runs again in network and mount namespaces of its
          own, where every port is free; resolv_conf(lab, "127.0.0.1") says whom glibc asks there.
Failure   RuntimeError with what ip(8) says. Needs root.
Limits    Up to 200 hosts. Only what was made here is removed.
"""

import os
import subprocess
import sys

from peers import tool
from services import MailboxTransport, Shell

SMTP_PORT, SUBMISSION_PORT, ADMIN_PORT, HTTP_PORT = 2525, 7171, 7172, 9717

APART = "POSTERN_APART"


def _mounts():
    return os.readlink("/proc/self/ns/mnt")


def apart():
    """Runs this program again, apart from all others, with a loopback interface alone; comes back
    in the one that is apart."""
    if APART not in os.environ:
        os.execve(tool("unshare"), ["unshare", "--mount", "--net", sys.executable, *sys.argv],
                  {**os.environ, APART: _mounts()})
    if os.environ[APART] == _mounts():
        raise RuntimeError("unshare has made no mount namespace")
    subprocess.run([tool("ip"), "link", "set", "lo", "up"], check=True, timeout=20)


def resolv_conf(lab, address):
    """Makes this the only name server of /etc/resolv.conf, for the namespace of apart()."""
    if os.environ.get(APART, _mounts()) == _mounts():
        raise RuntimeError("the resolv.conf of everybody stays as it is")
    file = lab.path / "resolv.conf"
    file.write_text(f"nameserver {address}\noptions trust-ad\n")
    subprocess.run([tool("mount"), "--bind", file, "/etc/resolv.conf"], check=True, timeout=20)


class Network:
    def __init__(self, hosts):
        self._made = []  # commands that take it away again, the last one first
        self.mark = f"p{os.getpid() % 100000}"
        self.net = f"10.217.{os.getpid() % 250}"
        self.address = f"{self.net}.1"  # ours
        self.range = f"{self.net}.0/24"
        self.hosts = {host: f"{self.net}.{number}" for number, host in enumerate(hosts, 2)}
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _ip(self, *words, check=True):
        done = subprocess.run([tool("ip"), *words], capture_output=True, text=True, timeout=20)
        if check and done.returncode != 0:
            raise RuntimeError(f"ip {' '.join(words)}: {done.stderr}")

    def _make(self):
        bridge = f"{self.mark}-br"
        self._ip("link", "add", bridge, "type", "bridge")
        self._made.append(("link", "del", bridge))
        self._ip("addr", "add", f"{self.address}/24", "dev", bridge)
        self._ip("link", "set", bridge, "up")
        for host, address in self.hosts.items():
            space, ours = self.space(host), self._cable(host)
            self._ip("netns", "add", space)
            self._made.append(("netns", "del", space))
            self._ip("link", "add", ours, "type", "veth", "peer", "name", "eth0", "netns", space)
            self._made.append(("link", "del", ours))
            self._ip("link", "set", ours, "master", bridge)
            self._ip("link", "set", ours, "up")
            self._ip("-n", space, "link", "set", "lo", "up")
            self._ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            self._ip("-n", space, "link", "set", "eth0", "up")

    def space(self, host):
        return f"postern-{self.mark}-{host}"

    def _cable(self, host):
        return f"{self.mark}-{host}"[:15]

    def inside(self, host):
        """What stands before a command so that it runs on that host."""
        return (tool("ip"), "netns", "exec", self.space(host))

    def cut(self, *hosts):
        for host in hosts:
            self._ip("link", "set", self._cable(host), "down")

    def join(self, *hosts):
        for host in hosts:
            self._ip("link", "set", self._cable(host), "up")

    def close(self):
        while self._made:
            self._ip(*self._made.pop(), check=False)


class SiteServer(MailboxTransport):
    """A mailbox-transport on a host of its own, with the ports that it has in a container."""

    def __init__(self, lab, network, name, site, settings=None):
        self.network, self.host, self.site = network, name, site
        self.address = network.hosts[name]
        of_its_own = {
            "server.fqdn": f"{name}.test",
            "server.submission_address": f"{self.address}:{SUBMISSION_PORT}",
            "server.admin_address": f"{self.address}:{ADMIN_PORT}",
            "server.http_address": f"{self.address}:{HTTP_PORT}",
            **lab.rpc_settings("mailbox-transport", site),
        }
        listener = (f"name=relay address={self.address}:{SMTP_PORT} tls=none auth=none "
                    f"networks={network.range}")
        super().__init__(lab, {**of_its_own, **(settings or {})}, name=name, listeners=[listener])
        self.smtp_port = SMTP_PORT
        self.http_address = of_its_own["server.http_address"]

    def launch(self, wrapper=()):
        return super().launch((*self.network.inside(self.host), *wrapper))

    def relayed(self):
        """Messages that it took from other servers."""
        return self.metrics().total("postern_accept_relayed_total")

    def waiting(self, kind):
        return self.metrics().total("postern_queue_messages", type=kind)

    def shell(self):
        shell = Shell(self.lab, self)
        shell.environment["POSTERN_SERVER"] = f"{self.address}:{ADMIN_PORT}"
        return shell
