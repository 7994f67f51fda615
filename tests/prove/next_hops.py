"""tests/prove/next_hops.py

10,000 next hops beside one: messages a second, memory, and processor time for each message.

Flow      throughput(times): rounds of 1, 100 and 10,000 next hops, one after the other on the same
          mailbox-transport; the figure is a table. By itself: next_hops.py [--messages N]
          [--rounds N] [--hops 1,100,10000] [--own] [--hold SECONDS].
Failure   Short when 10,000 cost more than TIMES_MAX times one, in time or in processor time.
Limits    A domain for each next hop, served by Knot; smtp-sink takes all of it. The domains of a
          group share one MX set, as those of a provider do; with --own each has an exchanger of its
          own, so that no session serves two of them.
See       bench/README.md "Honest notes"
"""

import argparse
import selectors
import socket
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from claims import ROOT, require  # noqa: E402  (sets the path of the interop tests)

sys.path.insert(0, str(ROOT / "bench"))

from harness import Lab, Process, wait_until  # noqa: E402
from peers import SmtpSink, connects, tool  # noqa: E402
from processes import Tree  # noqa: E402
from services import MailboxTransport  # noqa: E402

KNOT = """server:
  rundir: {folder}
  listen: 127.0.0.1@{port}
database:
  storage: {folder}/knot-db
zone:
  - domain: test
    file: {folder}/test.zone
    zonefile-load: whole
"""
TIMES_MAX = 2.0
CONNECTIONS = 20
WINDOW = 8  # messages that a connection has on the way
BODY = b"Subject: next hop\r\n\r\n" + (b"x" * 76 + b"\r\n") * 13


def domain_of(number, hops, own):
    return f"d{number % hops}.{'own' if own else 'shared'}{hops}.test"


class Names:
    """Knot with an MX record for each domain; all exchangers are at 127.0.0.1."""

    def __init__(self, lab, hops, own):
        self.port = lab.free_port()
        lines = ["$ORIGIN test.", "$TTL 300", "@ SOA ns admin 1 3600 600 86400 60", "@ NS ns",
                 "ns A 127.0.0.1", "*.exchangers A 127.0.0.1"]
        for count in hops:
            if own:
                lines += [f"{domain_of(number, count, own)}. MX 10 d{number}.exchangers"
                          for number in range(count)]
            else:
                lines.append(f"*.shared{count} MX 10 mx{count}.exchangers")
        (lab.path / "test.zone").write_text("\n".join(lines) + "\n")
        (lab.path / "knot.conf").write_text(KNOT.format(folder=lab.path, port=self.port))
        self.process = Process(lab, "knotd", [tool("knotd"), "-c", lab.path / "knot.conf"])
        wait_until(lambda: connects("127.0.0.1", self.port), 20, "knotd to listen")


class Client:
    """One connection of the generator: a few messages on the way, each in one write."""

    def __init__(self, port, selector):
        self.peer = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer.sendall(b"EHLO next-hops.test\r\n")
        said = b""
        while b"\n250 " not in said:
            said += self.peer.recv(4096)
        self.left = 0  # replies until all of it is answered
        self.rest = b""
        selector.register(self.peer, selectors.EVENT_READ, self)

    def send(self, recipients):
        body = b"BDAT %d LAST\r\n%s" % (len(BODY), BODY)
        self.peer.sendall(b"".join(
            b"MAIL FROM:<sender@bench.test>\r\nRCPT TO:<%s>\r\n%s" % (recipient.encode(), body)
            for recipient in recipients))
        self.left += 3 * len(recipients)

    def read(self):
        """How many messages are accepted by what has come."""
        *lines, self.rest = (self.rest + self.peer.recv(65536)).split(b"\r\n")
        for line in lines:
            if not line.startswith(b"250 "):
                raise SystemExit(f"refused: {line.decode()}")
        before, self.left = self.left, self.left - len(lines)
        return (before + 2) // 3 - (self.left + 2) // 3


