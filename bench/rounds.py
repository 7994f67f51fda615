"""bench/rounds.py

One work on several relays, in interleaved rounds; and what was measured, as numbers.

Flow      figures = measure(options, lab); figures["relays"], figures["ratios"].
Failure   RuntimeError when a relay refuses, or does not deliver in time.
Limits    Every run has options.timeout.
See       bench/README.md
"""

import datetime
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

import relays  # before the others: it knows where the harness is
import others
from harness import BUILD
from processes import SyncCount

KINDS = {kind.name: kind for kind in (relays.Direct, relays.FrontEnd, relays.Postfix, others.Exim,
                                      others.Haraka, others.KumoMta, relays.NoRelay)}
USUAL = ["postern-direct", "postern-front-end", "postfix"]
# Of fifty messages, as a company's mail has them; 244 KiB on average.
MIX = ([1024] * 15 + [4096] * 25 + [102400] * 8 + [409600] + [5242880]) * 2
SUMMED = ("delivered_per_second", "accepted_per_second", "cpu_us_per_message", "syncs_per_message",
          "accept_p50_us", "accept_p99_us", "through_p50_us", "through_p99_us")
RATIOS = (("delivered/s: direct by Postfix", "delivered_per_second", "postern-direct", "postfix"),
          ("delivered/s: front end by Postfix", "delivered_per_second", "postern-front-end",
           "postfix"),
          ("delivered/s: front end by direct", "delivered_per_second", "postern-front-end",
           "postern-direct"),
          ("CPU a message: Postfix by direct", "cpu_us_per_message", "postfix", "postern-direct"),
          ("CPU a message: front end by direct", "cpu_us_per_message", "postern-front-end",
           "postern-direct"),
          ("delivered/s: direct by Exim", "delivered_per_second", "postern-direct", "exim"),
          ("delivered/s: direct by Haraka", "delivered_per_second", "postern-direct", "haraka"),
          ("delivered/s: direct by KumoMTA", "delivered_per_second", "postern-direct", "kumomta"))


def note(text):
    print(text, file=sys.stderr, flush=True)


def sizes_of(text):
    return MIX if text == "mix" else [int(text)]


class Sink:
    """smtp-sink, which takes everything and counts."""

    def __init__(self, lab, port):
        self.port = port
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = relays.Process(
            lab, "smtp-sink", ["smtp-sink", *user, "-c", "-m", "2000", f"127.0.0.1:{port}", "1000"])
        relays.wait_until(lambda: relays.answers(port), 10, "smtp-sink to greet")

    def count(self):
        with open(self.process.log_path, "rb") as out:
            out.seek(max(0, out.seek(0, os.SEEK_END) - 200))
            found = re.findall(rb"mesg=(\d+)", out.read())
        return int(found[-1]) if found else 0


