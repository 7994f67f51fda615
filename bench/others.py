"""bench/others.py

Relays of others beside Postern: Exim, Haraka and KumoMTA, each private and durable.

Flow      As relays.py: relay = Exim(lab, work); start(); port, tree; stop().
Failure   NotHad, with the reason in one line, when a peer cannot be had on this machine.
Limits    Exim's package is unpacked, not installed: it would push Postfix out. Haraka is a folder
          with node_modules, KumoMTA a binary; the options of bench/relay name them.
See       tests/interop/mail_servers.py
"""

import json
import shutil

from harness import Process, wait_until
from mail_servers import EXIM_TO_SINK, NotHad, Unpacked, greets, unpacked
from processes import Tree

__all__ = ["Exim", "Haraka", "KumoMta", "NotHad"]

EXIM = """
primary_hostname = bench-exim.test
spool_directory = {home}/spool
log_file_path = {home}/spool/%slog
pid_file_path = {home}/spool/pid
tls_advertise_hosts =
message_size_limit = 100M
deliver_drop_privilege = true
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max = 0
queue_run_max = 0
remote_max_parallel = 20
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin acl
accept:
  accept
""" + EXIM_TO_SINK


class Exim(Unpacked):
    """Debian's exim4-daemon-light: a process for each message, an fsync for each."""

    name = "exim"

    def __init__(self, lab, work):
        super().__init__(lab, "exim")
        self.port = lab.free_port()
        self.root = unpacked("exim4-daemon-light", "usr/sbin/exim4", "libidn12")
        (self.home / "exim.conf").write_text(EXIM.format(home=self.home, sink=work.sink_port))
        self.tree = None

    def start(self):
        libraries = self.root / "usr/lib/x86_64-linux-gnu"
        self.run_inside(
            [(f"{self.home}/spool", "Debian-exim:Debian-exim")],
            f"env LD_LIBRARY_PATH={libraries} {self.root}/usr/sbin/exim4 -C {self.home}/exim.conf "
            f"-bdf -q1m -oX 127.0.0.1.{self.port}")
        self.tree = Tree(self.name, [self.process.pid])

    def syncs(self):
        return None

    def stop(self):
        super().stop()
        self.tree.close()


class Program:
    """A relay that is one program with a folder of settings."""

    def __init__(self, lab):
        self.lab = lab
        self.port = lab.free_port()
        self.home = lab.path / self.name
        self.home.mkdir()
        self.process = self.tree = None

    def run(self, argv, env=None):
        self.process = Process(self.lab, self.name, argv, cwd=self.home, env=env)
        wait_until(lambda: greets(self.port) or not self.process.alive(), 60,
                   f"{self.name} to greet")
        if not self.process.alive():
            raise NotHad(self.process.tail(3))
        self.tree = Tree(self.name, [self.process.pid])

    def syncs(self):
        return None

    def stop(self):
        self.process.stop()
        self.tree.close()


class Haraka(Program):
    """Haraka from an installed folder (npm install Haraka), which forwards all it takes."""

    name = "haraka"

    def __init__(self, lab, work):
        self.folder = work.haraka
        if not work.haraka or not shutil.which("node"):
            raise NotHad("give --haraka FOLDER, with node_modules/Haraka, and have node")
        super().__init__(lab)
        config = self.home / "config"
        config.mkdir()
        (config / "smtp.ini").write_text(f"listen=127.0.0.1:{self.port}\nlisten_backlog=511\n")
        (config / "me").write_text("bench-haraka.test\n")
        # It does not start its sessions without this file of its own.
        shutil.copy(f"{self.folder}/node_modules/Haraka/config/connection.ini", config)
        (config / "plugins").write_text("relay\n")
        (config / "relay.ini").write_text("[relay]\nacl=true\nforce_routing=true\n")
        (config / "relay_acl_allow").write_text("127.0.0.0/8\n")
        (config / "relay_dest_domains.ini").write_text(
            "[domains]\nany=" + json.dumps({"action": "accept",
                                            "nexthop": f"127.0.0.1:{work.sink_port}"}) + "\n")
        (config / "outbound.ini").write_text("concurrency_max=100\nenable_tls=false\n")

    def start(self):
        self.run(["node", f"{self.folder}/node_modules/Haraka/bin/haraka", "-c", self.home])


KUMO = """
local kumo = require 'kumo'
kumo.on('init', function()
  kumo.define_spool {{ name = 'data', path = '{home}/data', flush = true }}
  kumo.define_spool {{ name = 'meta', path = '{home}/meta', flush = true }}
  kumo.start_esmtp_listener {{ listen = '127.0.0.1:{port}', hostname = 'bench-kumo.test',
    relay_hosts = {{ '127.0.0.0/8' }} }}
end)
kumo.on('get_queue_config', function(domain, tenant, campaign, routing_domain)
  return kumo.make_queue_config {{ protocol = {{ smtp = {{
    mx_list = {{ {{ name = 'localhost', addr = '127.0.0.1' }} }} }} }} }}
end)
kumo.on('get_egress_path_config', function(domain, source, site)
  return kumo.make_egress_path {{ enable_tls = 'Disabled', smtp_port = {sink},
    prohibited_hosts = {{}} }}
end)
"""


class KumoMta(Program):
    """A kumod binary, told to flush its spool: by default it does not."""

    name = "kumomta"

    def __init__(self, lab, work):
        self.binary = work.kumod
        if not work.kumod:
            raise NotHad("give --kumod BINARY")
        super().__init__(lab)
        (self.home / "init.lua").write_text(
            KUMO.format(home=self.home, port=self.port, sink=work.sink_port))

    def start(self):
        self.run([self.binary, "--policy", self.home / "init.lua", "--user", "nobody"])
