"""tests/interop/real_servers.py

Real mail servers as one kind of thing: where mail for <name>.test, clear.<name>.test and
tls.<name>.test goes, and what arrived there. nobody@ is refused.

Flow      for server in started_servers(case): server.port; server.wait_for(subject)
Failure   A server that cannot be had here is told in one line and left out.
See       mail_servers.py, postfix_peer.py, peers.py
"""

import os
import smtplib
import ssl

from harness import wait_until
from mail_servers import Exim, NotHad, OpenSmtpd
from peers import AioSink
from postfix_peer import Postfix
from wire import WireSink


def parts(letter):
    """(header, body) with LF line ends."""
    head, _, body = bytes(letter).replace(b"\r\n", b"\n").partition(b"\n\n")
    return head.decode("utf-8", "replace"), body


class Server:
    """What a kind says: `begin` starts it, `letters` gives what it has taken, oldest first."""

    name = ""
    copies = False  # one for each recipient

    def __init__(self, case):
        self.lab = case.lab
        self.port = case.lab.free_port()
        self.domain = f"{self.name}.test"
        self.begin(case)
        self.takes_tls = self.speaks_tls()

    def speaks_tls(self):
        """Whether a client that is not ours comes to TLS with it."""
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.starttls(context=unchecked)
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException) as error:
            print(f"\n  without TLS: {self.name}: Python's smtplib cannot either: {error}"[:110],
                  flush=True)
            return False

    def with_subject(self, subject):
        found = [parts(letter) for letter in self.letters()]
        return [(head, body) for head, body in found if f"Subject: {subject}\n" in head + "\n"]

    def wait_for(self, subject, count=1, seconds=30):
        wait_until(lambda: len(self.with_subject(subject)) >= count, seconds,
                   f"{count} x \"{subject}\" at {self.name}", 0.1)
        return self.with_subject(subject)


class NoSuchUser:
    """aiosmtpd's answers, with an unknown user."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"


class Aio(Server):
    name = "aiosmtpd"

    def begin(self, case):
        cert = self.lab.certificate("aiosmtpd", (f"DNS:mx.{self.domain}",))
        self.sink = AioSink(self.port, tls=cert)
        self.sink.recorder.handle_RCPT = NoSuchUser().handle_RCPT
        case.started(self.sink)

    def letters(self):
        return [b"X-Tls: %d\r\n" % one.tls + one.original_content for one in self.sink.envelopes]

    def encrypted(self, head):
        return "X-Tls: 1" in head


class WithReceived(Server):
    """What says in its Received field how the mail came."""

    def encrypted(self, head):
        ours = head[:head.index("by mailbox-transport-0")] if "by mailbox" in head else head
        return any(word in ours.lower() for word in ("esmtps", "tls"))


class PostfixServer(WithReceived):
    name, copies = "postfix", True

    def begin(self, case):
        if os.getuid() != 0:
            raise NotHad("it starts only as root")
        refused = ",".join(f"{{nobody@{sub}{self.domain}=REJECT}}"
                           for sub in ("", "clear.", "tls."))
        self.server = Postfix(
            self.lab, self.port, f"{self.domain} clear.{self.domain} tls.{self.domain}", more=[
                f"smtpd_recipient_restrictions = check_recipient_access inline:{{{refused}}}, "
                "reject_unauth_destination", "smtpd_forbid_bare_newline = no",
                "smtpd_peername_lookup = no"])
        case.started(self.server)

    def letters(self):
        return self.server.messages()

    def wait_for(self, subject, count=1, seconds=30):
        try:
            return super().wait_for(subject, count, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; its log ends:\n{self.server.log()[-3000:]}") from None


class HandedOn(WithReceived):
    """A server that hands what it takes on to a sink."""

    kind = None

    def begin(self, case):
        self.sink = case.started(WireSink(self.lab.free_port()))
        self.server = case.started(self.kind(self.lab, self.port, self.domain, self.sink.port))

    def letters(self):
        return [message.data for message in self.sink.messages]


class EximServer(HandedOn):
    name, kind = "exim", Exim


class OpenSmtpdServer(HandedOn):
    name, kind = "opensmtpd", OpenSmtpd


def started_servers(case):
    servers = []
    for kind in (Aio, PostfixServer, EximServer, OpenSmtpdServer):
        try:
            servers.append(kind(case))
        except NotHad as error:
            print(f"\n  left out: {kind.name}: {error}", flush=True)
    return servers