class Bench:
    def __init__(self, options, lab):
        self.options = options
        self.lab = lab
        self.sizes = sizes_of(options.size)
        plain = options.destinations == 1 and len(self.sizes) == 1
        self.own = options.generator == "load" or options.rate > 0 or not plain
        port = lab.free_port()
        self.sink = None if self.own else Sink(lab, port)
        apart = options.destinations if options.apart else 0
        names = relays.Names(lab, apart).address if options.destinations > 1 else ""
        work = relays.Work(port, options.destinations, names, options.io_threads, options.haraka,
                           options.kumod)
        self.relays = []
        for name in names_of(options):
            if names and not name.startswith("postern-"):
                note(f"{name} is left out: it has the sink as its only next hop")
                continue
            try:
                relay = KINDS[name](lab, work)
                relay.start()
                if options.cores:
                    relay.tree.pin(options.cores)
                self.relays.append(relay)
            except others.NotHad as reason:
                note(f"{name} is left out: {reason}")
        self.sink_port = port

    def messages_for(self, relay):
        slow = {"postfix": 8, "exim": 24, "haraka": 8}.get(relay.name, 1)
        if slow > 1 and self.options.peer_messages:
            return self.options.peer_messages
        return max(min(200, self.options.messages), self.options.messages // slow)

    def run(self, relay, messages):
        """What one run of the work gives."""
        tree = relay.tree
        cpu, syncs = tree.cpu_seconds(), relay.syncs()
        sample = (self._run_own if self.own else self._run_source)(relay, messages)
        time.sleep(0.5)  # what is settled after the last delivery belongs to the work
        if syncs is not None:
            sample["syncs_per_message"] = (relay.syncs() - syncs) / messages
        sample["cpu_us_per_message"] = (tree.cpu_seconds() - cpu) / messages * 1e6
        return {"messages": messages, **sample}

    def _run_own(self, relay, messages):
        """By the bench's own generator and sink, which see when each message leaves and arrives."""
        ran = subprocess.run(
            [BUILD / "bench" / "load", "--relay", f"127.0.0.1:{relay.port}", "--sink",
             str(self.sink_port), "--messages", str(messages), "--sessions",
             str(self.options.sessions), "--sizes", ",".join(map(str, self.sizes)),
             "--destinations", str(self.options.destinations), "--rate",
             str(self.options.rate), "--seconds-max",
             str(int(self.options.timeout))], capture_output=True, text=True,
            timeout=self.options.timeout + 30, check=False)
        if ran.returncode != 0:
            raise RuntimeError(f"{relay.name}: load: {(ran.stdout + ran.stderr)[-400:]}")
        told = json.loads(ran.stdout)
        return {"seconds": told["delivered_seconds"],
                "delivered_per_second": messages / told["delivered_seconds"],
                "accepted_per_second": messages / told["accept_seconds"],
                "delivered_twice": told["twice"],
                **{key: told[key] for key in told if key.endswith("_us")}}

    def source(self, relay, messages, sessions=None):
        return subprocess.Popen(
            ["smtp-source", "-d", "-4", "-s", str(sessions or self.options.sessions),
             "-m", str(messages), "-l", str(self.sizes[0]), "-f", "sender@bench.test",
             "-t", "recipient@bench.test", f"127.0.0.1:{relay.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def _run_source(self, relay, messages):
        sunk, start = self.sink.count(), time.monotonic()
        source = self.source(relay, messages)
        try:
            _, complaint = source.communicate(timeout=self.options.timeout)
            if source.returncode != 0:
                raise RuntimeError(f"{relay.name}: smtp-source: {complaint.decode()[-300:]}")
            accepted = time.monotonic() - start
            while self.sink.count() - sunk < messages:
                if time.monotonic() - start > self.options.timeout:
                    raise RuntimeError(f"{relay.name}: {self.sink.count() - sunk} of {messages} "
                                       f"delivered after {self.options.timeout:g} s")
                time.sleep(0.005)
        finally:
            if source.poll() is None:
                source.kill()
                source.wait()
        seconds = time.monotonic() - start
        return {"seconds": seconds, "delivered_per_second": messages / seconds,
                "accepted_per_second": messages / accepted,
                "delivered_twice": self.sink.count() - sunk - messages}

    def rounds(self):
        samples = {relay.name: [] for relay in self.relays}
        for relay in self.relays:
            self.run(relay, max(min(100, self.options.messages), self.messages_for(relay) // 10))
        for number in range(self.options.rounds):
            turn = number % len(self.relays)
            for relay in self.relays[turn:] + self.relays[:turn]:
                sample = self.run(relay, self.messages_for(relay))
                samples[relay.name].append(sample)
                note(f"round {number + 1}: {relay.name:18} "
                     f"{sample['delivered_per_second']:8.0f}/s "
                     f"{sample['cpu_us_per_message']:8.0f} us")
        return samples

    def syncs(self, relay):
        messages = max(200, self.messages_for(relay) // 4)
        with SyncCount(relay.tree, self.lab.path) as counted:
            self.run(relay, messages)
        return counted.calls / messages

    def latency(self, relay):
        """With smtp-source: one more session, which times its own 250 while the others are busy."""
        messages = self.messages_for(relay)
        sunk = self.sink.count()
        source = self.source(relay, messages, max(1, self.options.sessions - 1))
        times = probe(relay.port, self.sizes[0], lambda: source.poll() is None,
                      self.options.timeout)
        source.communicate(timeout=self.options.timeout)
        end = time.monotonic() + self.options.timeout
        while self.sink.count() - sunk < messages + len(times) and time.monotonic() < end:
            time.sleep(0.02)
        return {f"accept_{key}": value for key, value in quantiles(times).items()}


def names_of(options):
    names = options.only.split(",") if options.only else USUAL + ["no-relay"] * options.ceiling
    names += ["exim"] * options.exim + ["haraka"] * bool(options.haraka)
    names += ["kumomta"] * bool(options.kumod)
    unknown = sorted(set(names) - set(KINDS))
    if unknown:
        sys.exit(f"bench/relay: --only: {', '.join(unknown)}: use {', '.join(KINDS)}")
    return list(dict.fromkeys(names))


def quantiles(seconds):
    ordered = sorted(seconds)
    pick = lambda q: ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1e6  # noqa: E731
    return {"p50_us": pick(0.50), "p99_us": pick(0.99)} if ordered else {}


def probe(port, size, busy, timeout):
    """Seconds between the final dot and its 250, message by message, while `busy()`."""
    line = b"X" * 78 + b"\r\n"
    body = b"Subject: probe\r\n\r\n" + line * (size // len(line)) + b".\r\n"
    times, end = [], time.monotonic() + timeout
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = peer.makefile("rb")

        def say(text, code):
            peer.sendall(text)
            answer = answers.readline()
            while answer[3:4] == b"-":
                answer = answers.readline()
            if not answer.startswith(code):
                raise RuntimeError(f"probe: {text[:40]!r} was answered {answer!r}")

        say(b"", b"220")
        say(b"EHLO probe.bench.test\r\n", b"250")
        while busy() and time.monotonic() < end:
            say(b"MAIL FROM:<probe@bench.test>\r\n", b"250")
            say(b"RCPT TO:<recipient@bench.test>\r\n", b"250")
            say(b"DATA\r\n", b"354")
            start = time.perf_counter()
            say(body, b"250")
            times.append(time.perf_counter() - start)
        say(b"QUIT\r\n", b"221")
    return times


def disk_sync(folder, size, count=300):
    """What one fdatasync after an append costs on this disk, now."""
    times = []
    with open(folder / "sync-probe", "wb", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * size)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return quantiles(times)


def spread(samples, key):
    values = [sample[key] for sample in samples]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(samples, key, one, other):
    """The median, over the rounds, of one relay's figure by the other's in the same round."""
    if not samples.get(one) or not samples.get(other):
        return None
    pairs = [a[key] / b[key] for a, b in zip(samples[one], samples[other]) if b[key]]
    return statistics.median(pairs) if pairs else None


def figures_of(bench, relay, samples):
    one = {"cpu_source": relay.tree.source, "samples": samples,
           "peak_bytes": relay.tree.peak_bytes(),
           **{key: spread(samples, key) for key in SUMMED if key in samples[0]}}
    if bench.options.latency and not bench.own:
        told = bench.latency(relay)
        one.update({key: {"median": value, "min": value, "max": value}
                    for key, value in told.items()})
    if bench.options.strace and relay.tree.pids():
        one["syncs_per_message_strace"] = bench.syncs(relay)
    return one


def measure(options, lab):
    result = {"when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "machine": {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]},
              "work": {key: getattr(options, key) for key in
                       ("rounds", "size", "sessions", "destinations", "apart", "messages",
                        "rate", "cores", "io_threads")}}
    bench = Bench(options, lab)
    result["work"]["generator"] = "load" if bench.own else "smtp-source"
    if options.hold:
        for relay in bench.relays:
            note(f"{relay.name}: {relay.tree.pids()}")
        time.sleep(options.hold)
    samples = bench.rounds()
    result["relays"] = {relay.name: figures_of(bench, relay, samples[relay.name])
                        for relay in bench.relays}
    result["disk_sync"] = disk_sync(pathlib.Path(lab.path), min(bench.sizes[0], 65536))
    result["ratios"] = {}
    for text, key, one, other in RATIOS:
        value = ratio(samples, key, one, other)
        if value is not None:
            result["ratios"][text] = value
    for relay in bench.relays:
        relay.stop()
    return result
