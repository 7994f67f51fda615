"""tests/interop/hostile.py

A hostile SMTP server: one listener for many addresses of the loopback net, one case an address. On
the first connection that comes to the step of its case it misbehaves once; before and after it is
a server like any other.

Flow      peer = HostilePeer(port, tls).start(); case = peer.add(Case("mail", "stall")); arm() lets
          the fault happen; taken() says what it took, and on which connection.
Limits    Content is kept of the case without a fault only.
See       hostile_faults.py; hostile_test.py for what each case must come to
"""

import asyncio
import contextlib
import dataclasses
import socket
import ssl
import time

from hostile_faults import CONTENT_FAULTS, FAULTS, HANDSHAKE_FAULTS, Gone
from wire import AsyncServer

PLAIN = ("SIZE 100000000", "8BITMIME", "ENHANCEDSTATUSCODES")
DIALECTS = {"stepwise": PLAIN, "pipelined": (*PLAIN, "PIPELINING"),
            "chunked": (*PLAIN, "PIPELINING", "CHUNKING"),
            "tiny": ("SIZE 10", "PIPELINING"), "nothing": (),
            "odd": ("PIPELINING", "SIZE -1", "SIZE", "AUTH", "=", "-X", "x" * 500, "\xe4\x01",
                    "8BITMIME 8BITMIME", "STARTTLS NO", "LIMITS RCPTMAX=0 MAILMAX=x")}
GOOD = {"greeting": b"220 mx.test ESMTP\r\n", "starttls": b"220 2.0.0 go on\r\n",
        "mail": b"250 2.1.0 sender\r\n", "rcpt": b"250 2.1.5 recipient\r\n",
        "data": b"354 go on\r\n", "dot": b"250 2.0.0 taken\r\n", "bdat": b"250 2.0.0 taken\r\n",
        "rset": b"250 2.0.0 reset\r\n", "quit": b"221 2.0.0 bye\r\n"}
# The reply after which the one to a step may come too early.
BEFORE = {"ehlo": "greeting", "starttls": "ehlo", "mail": "ehlo", "rcpt": "mail", "data": "rcpt",
          "bdat": "rcpt", "dot": "data", "quit": "dot"}


@dataclasses.dataclass
class Case:
    step: str
    fault: str
    dialect: str = "pipelined"
    tls: bool = False  # offers STARTTLS
    dialect_in_tls: str = ""  # another one after STARTTLS
    lenient: bool = False  # DATA is answered 354 whatever was refused before
    prepared: str = ""  # a message before: "taken" or "refused", on the same connection
    body: int = 20  # bytes of the message
    number: int = 0
    armed: bool = False
    fired: float = 0.0
    fired_on: int = -1  # the connection
    left: float = 0.0  # when the fault was over, mostly because the client left
    connections: int = 0
    talk: object = None  # the latest
    offered: list = dataclasses.field(default_factory=list)  # (sender, connection, when)
    taken: list = dataclasses.field(default_factory=list)  # (sender, connection)

    @property
    def name(self):
        return f"{self.step} {self.fault} {self.dialect}"

    @property
    def domain(self):
        return f"c{self.number}.test"

    @property
    def address(self):
        return f"127.1.{self.number // 200}.{self.number % 200 + 1}"


