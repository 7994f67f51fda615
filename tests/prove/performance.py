"""tests/prove/performance.py: the budgets of docs/performance, each with its figure."""

import functools
import json
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from claims import Claim, Skip, command, lines_with, main, require  # noqa: E402
from harness import wait_until  # noqa: E402
from main_job import crash, power_cuts, sync_count, sync_order  # noqa: E402
from peers import smtp_source  # noqa: E402
from worlds import World  # noqa: E402

SKIPPED = 77
# Instructions and system calls of a delivered message of 4 KiB, 20 sessions; some percent above
# what is measured, as how messages share a wake-up varies.
INSTRUCTIONS_MAX = {"direct": 215_000, "front end": 395_000}
CALLS_MAX = {"direct": 32, "front end": 45}
BYTES_MAX = 512
RATE = 2000  # messages a second, well below what two processors can


def queued(times=1):
    """100,000 messages to a destination that is down; ten times as many with --long."""
    count = 100_000 * times
    with tempfile.NamedTemporaryFile(suffix=".json") as figures:
        command("bench/queued", "--messages", count, "--json", figures.name, seconds=900)
        told = json.load(open(figures.name, encoding="utf-8"))
    figure = (f"{told['messages']} queued, {told['full_bytes'] / 2**20:.0f} MiB, "
              f"{told['bytes_per_message']:.0f} bytes a message, "
              f"ready {told['restart_seconds']:.1f} s after SIGKILL, "
              f"{told['accepted_per_second']:.0f} accepted a second")
    return require(told["queued_after_restart"] == count
                   and told["bytes_per_message"] <= BYTES_MAX, figure)


def instructions():
    code, said = command("/usr/bin/python3", "bench/instructions", seconds=290, check=False)
    if code == SKIPPED:
        raise Skip(said.strip())
    return require(code == 0, said.strip())


def profile(way):
    """A message through the services themselves, under callgrind and under strace -c."""
    def prove():
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            more = ["--front-end"] if way == "front end" else []
            _, said = command("bench/profile", "--json", file.name, *more, seconds=290)
            told = json.load(open(file.name, encoding="utf-8"))
        counted = sum(told["instructions"].values())
        calls = sum(sum(table.values()) for table in told["calls"].values())
        return require(
            counted <= INSTRUCTIONS_MAX[way] and calls <= CALLS_MAX[way],
            f"{counted:.0f} instructions (at most {INSTRUCTIONS_MAX[way]}), "
            f"{calls:.1f} system calls (at most {CALLS_MAX[way]})\n"
            + "\n".join(lines_with(said, " instructions", " system calls")))
    return prove


