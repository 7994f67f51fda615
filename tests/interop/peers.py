"""tests/interop/peers.py

Programs on the other side of Postern that others wrote: Postfix's smtp-sink and smtp-source,
dnsmasq, aiosmtpd, and swaks.

Flow      sink = SmtpSink(lab, port).start(); SmtpSource.run(...); sink.messages()
Failure   AssertionError with the program's output.
"""

import asyncio
import logging
import pathlib
import pwd
import os
import re
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from harness import Process, wait_until
from mechanisms import Mechanisms


# aiosmtpd remarks on its own deprecations.
logging.getLogger("mail.log").setLevel(logging.ERROR)


def connects(address, port):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def tool(name):
    """A program of the system, which may lie in /usr/sbin."""
    for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        if pathlib.Path(folder, name).exists():
            return f"{folder}/{name}"
    raise RuntimeError(f"{name} is not installed: run tools/setup")


class SmtpSink:
    """Postfix's smtp-sink: counts what it takes, or writes it to files."""

    def __init__(self, lab, port, address="127.0.0.1", options=(), dump=False):
        self.lab, self.port, self.address = lab, port, address
        self.folder = lab.path / f"sink-{lab.next_number()}"
        self.options = list(options)
        if dump:
            self.folder.mkdir()
            self.options += ["-d", str(self.folder) + "/m."]

    def start(self):
        user = pwd.getpwuid(os.getuid()).pw_name
        privileges = ["-u", user] if os.getuid() == 0 else []
        self.process = Process(self.lab, "smtp-sink", [
            tool("smtp-sink"), "-c", *privileges, "-m", "1000", *self.options,
            f"{self.address}:{self.port}", "500"])
        wait_until(lambda: connects(self.address, self.port), 10, "smtp-sink to listen")
        return self

    def messages(self):
        """How many messages it has taken."""
        found = re.findall(r"mesg=(\d+)", self.process.text()[-400:])
        return int(found[-1]) if found else 0

    def dumped(self):
        """The messages as texts, with what smtp-sink writes before them."""
        return [path.read_bytes() for path in sorted(self.folder.iterdir())]

    def stop(self):
        self.process.stop()