class HostilePeer(AsyncServer):
    lingers = 0.1

    def __init__(self, port, certificate):
        self.port = port
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*map(str, certificate))
        self.cases = {}
        self.notices = []  # what came to the first case: (recipient, content)
        self.troubles = []  # what this program itself does wrong

    def add(self, case):
        case.number = len(self.cases)
        self.cases[case.address] = case
        return case

    def arm(self, case):
        """From now on the fault may happen; a reply to an idle session happens at once."""
        case.armed = True
        if case.prepared and case.fault == "early" and case.talk.fires(case.step):
            self._loop.call_soon_threadsafe(case.talk.say, case.talk.early())

    def start(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window: large content does not fit into what the kernel keeps.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        listener.bind(("0.0.0.0", self.port))
        self.listen(sock=listener, limit=2 ** 16, backlog=1000)
        self._loop.set_exception_handler(lambda *_: None)  # connections that end in mid-handshake
        return self

    async def _serve(self, reader, writer):
        case = self.cases[writer.get_extra_info("sockname")[0]]
        talk = Talk(self, case, reader, writer)
        case.connections += 1
        case.talk = talk
        try:
            await talk.run()
        except (OSError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError,
                ssl.SSLError, Gone):
            pass
        except Exception as error:  # a bug of this file must not look like a fault
            self.troubles.append(f"{case.name}: {error!r}")
        finally:
            with contextlib.suppress(AttributeError):  # asyncio has lost what is below TLS
                writer.transport.abort()


class Talk:
    """One connection."""

    def __init__(self, peer, case, reader, writer):
        self.peer, self.case, self.reader, self.writer = peer, case, reader, writer
        self.number = case.connections
        self.encrypted = False
        self.answered = set()  # steps whose answer went out early
        self.sender, self.recipients = None, []

    def say(self, text):
        self.writer.write(text)

    async def hang_up(self):
        await self.writer.drain()
        self.writer.close()
        raise Gone

    async def wait_for_the_end(self):
        """Until the client has gone; what it says meanwhile is heard and forgotten."""
        while await self.reader.read(65536):
            pass
        raise Gone

    # The good server

    def fires(self, step):
        """True once, when the case's fault is due at this step."""
        case = self.case
        if not case.armed or case.fired or step != case.step:
            return False
        case.fired, case.fired_on = time.monotonic(), self.number
        return True

    async def answer(self, step, good=None):
        """Answers, well or badly; True when a client may take it for a yes."""
        good = good or GOOD[step]
        if step in self.answered:
            self.answered.remove(step)
            return True
        case = self.case
        if case.fault != "early" and self.fires(step):
            return await self.misbehave(FAULTS[case.fault](self, good))
        if case.fault == "early" and step == BEFORE.get(case.step) and self.fires(case.step):
            self.answered.add(case.step)
            good += self.early()
            case.left = time.monotonic()
        self.say(good)
        await self.writer.drain()
        return True

    async def misbehave(self, fault):
        try:
            return await fault
        finally:
            self.case.left = time.monotonic()

    def early(self):
        """The answer to the step of the case, before its command."""
        return self.hello() if self.case.step == "ehlo" else GOOD[self.case.step]

    def hello(self):
        in_tls = self.encrypted and self.case.dialect_in_tls
        words = list(DIALECTS[in_tls or self.case.dialect])
        if self.case.tls and not self.encrypted:
            words.append("STARTTLS")
        lines = ["mx.test", *words]
        return b"".join(b"250%c%s\r\n" % (b" -"[i + 1 < len(lines)], line.encode("latin-1"))
                        for i, line in enumerate(lines))

    async def run(self):
        await self.answer("greeting")
        while True:
            line = (await self.reader.readuntil(b"\r\n"))[:-2]
            await self.command(line.split(b" ")[0].upper(), line)

    async def command(self, verb, line):
        if verb == b"EHLO":
            await self.answer("ehlo tls" if self.encrypted else "ehlo", self.hello())
        elif verb == b"HELO":
            self.say(b"250 mx.test\r\n")
        elif verb == b"STARTTLS":
            await self.starttls()
        elif verb == b"MAIL":
            self.recipients = []
            self.sender = line[line.index(b"<") + 1:line.index(b">")].decode()
            self.case.offered.append((self.sender, self.number, time.monotonic()))
            if not await self.answer("mail"):
                self.sender = None
        elif verb == b"RCPT":
            await self.rcpt(line)
        elif verb == b"DATA":
            await self.data()
        elif verb == b"BDAT":
            await self.bdat(line)
        elif verb == b"RSET":
            self.sender = None
            await self.answer("rset")
        elif verb == b"QUIT":
            await self.answer("quit")
            await self.hang_up()
        else:
            self.say(b"500 5.5.2 what\r\n")

    async def starttls(self):
        if not await self.answer("starttls"):
            return
        if self.fires("handshake"):
            await self.misbehave(HANDSHAKE_FAULTS[self.case.fault](self))
        await self.writer.drain()
        # start_tls begins anew with what is read from now on.
        await self.writer.start_tls(self.peer.tls)
        self.encrypted = True
        if self.fires("after tls"):
            await self.misbehave(HANDSHAKE_FAULTS[self.case.fault](self))

    async def rcpt(self, line):
        if self.sender is None and not self.case.lenient:
            return self.say(b"503 5.5.1 no sender\r\n")
        if self.case.prepared == "refused" and not self.case.armed:
            return self.say(b"550 5.1.1 nobody here\r\n")
        if await self.answer("rcpt"):
            self.recipients.append(line[line.index(b"<") + 1:line.index(b">")].decode())

    async def data(self):
        if not self.recipients and not self.case.lenient:
            return self.say(b"503 5.5.1 no recipients\r\n")
        if not await self.answer("data"):
            return
        if self.fires("content"):
            await self.misbehave(CONTENT_FAULTS[self.case.fault](self))
        content = bytearray()
        while not content.endswith(b"\r\n.\r\n"):
            got = await self.reader.read(65536)
            if not got:
                raise Gone
            content += got
            if len(content) > 2 ** 20:
                del content[:-16]
        await self.end("dot", bytes(content))

    async def bdat(self, line):
        content = await self.reader.readexactly(int(line.split()[1]))
        if not self.recipients:
            return self.say(b"503 5.5.1 no recipients\r\n")
        await self.end("bdat", content)

    async def end(self, step, content):
        sender, recipients, self.sender, self.recipients = self.sender, self.recipients, None, []
        if await self.answer(step):
            self.case.taken.append((sender, self.number))
            if self.case.number == 0:
                self.peer.notices += [(recipient, content) for recipient in recipients]
