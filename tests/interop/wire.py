"""tests/interop/wire.py

WireSink: an SMTP server of a few lines that keeps every byte, also of a message that was cut off,
and answers as it is told. WireClient: an SMTP client that sends exactly what it is given.

Flow      sink = WireSink(port, answers={"RCPT": ["451 4.7.1 later", None]}).start(); sink.messages
Limits    The bytes of a message stay in memory unless `keep` is False; then only their hash does.
"""

import asyncio
import hashlib
import logging
import socket
import ssl
import threading

from harness import wait_until

# asyncio remarks on every connection that ends after start_tls.
logging.getLogger("asyncio").setLevel(logging.ERROR)

KEYWORDS = ("PIPELINING", "8BITMIME", "SIZE 500000000", "ENHANCEDSTATUSCODES", "DSN")
DEFAULTS = {"GREETING": "220 wire.test ESMTP", "MAIL": "250 2.1.0 sender", "RCPT": "250 2.1.5 rcpt",
            "DATA": "354 go on", ".": "250 2.0.0 taken", "RSET": "250 2.0.0 reset",
            "NOOP": "250 2.0.0 noop", "QUIT": "221 2.0.0 bye", "STARTTLS": "220 2.0.0 go on",
            "BDAT": "250 2.0.0 chunk"}


class Message:
    """One transaction as it came over the wire."""

    def __init__(self, peer, helo, tls):
        self.peer, self.helo, self.tls = peer, helo, tls
        self.subject = None  # of the client's certificate
        self.sender, self.recipients = None, []
        self.data = bytearray()
        self.size, self.hash = 0, hashlib.sha256()
        self.complete = self.chunked = False

    def add(self, data, keep):
        self.size += len(data)
        self.hash.update(data)
        if keep:
            self.data += data

    def header(self, name):
        """The first field of that name, unfolded; None when there is none."""
        head = bytes(self.data).split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
        for line in head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n"):
            if line.lower().startswith(name.lower() + ":"):
                return line.split(":", 1)[1].strip()
        return None


class AsyncServer:
    """An asyncio server with a loop and a thread of its own; _serve(reader, writer) serves."""

    lingers = 0.05  # seconds in which what is cancelled comes to its end

    def listen(self, **where):
        """`where` is for asyncio.start_server."""
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        def run():
            asyncio.set_event_loop(self._loop)
            self._server = self._loop.run_until_complete(
                asyncio.start_server(self._serve, **where))
            started.set()
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert started.wait(10), f"{type(self).__name__} does not listen"
        return self

    def stop(self):
        if self._loop.is_closed():
            return
        async def end():
            self._server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            self._loop.call_later(self.lingers, self._loop.stop)
        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(10)
        self._loop.close()


class WireSink(AsyncServer):
    def __init__(self, port, address="127.0.0.1", keywords=KEYWORDS, tls=None, answers=None,
                 keep=True, on_data=None, on_message=None, dot_delay=None,
                 name="wire.test", client_ca=None):
        self.port, self.address, self.keywords, self.keep = port, address, list(keywords), keep
        self.answers = {verb: list(said) if isinstance(said, list) else said
                        for verb, said in (answers or {}).items()}
        self.on_data = on_data  # called with the message when content arrives
        self.on_message = on_message  # called with a whole message before it is answered
        self.dot_delay = dot_delay  # gives the seconds before the answer to the final dot
        self.name = name
        self.messages, self.cut_off, self.commands = [], [], []
        self.connections = 0
        self.open, self.open_max = 0, 0  # connections now, and at most at a time
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*map(str, tls))
        if client_ca:
            self.tls.verify_mode = ssl.CERT_REQUIRED
            self.tls.load_verify_locations(str(client_ca))

    def start(self):
        return self.listen(host=self.address, port=self.port, limit=2 ** 18, reuse_address=True)

    def wait_for(self, count, seconds=30):
        wait_until(lambda: len(self.messages) >= count, seconds, f"{count} messages at the sink")
        return self.messages

    def _answer(self, verb):
        said = self.answers.get(verb)
        if isinstance(said, list):
            said = said.pop(0) if said else None
        return said or DEFAULTS.get(verb, "500 5.5.2 unknown")

    async def _say(self, writer, verb, text=None):
        """Answers; a reply of CLOSE drops the connection instead, STALL never comes."""
        said = text or self._answer(verb)
        if said == "STALL":
            await asyncio.sleep(3600)
        if said == "CLOSE":
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(said.encode() + b"\r\n")
        await writer.drain()
        return said[0] in "23"

    async def _serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        self.open_max = max(self.open, self.open_max)
        session = Session(self, reader, writer)
        try:
            await session.run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError,
                asyncio.LimitOverrunError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            if session.message is not None and session.in_data:
                self.cut_off.append(session.message)
            writer.transport.abort()