@functools.lru_cache
def relay(*words):
    """The figures of bench/relay, which several claims look at."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command("bench/relay", *words, "--json", file.name, seconds=560)
        return json.load(open(file.name, encoding="utf-8"))


def beside_postfix(times=1):
    return relay("--rounds", 2 + min(times, 3), "--messages", 8000)


def ratio(text, holds, bound, size=None):
    """A ratio of bench/relay: with --long the median of five rounds instead of three."""
    def prove(times=1):
        # smtp-source is itself the limit at this size.
        figures = relay("--rounds", 3, "--size", size, "--messages", 2000, "--generator", "load") \
            if size else beside_postfix(times)
        if text not in figures["ratios"]:
            raise Skip(f"bench/relay has no \"{text}\" here")
        value = figures["ratios"][text]
        rows = [f"{name}: {one['delivered_per_second']['median']:.0f}/s "
                f"({one['delivered_per_second']['min']:.0f} to "
                f"{one['delivered_per_second']['max']:.0f}), "
                f"{one['cpu_us_per_message']['median']:.0f} us"
                for name, one in figures["relays"].items()]
        return require(holds(value), "\n".join([f"{value:.2f} (budget {bound}), load "
                                                f"{figures['machine']['load_before']:.1f}", *rows]))
    return prove


def syncs(times=1):
    value = beside_postfix(times)["relays"]["postern-direct"]["syncs_per_message"]["median"]
    return require(value <= 0.3, f"{value:.2f} syncs a message (budget 0.3)")


def loaded(*words):
    return relay("--only", "postern-direct", "--generator", "load", "--rounds", 3, *words)


def receipts(*words):
    figures = loaded("--messages", 8000, *words)
    one, disk = figures["relays"]["postern-direct"], figures["disk_sync"]
    return one["accept_p99_us"]["median"] <= 3 * disk["p99_us"], (
        f"{one['delivered_per_second']['median']:.0f}/s: p50 {one['accept_p50_us']['median']:.0f} "
        f"us, p99 {one['accept_p99_us']['median']:.0f} us; fdatasync of this disk p50 "
        f"{disk['p50_us']:.0f} us, p99 {disk['p99_us']:.0f} us; receipt to delivered p50 "
        f"{one['through_p50_us']['median']:.0f} us, p99 {one['through_p99_us']['median']:.0f} us")


def latency():
    """When generator, relay and sink fill the processors, a receipt waits for these and not for
    the disk: the same at a rate well below is told beside it."""
    holds, fast = receipts()
    _, paced = receipts("--rate", RATE)
    return require(holds, f"{fast}\nat a rate, not judged: {paced}")


def next_hops():
    """At one address, where they share sessions; with an address each every message has a
    connection of its own, which is told beside it."""
    many = ("--messages", 10000, "--destinations", 10000)
    ways = {"to one": loaded("--messages", 10000), "to 10,000": loaded(*many),
            "with an address each, not judged": loaded(*many, "--apart")}
    medians = {text: [figures["relays"]["postern-direct"][key]["median"]
                      for key in ("delivered_per_second", "cpu_us_per_message")]
               for text, figures in ways.items()}
    rate = medians["to one"][0]
    times = {text: rate / median[0] for text, median in medians.items()}
    return require(times["to 10,000"] <= 1.5, "\n".join(
        f"{text}: {medians[text][0]:.0f}/s, {times[text]:.2f} times the time a message "
        f"(budget 1.5), CPU {medians[text][1]:.0f} us" for text in ways))


def dead_destination(count=100_000, messages=6000, pairs=5):
    """Two services in turns, of which one has a dead destination with many messages."""
    def rate(world):
        before, began = world.sink.messages(), time.monotonic()
        smtp_source(world.mailbox.smtp_port, messages)
        wait_until(lambda: world.sink.messages() >= before + messages, 120, "the last message")
        return messages / (time.monotonic() - began)

    with World() as free, World() as loaded_one:
        loaded_one.lab.connector("dead", ["dead.test"], dnsRoutingEnabled=False,
                                 smartHosts=["[127.0.0.1]"], port=loaded_one.lab.free_port())
        time.sleep(1)
        smtp_source(loaded_one.mailbox.smtp_port, count, sessions=50, size=1024,
                    recipient="bob@dead.test", seconds=300)
        waiting = loaded_one.mailbox.queued()
        rates = []
        for world in (free, loaded_one):
            rate(world)
        for number in range(pairs):
            turn = (free, loaded_one) if number % 2 else (loaded_one, free)
            both = {world: rate(world) for world in turn}
            rates.append((both[free], both[loaded_one]))
    ratios = [with_it / without for without, with_it in rates]
    value = statistics.median(ratios)
    return require(waiting >= count * 0.99 and value >= 0.95,
                   f"{waiting:.0f} wait at the dead one; others have {value:.3f} of their rate "
                   f"(budget 0.95; {min(ratios):.2f} to {max(ratios):.2f} over {pairs} pairs)")


CLAIMS = [
    Claim("bench/instructions.txt: each work of the hot path within its budget of instructions",
          instructions),
    Claim("a message of 4 KiB, direct: instructions by callgrind, system calls by strace -c",
          profile("direct")),
    Claim("a message of 4 KiB, front end, both services: the same", profile("front end")),
    Claim("4 KiB: delivered/s at least 8 x Postfix, direct",
          ratio("delivered/s: direct by Postfix", lambda value: value >= 8, "8"), 3),
    Claim("4 KiB: CPU a message at most 1/16 of Postfix, direct",
          ratio("CPU a message: Postfix by direct", lambda value: value >= 16, "16"), 3),
    Claim("4 KiB: the front end delivers at least 0.7 of direct",
          ratio("delivered/s: front end by direct", lambda value: value >= 0.7, "0.7"), 3),
    Claim("4 KiB: both services' CPU at most 1.7 x direct",
          ratio("CPU a message: front end by direct", lambda value: value <= 1.7, "1.7"), 3),
    Claim("at most 0.3 syncs a message at 20 sessions", syncs, 3),
    Claim("100 KiB: delivered/s at least 3 x Postfix, direct",
          ratio("delivered/s: direct by Postfix", lambda value: value >= 3, "3", size=102400)),
    Claim("the 250 after the dot: p99 at most 3 x the disk's own sync, 20 sessions", latency),
    Claim("10,000 next hops at one address: at most 1.5 x the time a message of one", next_hops),
    Claim("a dead destination with 100,000 messages costs others at most 5 %", dead_destination),
    Claim(f"a waiting message costs at most {BYTES_MAX} bytes; ready again after SIGKILL",
          queued, 10),
    Claim("strace -f -c -e trace=fdatasync,fsync over 20,000 messages", sync_count),
    Claim("every 250 comes after the sync of its message", sync_order),
    Claim("kill -9 of mailbox-transport, direct: nothing acknowledged is lost",
          crash("CrashTest.test_killed_mailbox_transport_loses_nothing_that_it_acknowledged",
                kills=10), 5),
    Claim("1,000 power cuts: each receipt's message is there; without the sync it is not",
          power_cuts),
]


if __name__ == "__main__":
    sys.exit(main("performance", CLAIMS,
                  "50 kills instead of 10, five rounds instead of three, 1,000,000 that wait"))