def smtp_source(port, count, sessions=20, size=4096, sender="load@sender.test",
                recipient="bob@contoso.test", address="127.0.0.1", seconds=300):
    """Sends `count` messages over reused sessions; every one is answered 250, or this fails."""
    done = subprocess.run(
        [tool("smtp-source"), "-d", "-s", str(sessions), "-m", str(count), "-l", str(size),
         "-f", sender, "-t", recipient, f"{address}:{port}"],
        capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0 and "fatal" not in done.stderr, done.stderr


def swaks(port, *options, address="127.0.0.1", seconds=30):
    """Runs swaks; returns (exit code, transcript)."""
    done = subprocess.run(
        [tool("swaks"), "--server", address, "--port", str(port), "--helo", "client.test",
         "--timeout", "15", *options], capture_output=True, text=True, timeout=seconds)
    return done.returncode, done.stdout + done.stderr


class NameServer:
    """dnsmasq with the zone .test; `fails` are domains for which it answers SERVFAIL."""

    def __init__(self, lab, mx=None, hosts=None, txt=None, records=(), fails=()):
        self.lab, self.port = lab, lab.free_port()
        self.options = ["--local=/test/"]
        for domain, exchangers in (mx or {}).items():
            self.options += [f"--mx-host={domain},{host},{rank}" for rank, host in exchangers]
        self.options += [f"--host-record={name},{address}"
                         for name, address in (hosts or {}).items()]
        self.options += [f"--txt-record={name},{text}" for name, text in (txt or {}).items()]
        self.options += [f"--dns-rr={record}" for record in records]
        self._responder = None
        if fails:
            self._responder = FailingNameServer()
            self.options += [f"--server=/{domain}/127.0.0.1#{self._responder.port}"
                             for domain in fails]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        user = pwd.getpwuid(os.getuid()).pw_name
        self.process = Process(self.lab, "dnsmasq", [
            tool("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
            "--no-hosts", "--pid-file=", f"--user={user}", f"--port={self.port}",
            "--listen-address=127.0.0.1", "--bind-interfaces", "--log-queries",
            "--log-facility=-", "--local-ttl=1", *self.options])
        wait_until(lambda: connects("127.0.0.1", self.port), 10, "dnsmasq to listen")
        return self

    def queries(self, kind, name):
        # Their letters have random case.
        return self.process.text().lower().count(f"query[{kind}] {name} ".lower())

    def stop(self):
        self.process.stop()
        if self._responder:
            self._responder.stop()


class FailingNameServer:
    """Answers every question SERVFAIL; dnsmasq passes that on."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            if len(question) > 12:
                flags = (0x8180 | 2).to_bytes(2, "big")
                self._socket.sendto(question[:2] + flags + question[4:6] + bytes(6) +
                                    question[12:], peer)

    def stop(self):
        self._socket.close()


class TcpOnlyNameServer:
    """Another name server as it is by TCP; by UDP nothing is answered."""

    def __init__(self, lab, behind):
        self.port, self._behind, self.datagrams = lab.free_port(), behind, 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._swallow, self._accept):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def _swallow(self):
        while True:
            try:
                self._udp.recvfrom(4096)
            except OSError:
                return
            self.datagrams += 1

    def _accept(self):
        while True:
            try:
                ours, _ = self._tcp.accept()
            except OSError:
                return
            theirs = socket.create_connection(("127.0.0.1", self._behind))
            for pair in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, target):
        try:
            while part := source.recv(4096):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._udp.close()
        self._tcp.close()


class SilentAddress:
    """An address to which connections neither come about nor fail: the queue of its listener is
    full."""

    def __init__(self, port, address):
        self._port, self._address = port, address

    def start(self):
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.bind((self._address, self._port))
        self._listener.listen(0)
        self._waiting = []
        for _ in range(8):
            waiting = socket.socket(family)
            waiting.setblocking(False)
            waiting.connect_ex((self._address, self._port))
            self._waiting.append(waiting)
        return self

    def stop(self):
        for each in [self._listener, *self._waiting]:
            each.close()


MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2")


class _Recorder(Mechanisms):
    """aiosmtpd's handler: keeps what came."""

    def __init__(self, sink):
        super().__init__(sink)
        self.envelopes = []

    async def handle_DATA(self, server, session, envelope):
        at_once = server.transport.get_extra_info("ssl_object")
        envelope.tls = session.ssl is not None or at_once is not None
        envelope.login = session.auth_data if session.authenticated else None
        envelope.helo = session.host_name
        self.envelopes.append(envelope)
        return "250 2.0.0 taken by aiosmtpd"


class _Plain(SMTP):
    """aiosmtpd keeps a bare LF as it is only when it decodes nothing."""

    line_length_limit = 2 ** 20


class AioSink(Controller):
    """aiosmtpd as the destination; records whole envelopes."""

    def __init__(self, port, address="127.0.0.1", tls=None, require_tls=False, users=None,
                 mechanisms=("PLAIN", "LOGIN"), auth_require_tls=True, tokens=None, at_once=False):
        self.recorder = _Recorder(self)
        self.tokens = tokens or {}  # of XOAUTH2, by name
        self.rounds, self.server_key = 4096, b"Server Key"  # of SCRAM-SHA-256
        self.users = users  # name to password: AUTH is required then
        self.mechanisms = mechanisms
        self.auth_require_tls = auth_require_tls
        self.logins = []  # (mechanism, name, whether it was let in)
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*map(str, tls))
        self.require_tls = require_tls
        super().__init__(self.recorder, hostname=address, port=port,
                         ssl_context=self.tls if at_once else None)
        if at_once:
            self.tls = None  # STARTTLS is not offered

    def _let_in(self, server, session, envelope, mechanism, data):
        name = data.login.decode()
        good = self.users.get(name) == data.password.decode()
        self.logins.append((mechanism, name, good))
        return AuthResult(success=good, handled=False, auth_data=name)

    def factory(self):
        more = {}
        if self.users is not None:
            refused = [name for name in MECHANISMS if name not in self.mechanisms]
            more = {"authenticator": self._let_in, "auth_required": True,
                    "auth_require_tls": self.auth_require_tls, "auth_exclude_mechanism": refused}
        return _Plain(self.recorder, hostname="aiosmtpd.test", tls_context=self.tls,
                      require_starttls=self.require_tls, enable_SMTPUTF8=True,
                      data_size_limit=200 * 1024 * 1024, loop=asyncio.get_event_loop(), **more)

    @property
    def envelopes(self):
        return self.recorder.envelopes

    def wait_for(self, count, seconds=30):
        wait_until(lambda: len(self.envelopes) >= count, seconds, f"{count} messages at aiosmtpd")
        return self.envelopes