class Session:
    def __init__(self, sink, reader, writer):
        self.sink, self.reader, self.writer = sink, reader, writer
        self.peer = writer.get_extra_info("peername")
        self.helo, self.tls, self.subject = "", False, None
        self.message, self.in_data = None, False

    async def run(self):
        if not await self.sink._say(self.writer, "GREETING"):
            return
        while True:
            line = (await self.reader.readuntil(b"\r\n"))[:-2].decode("utf-8", "replace")
            self.sink.commands.append(line)
            verb = line.split(" ")[0].upper()
            if not await self.command(verb, line):
                return

    async def command(self, verb, line):
        say = self.sink._say
        if verb in ("EHLO", "HELO"):
            self.helo = line[5:]
            await say(self.writer, verb, self.sink.answers.get(verb) or self.hello(verb))
        elif verb == "STARTTLS" and self.sink.tls:
            await say(self.writer, verb)
            await self.writer.start_tls(self.sink.tls)
            self.tls = True
            shown = self.writer.get_extra_info("ssl_object").getpeercert()
            if shown:
                self.subject = dict(pair for part in shown["subject"] for pair in part)
        elif verb == "MAIL":
            if await say(self.writer, verb):
                self.message = Message(self.peer, self.helo, self.tls)
                self.message.sender, self.message.subject = line, self.subject
        elif verb in ("RCPT", "DATA", "BDAT") and self.message is None:
            if verb == "BDAT":
                await self.reader.readexactly(int(line.split()[1]))
            await say(self.writer, verb, "503 5.5.1 no sender")
        elif verb == "RCPT":
            if await say(self.writer, verb):
                self.message.recipients.append(line)
        elif verb == "DATA":
            if await say(self.writer, verb):
                await self.data()
        elif verb == "BDAT":
            await self.bdat(line)
        else:
            if verb == "RSET":
                self.message = None
            await say(self.writer, verb)
            return verb != "QUIT"
        return True

    def hello(self, verb):
        words = [w for w in self.sink.keywords if verb == "EHLO"]
        if self.sink.tls and not self.tls and verb == "EHLO":
            words.append("STARTTLS")
        lines = [self.sink.name, *words]
        return "\r\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{text}"
                           for i, text in enumerate(lines))

    async def data(self):
        self.in_data = True
        held, at_start = b"", True  # the line end and dot that may be the final one
        while True:
            if self.sink.on_data:
                self.sink.on_data(self.message)
            try:
                line = await self.reader.readuntil(b"\r\n")
            except asyncio.IncompleteReadError as cut:
                self.message.add(cut.partial, self.sink.keep)
                raise
            except asyncio.LimitOverrunError as over:
                line = await self.reader.readexactly(over.consumed)
            if at_start and line == b".\r\n":
                break
            self.message.add(line[1:] if at_start and line[:1] == b"." else line, self.sink.keep)
            at_start = line.endswith(b"\r\n")
        await self.end()

    async def bdat(self, line):
        words = line.split()
        self.in_data = self.message.chunked = True
        left = int(words[1])
        while left:
            part = await self.reader.read(min(left, 65536))
            if not part:
                raise ConnectionResetError
            left -= len(part)
            self.message.add(part, self.sink.keep)
        if len(words) > 2 and words[2].upper() == "LAST":
            await self.end()
        else:
            await self.sink._say(self.writer, "BDAT")

    async def end(self):
        """The content is whole, whatever is answered to it."""
        self.in_data = False
        message, self.message = self.message, None
        message.complete = True
        if self.sink.on_message:
            self.sink.on_message(message)
        if self.sink.dot_delay:
            await asyncio.sleep(self.sink.dot_delay())
        taken = self.sink.answers.get(".")
        if isinstance(taken, list):
            taken = taken[0] if taken else None
        if not taken or taken[0] == "2" or taken == "CLOSE":
            self.sink.messages.append(message)
        await self.sink._say(self.writer, ".")


class WireClient:
    """Sends exactly the bytes it is given and reads one reply after another."""

    def __init__(self, port, address="127.0.0.1", source=None, seconds=20):
        self.socket = socket.create_connection(
            (address, port), timeout=seconds, source_address=(source, 0) if source else None)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self):
        """(code, text) of the next reply; (0, "") when the other side has closed."""
        lines = []
        while True:
            line = self.file.readline().decode("utf-8", "replace")
            if not line:
                return 0, ""
            lines.append(line[4:].rstrip("\r\n"))
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(lines)

    def say(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def hello(self, name="client.test"):
        self.reply()
        return self.say(f"EHLO {name}")

    def deliver(self, sender, recipients, content, mail_options=""):
        """One transaction; the reply that decided it."""
        code, text = self.say(f"MAIL FROM:<{sender}>{mail_options}")
        for recipient in recipients:
            if code != 250:
                return code, text
            code, text = self.say(f"RCPT TO:<{recipient}>")
        if code != 250:
            return code, text
        code, text = self.say("DATA")
        if code != 354:
            return code, text
        if content.startswith(b"."):
            content = b"." + content
        self.send(content.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"
                  if not content.endswith(b"\r\n") else
                  content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return self.reply()
