"""tests/prove/million.py: a million messages for a host that is down, and what they cost.

One server with them and an empty one beside it serve all these claims; it is made at the first.

Flow      accepted, restarted, others, suspended, killed, removed: claims, in this order.
Limits    Messages are accepted for ACCEPT_SECONDS, or until there are MESSAGES; with --long until
          there are.
"""

import atexit
import statistics
import subprocess
import threading
import time

from claims import require  # first: it knows where the others are
from admin_api import AdminApi
from harness import Lab, wait_until
from peers import SmtpSink, smtp_source, tool
from services import MailboxTransport, Shell
from terminal import run_on_terminal

MESSAGES = 1_000_000
LEAST = 200_000
SLICE = 50_000
ACCEPT_SECONDS = 150
BATCH = 200_000  # of them, from the sender on whose messages the commands act
RETURNED = 2_000  # removed with a DSN

BYTES_MAX = 512  # resident, beyond an empty service
QUEUE_P99_MAX = 0.050
PAGE_MAX = 0.500
OTHERS_MIN = 0.7  # of the throughput of an empty server
MIB = 2 ** 20
CACHES = 192 * MIB  # of the store, full when fewer messages than MESSAGES are there


class World:
    def __init__(self, seconds):
        self.lab = Lab()
        atexit.register(self.lab.close)
        self.sink = SmtpSink(self.lab, self.lab.free_port()).start()
        self.lab.site(servers=("full", "empty"))
        for name, port in (("dead", self.lab.free_port()), ("live", self.sink.port)):
            self.lab.connector(name, [f"{name}.test"], dnsRoutingEnabled=False,
                               smartHosts=["[127.0.0.1]"], port=port)
        self.full, self.empty = (MailboxTransport(self.lab, name=name).start()
                                 for name in ("full", "empty"))
        self.bare = self.full.memory("VmRSS")
        self.api = AdminApi(self.lab, self.full)
        self.count = 0
        began = time.monotonic()
        while self.count < MESSAGES and (time.monotonic() - began < seconds or
                                         self.count < LEAST):
            smtp_source(self.full.smtp_port, SLICE, sessions=50, size=1024,
                        recipient="bob@dead.test",
                        sender=f"{'batch' if self.count < BATCH else 'load'}@sender.test")
            self.count += SLICE
        self.rate = self.count / (time.monotonic() - began)

    def kill(self):
        """SIGKILL and a start; how long that takes until the service is ready."""
        self.api.close()
        self.full.sigkill()
        took = _seconds(lambda: self.full.start(seconds=120))
        self.api = AdminApi(self.lab, self.full)
        return took

    def told(self):
        """Resident memory, and how long Get-Queue and the first page of Get-Message take."""
        resident = self.full.memory("VmRSS")
        grown = resident - self.bare
        caches = CACHES if self.count < MESSAGES else 0
        calls = sorted(_seconds(self.api.queues) for _ in range(300))
        p99 = calls[int(len(calls) * 0.99)]
        dead = max(self.api.queues(), key=lambda queue: queue.message_count).identity
        pages = {
            "all that fit": dict(filter="Subject -ne 'x' -and Size -gt 100"),
            "of a queue": dict(queue=dead, filter="Size -gt 100"),
            "none fits": dict(filter="Subject -like '*not there*'")}
        slowest = {name: max(_seconds(lambda: self.api.page(**terms)) for _ in range(5))
                   for name, terms in pages.items()}
        first = self.api.page(filter="Subject -like '*not there*'")
        holds = (grown <= BYTES_MAX * self.count + caches and p99 <= QUEUE_P99_MAX
                 and max(slowest.values()) <= PAGE_MAX
                 and first.next.examined > 0 and first.next.total >= self.count)
        return holds, (
            f"{self.count} queued, {resident / MIB:.0f} MiB resident, "
            f"{grown / self.count:.0f} bytes a message; Get-Queue p50 {calls[150] * 1000:.1f} ms, "
            f"p99 {p99 * 1000:.1f} ms; first page of Get-Message, slowest of five: " + ", ".join(
                f"{name} {took * 1000:.0f} ms" for name, took in slowest.items())
            + f" (then a cursor: looked at {first.next.examined} of {first.next.total})")