def send(port, count, hops, own):
    """Sends `count` messages, in turns to each of so many domains."""
    selector = selectors.DefaultSelector()
    clients = [Client(port, selector) for _ in range(CONNECTIONS)]
    sent = accepted = 0

    def fill(client, room):
        nonlocal sent
        numbers = range(sent, min(count, sent + room))
        sent = numbers.stop if numbers else sent
        if numbers:
            client.send([f"bob@{domain_of(number, hops, own)}" for number in numbers])

    for client in clients:
        fill(client, WINDOW)
    while accepted < count:
        ready = selector.select(30)
        if not ready:
            raise SystemExit(f"{accepted} of {count} accepted, then nothing for 30 s")
        for key, _ in ready:
            got = key.data.read()
            accepted += got
            fill(key.data, got)


class Bench:
    def __init__(self, lab, hops, own, threads=1):
        self.own = own
        self.sink = SmtpSink(lab, lab.free_port(), options=["-m", "12000"]).start()
        names = Names(lab, hops, own)
        lab.site()
        lab.connector("internet", ["*"])
        self.transport = MailboxTransport(lab, {
            "deliver.mx_port": self.sink.port,
            "deliver.dns_servers": [f"127.0.0.1:{names.port}"],
            "server.io_threads": threads, "log.level": "warning"}).start()
        self.tree = Tree("next-hops", [self.transport.process.pid])

    def run(self, hops, messages):
        """What so many messages to so many next hops cost."""
        sunk, cpu = self.sink.messages(), self.tree.cpu_seconds()
        begun = time.monotonic()
        subprocess.run([sys.executable, __file__, "--send", str(self.transport.smtp_port),
                        "--messages", str(messages), "--hops", str(hops),
                        *["--own"] * self.own], check=True, timeout=120)
        accepted = time.monotonic() - begun
        wait_until(lambda: self.sink.messages() - sunk >= messages, 120,
                   f"{messages} messages at the sink", pause=0.01)
        seconds = time.monotonic() - begun
        self.transport.wait_empty(60)
        time.sleep(0.3)
        cpu = self.tree.cpu_seconds() - cpu
        return {"rate": messages / seconds, "accepted": messages / accepted,
                "cpu_us": cpu / messages * 1e6, "rss": self.transport.memory("VmRSS") / 2 ** 20}


def measure(hops, messages, rounds, own, hold=0):
    with Lab() as lab:
        bench = Bench(lab, hops, own)
        for count in hops:
            bench.run(count, max(500, messages // 10))
        if hold:
            print(f"pid {bench.transport.process.pid}", flush=True)
            time.sleep(hold)
        samples = {count: [] for count in hops}
        for turn in range(rounds):
            for count in hops[turn % len(hops):] + hops[:turn % len(hops)]:
                samples[count].append(bench.run(count, messages))
        bench.tree.close()
    return samples


def median(samples, what):
    return statistics.median(sample[what] for sample in samples)


def worst(samples, first, last, what, slower):
    """The median, over the rounds, of what the last costs beside the first."""
    pairs = zip(samples[first], samples[last])
    return statistics.median(a[what] / b[what] if slower else b[what] / a[what] for a, b in pairs)


def table(samples):
    lines = [f"{'next hops':>9} {'messages/s':>10} {'CPU us/message':>14} {'RSS MiB':>8}"]
    lines += [f"{hops:>9} {median(of, 'rate'):>10.0f} {median(of, 'cpu_us'):>14.0f} "
              f"{max(one['rss'] for one in of):>8.0f}" for hops, of in samples.items()]
    return lines


def throughput(times=1):
    hops = [1, 100, 10_000]
    samples = measure(hops, 10_000 * times, 3, own=False)
    slower = worst(samples, 1, 10_000, "rate", slower=True)
    dearer = worst(samples, 1, 10_000, "cpu_us", slower=False)
    lines = table(samples) + [f"10,000 beside one, in the same run: {slower:.2f} times the time, "
                              f"{dearer:.2f} times the processor time"]
    return require(max(slower, dearer) <= TIMES_MAX, "\n".join(lines))


def words():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 2)[1])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hops", default="1,100,10000")
    parser.add_argument("--own", action="store_true", help="an exchanger for each domain")
    parser.add_argument("--hold", type=float, default=0, help="wait, to attach a profiler")
    parser.add_argument("--send", type=int, metavar="PORT", help="only send; of the run itself")
    return parser.parse_args()


if __name__ == "__main__":
    options = words()
    counts = [int(count) for count in options.hops.split(",")]
    if options.send:
        send(options.send, options.messages, counts[0], options.own)
    else:
        print("\n".join(table(measure(counts, options.messages, options.rounds, options.own,
                                      options.hold))))
