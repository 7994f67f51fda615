"""tests/interop/mail_servers.py

Exim and OpenSMTPD as destinations, without installing them: their packages are unpacked into a
cache, and each runs in mount namespaces of its own, where it finds the users and folders that it
was built for. What they take they hand on to a sink, which has it as it is.

Flow      server = Exim(lab, port, "exim.test", sink_port).start()
Failure   NotHad says in one line why a server cannot be had here.
Limits    The recipient nobody@ is refused. POSTERN_PEERS is the cache; only root starts them.
See       servers_test.py, smuggling_test.py
"""

import os
import pathlib
import shutil
import subprocess

from harness import Process, wait_until
from wire import WireClient

CACHE = pathlib.Path(os.environ.get("POSTERN_PEERS", "/var/tmp/postern-peers"))
USERS = {"opensmtpd": 901, "opensmtpq": 902, "Debian-exim": 903}


class NotHad(Exception):
    """Why a server cannot be had."""


def unpacked(package, program, *more):
    """The folder with the packages' files; downloads them at the first use."""
    root = CACHE / package
    if (root / program).exists():
        return root
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / (package + ".new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        subprocess.run(["apt-get", "-qq", "download", package, *more], cwd=folder, check=True,
                       capture_output=True, text=True, timeout=60)
        for file in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", file, folder], check=True, timeout=60)
            file.unlink()
        folder.replace(root)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise NotHad(f"apt-get download {package}: {said[-1]}") from None
    return root


def greets(port):
    try:
        with WireClient(port, seconds=1) as client:
            return client.reply()[0] == 220
    except OSError:
        return False


class Unpacked:
    """A server in its own mount namespace."""

    def __init__(self, lab, name):
        if os.getuid() != 0:
            raise NotHad("it starts only as root")
        self.lab, self.name = lab, name
        self.home = lab.path / name
        self.home.mkdir()

    def run_inside(self, folders, command):
        """`folders`: (path, whose); other files of the host are as they are."""
        lines = ["set -e", "mount --make-rprivate /"]
        for file, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin"),
                           ("group", "{0}:x:{1}:")):
            own = self.home / file
            own.write_text(pathlib.Path("/etc", file).read_text()
                           + "".join(line.format(*user) + "\n" for user in USERS.items()))
            lines.append(f"mount --bind {own} /etc/{file}")
        for top in ("/run", "/var/lib", "/var/spool"):
            lines.append(f"mount -t tmpfs none {top}")
        for folder, owner in folders:
            lines.append(f"mkdir -p -m 711 {folder}; chown {owner} {folder}")
        lines.append("exec " + command)
        script = self.home / "run.sh"
        script.write_text("\n".join(lines) + "\n")
        self.process = Process(self.lab, self.name, ["unshare", "--mount", "sh", script])
        try:
            wait_until(lambda: not self.process.alive() or greets(self.port), 15,
                       f"{self.name} to listen")
        except AssertionError as error:
            raise NotHad(str(error)) from None
        if not self.process.alive():
            raise NotHad((self.process.tail(1) or "it ended at once").strip())
        return self

    def stop(self):
        self.process.stop()


# The end of a configuration of Exim that hands everything to the sink.
EXIM_TO_SINK = """begin routers
onwards:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = sink
begin transports
sink:
  driver = smtp
  port = {sink}
  allow_localhost = true
  hosts_avoid_tls = *
"""

EXIM = """
primary_hostname = mx.{domain}
spool_directory = {home}/spool
log_file_path = {home}/spool/%slog
pid_file_path = {home}/spool/pid
tls_certificate = {cert}
tls_privatekey = {key}
tls_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
message_size_limit = 100M
deliver_drop_privilege = true
queue_run_in_order = true
smtp_accept_max_per_connection = 1000
smtp_accept_queue_per_connection = 0
smtp_accept_max = 100
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
begin acl
check_rcpt:
  deny message = no such user
       local_parts = nobody
  accept domains = *.{domain} : {domain}
  deny message = relay not permitted
check_data:
  accept
""" + EXIM_TO_SINK


class Exim(Unpacked):
    def __init__(self, lab, port, domain, sink):
        super().__init__(lab, "exim")
        self.port = port
        self.root = unpacked("exim4-daemon-light", "usr/sbin/exim4", "libidn12")
        cert, key = lab.certificate("exim", (f"DNS:mx.{domain}",))
        copy = self.home / "key.pem"
        shutil.copy(key, copy)
        copy.chmod(0o644)
        (self.home / "exim.conf").write_text(EXIM.format(
            domain=domain, home=self.home, sink=sink, cert=cert, key=copy))

    def start(self):
        libraries = self.root / "usr/lib/x86_64-linux-gnu"
        return self.run_inside(
            [(f"{self.home}/spool", "Debian-exim:Debian-exim")],
            f"env LD_LIBRARY_PATH={libraries} {self.root}/usr/sbin/exim4 -C {self.home}/exim.conf "
            f"-bdf -q1m -oX 127.0.0.1.{self.port}")


OPENSMTPD = """
pki mx.{domain} cert "{cert}"
pki mx.{domain} key "{key}"
smtp max-message-size "100M"
listen on 127.0.0.1 port {port} hostname mx.{domain} tls pki mx.{domain}
table takes {{ "@{domain}", "@clear.{domain}", "@tls.{domain}" }}
action "onwards" relay host "smtp://127.0.0.1:{sink}"
match from any for any rcpt-to regex {{ "^nobody@" }} reject
match from any for any rcpt-to <takes> action "onwards"
"""


class OpenSmtpd(Unpacked):
    def __init__(self, lab, port, domain, sink):
        super().__init__(lab, "opensmtpd")
        self.port = port
        self.root = unpacked("opensmtpd", "usr/sbin/smtpd")
        cert, key = lab.certificate("opensmtpd", (f"DNS:mx.{domain}",))
        key.chmod(0o600)
        (self.home / "smtpd.conf").write_text(OPENSMTPD.format(
            domain=domain, port=port, sink=sink, cert=cert, key=key))

    def start(self):
        return self.run_inside(
            [("/var/lib/opensmtpd/empty", "root:root"), ("/var/spool/smtpd", "root:root")],
            f"{self.root}/usr/sbin/smtpd -d -f {self.home}/smtpd.conf")