def _seconds(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


_made = []


def world(seconds=ACCEPT_SECONDS):
    if not _made:
        _made.append(World(seconds))
    return _made[0]


def accepted(times=1):
    here = world(ACCEPT_SECONDS * times)
    holds, figure = here.told()
    return require(holds, f"{figure}; accepted {here.rate:.0f} a second")


def restarted(times=1):
    here = world()
    ready = here.kill()
    queued = here.full.queued()
    holds, figure = here.told()
    return require(holds and queued == here.count,
                   f"ready {ready:.1f} s after SIGKILL with {queued:.0f} messages; {figure}")


def _throughput(here, server, count=5_000):
    before = here.sink.messages()
    began = time.monotonic()
    smtp_source(server.smtp_port, count, recipient="ann@live.test")
    wait_until(lambda: here.sink.messages() >= before + count, 120, "the messages at the sink")
    return count / (time.monotonic() - began)


def others(times=1):
    """Each round one after the other, so that what else the machine does falls on both."""
    here = world()
    rates = {"full": [], "empty": []}
    for _ in range(4 * times):
        for server in (here.full, here.empty):
            rates[server.name].append(_throughput(here, server))
    full, empty = (statistics.mean(rates[name]) for name in ("full", "empty"))
    return require(full >= OTHERS_MIN * empty,
                   f"{full:.0f} a second beside {here.count} that wait, {empty:.0f} on an empty "
                   f"server: {full / empty:.2f}; rounds " + ", ".join(
                       f"{a:.0f}/{b:.0f}" for a, b in zip(rates["full"], rates["empty"])))


class Stream:
    """Messages for the destination that lives, one after the other; when each has arrived."""

    def __init__(self, here):
        self.here, self.samples = here, []
        self.stop = threading.Event()
        self.source = subprocess.Popen(
            [tool("smtp-source"), "-d", "-s", "20", "-m", "10000000", "-l", "4096", "-f",
             "load@sender.test", "-t", "ann@live.test", f"127.0.0.1:{here.full.smtp_port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self.stop.wait(0.05):
            self.samples.append((time.monotonic(), self.here.sink.messages()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        if self.source.poll() is None:
            self.source.terminate()
        self.source.wait(10)

    def rate(self, since, until):
        within = [(at, count) for at, count in self.samples if since <= at <= until]
        return (within[-1][1] - within[0][1]) / (within[-1][0] - within[0][0])

    def pause(self, since, until):
        """The longest time in which nothing arrived."""
        longest, last, at_last = 0, None, None
        for at, count in self.samples:
            if not since <= at <= until:
                continue
            if count != last:
                last, at_last = count, at
            longest = max(longest, at - at_last)
        return longest


def _act(here, *words):
    """A command in the shell on a terminal: (its answer, how often it told its progress, s)."""
    began = time.monotonic()
    said, shown = run_on_terminal(Shell(here.lab, here.full), *words)
    return said, shown.count("looked at"), time.monotonic() - began


def suspended(times=1):
    """Suspend-Message on the batch while the other destination is delivered."""
    here = world()
    with Stream(here) as stream:
        began = time.monotonic()
        time.sleep(5)
        middle = time.monotonic()
        said, progress, took = _act(here, "Suspend-Message", "-Filter",
                                    "FromAddress -eq 'batch@sender.test'")
        end = time.monotonic()
    before, during = stream.rate(began + 1, middle), stream.rate(middle, end)
    pause = stream.pause(middle, end)
    return require(
        f"{BATCH} messages suspended" in said.replace(",", "") and progress > 5 and pause < 1,
        f"{said.strip()} in {took:.0f} s, {progress} times told how far it is; "
        f"{during:.0f} delivered a second meanwhile, {before:.0f} before, "
        f"the longest pause {pause * 1000:.0f} ms")


def killed(times=1):
    """Resume-Message, and the process dies in the middle of it; then again, to its end."""
    here = world()
    filter = "FromAddress -eq 'batch@sender.test'"
    told = 0
    for answer in here.api.act("resume", filter):
        told += answer.changed
        if told >= BATCH // 2:
            break
    here.kill()
    left = here.api.count("Status -eq 'Suspended'")
    again = sum(answer.changed for answer in here.api.act("resume", filter))
    after = here.api.count("Status -eq 'Suspended'")
    queued = here.api.count(filter)
    return require(
        left <= BATCH - told and again == left and after == 0 and queued == BATCH,
        f"{told} were told to be resumed when the process was killed; after its start {left} of "
        f"{BATCH} still were suspended, none of those told; then {again} resumed, none lost")


def removed(times=1):
    here = world()
    smtp_source(here.full.smtp_port, RETURNED, sender="ndr@dead.test", recipient="bob@dead.test")
    wait_until(lambda: here.full.queued() >= here.count + RETURNED, 30, "those to be returned")
    figures = []
    for sender, options in (("ndr@dead.test", ()), ("batch@sender.test", ("-WithNDR", "false"))):
        said, progress, took = _act(here, "Remove-Message", "-Filter",
                                    f"FromAddress -eq '{sender}'", "-Confirm:false", *options)
        figures.append(f"{said.strip()} in {took:.0f} s{' without' if options else ' with'} a DSN")
    notices = here.api.count("FromAddress -eq '<>'")
    left = here.count - BATCH + RETURNED
    wait_until(lambda: here.full.queued() == left, 30, "the queue to be as long as it should be")
    page = max(_seconds(lambda: here.api.page(filter="Size -gt 100")) for _ in range(5))
    return require(notices == RETURNED and page <= PAGE_MAX,
                   "; ".join(figures) + f"; {notices} DSNs, {left} left; then the first page of "
                   f"Get-Message, which begins with the removed ones, {page * 1000:.0f} ms")
