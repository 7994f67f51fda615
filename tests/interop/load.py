"""tests/interop/load.py

Load that keeps account: every message has an id of its own, and an acknowledged one is written
down with the hash of its content.

Flow      with Load(port, clients=8) as load: ...; load.acknowledged is {id: sha256 of the body}.
          The recipient may be a function of the id; it then stands in the envelope alone.
          with Stalls(folder) as stalls: ...; stalls.longest is what the machine itself is to blame
          for.
Limits    Clients reconnect for as long as the load lasts; each wait for an answer ends.
"""

import hashlib
import os
import random
import threading
import time

from wire import WireClient


class Load:
    def __init__(self, port, clients=8, size=2000, recipient="bob@contoso.test", pause=0.0,
                 prefix="m", address="127.0.0.1", every=None):
        self.port, self.size, self.recipient, self.pause = port, size, recipient, pause
        self.prefix, self.address = prefix, address
        self.every = every  # seconds from one message of a client to its next, instead of a pause
        self.acknowledged, self.sent = {}, {}
        self.latencies = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True)
                         for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number):
        count, due = 0, time.monotonic()
        while not self._stop.is_set():
            try:
                with WireClient(self.port, self.address, seconds=60) as client:
                    client.hello()
                    while not self._stop.is_set():
                        self._send(client, f"{self.prefix}{number}-{count}")
                        count += 1
                        due = max(due, time.monotonic() - 1) + (self.every or 0)
                        time.sleep(max(0, due - time.monotonic()) if self.every else self.pause)
            except (OSError, ValueError):
                count += 1
                time.sleep(0.02)

    def _send(self, client, name):
        body = self.body(name)
        digest = hashlib.sha256(body).hexdigest()
        content = (f"From: <load@sender.test>\r\nTo: <everybody@load.test>\r\nSubject: {name}\r\n"
                   f"Message-ID: <{name}@load.test>\r\n\r\n").encode() + body
        with self._lock:
            self.sent[name] = digest
        began = time.monotonic()
        to = self.recipient(name) if callable(self.recipient) else self.recipient
        code, text = client.deliver("load@sender.test", [to], content)
        if code == 0:
            raise ConnectionResetError
        if code == 250:
            with self._lock:
                self.acknowledged[name] = digest
                self.latencies.append(time.monotonic() - began)
        elif code // 100 == 4:
            time.sleep(0.05)
        else:
            raise AssertionError(f"{name}: {code} {text}")

    def body(self, name):
        """Lines that differ from one message to the next, and end only at the end."""
        size = random.Random(name).randint(self.size // 2, self.size)
        line = hashlib.sha256(name.encode()).hexdigest()
        lines = size // (len(line) + 12) + 1
        return b"".join(b"%s %08d %s\r\n" % (b"." if i % 7 == 0 else b"-", i, line.encode())
                        for i in range(lines)) + b"the end\r\n"


def rate(moments, since, until):
    """How many came a second."""
    return sum(since <= came < until for came in moments) / (until - since)


class Arrivals:
    """What a sink has taken: how often each id came, and with which content."""

    def __init__(self):
        self._lock = threading.Lock()
        self.times = {}  # id -> how often
        self.internal = {}  # internal id of the store -> how often
        self.wrong = []  # ids whose content differs
        self.loads = []
        self.moments = []  # when each came

    def take(self, message):
        """For WireSink.on_message; forgets the bytes."""
        name = message.header("Message-ID").strip("<>").split("@")[0]
        number = message.header("Received").split(" id ")[1].split()[0]
        body = bytes(message.data).split(b"\r\n\r\n", 1)[1]
        digest = hashlib.sha256(body).hexdigest()
        expected = next((load.sent[name] for load in self.loads if name in load.sent), None)
        message.data = b""
        with self._lock:
            self.moments.append(time.monotonic())
            self.times[name] = self.times.get(name, 0) + 1
            self.internal[number] = self.internal.get(number, 0) + 1
            if digest != expected:
                self.wrong.append(name)

    def since(self, moment):
        with self._lock:
            return sum(came >= moment for came in self.moments)

    def rate(self, since, until):
        with self._lock:
            return rate(self.moments, since, until)

    def doubles(self):
        return {number: times - 1 for number, times in self.internal.items() if times > 1}


class Stalls:
    """The longest time that a few bytes took to be written and synced, again and again, beside all
    else: what waits for the same processors and the same disk may well wait as long."""

    def __init__(self, folder):
        self.path, self.longest = folder / "stalls", 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def _run(self):
        with open(self.path, "wb", buffering=0) as file:
            while not self._stop.is_set():
                began = time.monotonic()
                file.write(b"x")
                os.fdatasync(file.fileno())
                time.sleep(0.01)
                self.longest = max(self.longest, time.monotonic() - began)


def kills():
    """How often each crash test kills; tools/prove raises it."""
    return int(os.environ.get("POSTERN_KILLS", "3"))


def seeded():
    """Seeds what is random, by POSTERN_SEED if that is set; gives the seed."""
    seed = int(os.environ.get("POSTERN_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    return seed


def a_while(shortest, longest):
    time.sleep(random.uniform(shortest, longest))
