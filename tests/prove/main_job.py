"""tests/prove/main_job.py: the main job: a message goes in and leaves by its connector."""

import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True

from claims import BUILD, ROOT, Claim, Skip, command, lines_with, main, require  # noqa: E402
from harness import wait_until  # noqa: E402
from load import Load  # noqa: E402
from peers import smtp_source, tool  # noqa: E402
from syncs import Trace  # noqa: E402
from worlds import World  # noqa: E402

MIB = 2 ** 20


def demo():
    _, said = command("/usr/bin/python3", "tests/interop/demo.py", seconds=60)
    return lines_with(said, "demo:")[-1]


def relay(proxied, count=20000):
    def prove():
        with World(proxied) as world:
            began = time.monotonic()
            smtp_source(world.mailbox.smtp_port, count, sessions=20, size=4096)
            accepted = time.monotonic() - began
            try:
                wait_until(lambda: world.sink.messages() >= count, 60, "the last message")
            except AssertionError:
                pass
            took = time.monotonic() - began
            world.mailbox.wait_empty(30)
            arrived = world.sink.messages()
            metrics = world.mailbox.metrics()
            syncs = metrics.total("postern_store_syncs_total")
            return require(
                arrived == count and metrics.total("postern_deliver_ambiguous_total") == 0,
                f"{arrived} of {count} {world.way()}, {count / took:.0f}/s delivered, accepted in "
                f"{accepted:.1f} s, {syncs / count:.2f} syncs a message")
    return prove


def crash(test, kills=20):
    def prove(times=1):
        _, said = command("/usr/bin/python3", "tests/interop/crash_test.py", test,
                          seconds=280 * times, POSTERN_KILLS=kills * times)
        found = lines_with(said, "kills ", "keys ", "seed ")
        return ", ".join(line.rpartition(" ... ")[2] for line in found)
    return prove


def large(proxied, count=50, size=100 * 2 ** 20):
    """50 large messages at a time, and small ones beside them."""
    def prove():
        with World(proxied, large=True) as world:
            port = world.mailbox.smtp_port
            began = time.monotonic()
            sender = threading.Thread(
                target=smtp_source, args=(port, count, count, size), kwargs={"seconds": 560})
            sender.start()
            small = Load(port, clients=1, size=4096, pause=0.05, recipient="small@contoso.test")
            with small:
                sender.join()
                accepted = time.monotonic() - began
                wait_until(lambda: world.sink.messages() >= count + len(small.acknowledged) - 5,
                           300, f"{count} large messages at the sink")
            wait_until(lambda: world.sink.messages() >= count + len(small.acknowledged), 60,
                       "all messages at the sink")
            services = [world.mailbox] + ([world.front_end] if proxied else [])
            peaks = [(one.binary_name, one.memory() / MIB) for one in services]
            latencies = sorted(small.latencies)
            p99 = latencies[int(len(latencies) * 0.99)] if latencies else float("inf")
            figure = (f"{count} of {count} with {size // MIB} MiB {world.way()} in "
                      f"{time.monotonic() - began:.0f} s (accepted in {accepted:.0f} s); peak RSS "
                      + ", ".join(f"{name} {peak:.0f} MiB" for name, peak in peaks)
                      + f"; p99 of {len(latencies)} acceptances of 4 KiB {p99 * 1000:.0f} ms, "
                      f"p50 {latencies[len(latencies) // 2] * 1000:.0f} ms")
            return require(all(peak <= 512 for _, peak in peaks) and len(latencies) > 20, figure)
    return prove


def roles():
    _, said = command("ctest", "--test-dir", BUILD, "--tests-regex",
                      "^services.mailbox-transport.admin$", "--verbose", "--no-tests=error",
                      seconds=120)
    rows = [line.split(": ", 1)[-1].split("\t") for line in said.splitlines()
            if line.count("\t") > 5]
    table = ["".join(f"{cell:<{48 if i == 0 else 18}}" for i, cell in enumerate(row)).rstrip()
             for row in rows]
    cells = sum(len(row) - 1 for row in rows[1:])
    return require(cells > 50, "\n".join([f"{cells} pairs of caller and RPC, none wrong", *table]))


def probes():
    _, said = command("/usr/bin/python3", "tests/interop/accept_test.py",
                      "AcceptTest.test_no_open_relay_probe_gets_through", seconds=60)
    rows = [line for line in said.splitlines() if line.endswith(("refused", "RELAYED", "verdict"))]
    relayed = sum(line.endswith("RELAYED") for line in rows)
    return require(relayed == 0 and len(rows) > 20, "\n".join(
        [f"{len(rows) - 1} probes, {relayed} relayed", *[row[row.find("...") + 4:] if "..." in row
                                                         else row for row in rows]]))


def strace(path, *options):
    return [tool("strace"), "-f", "--seccomp-bpf", "-o", str(path), *options]


def stop_traced(world):
    """The service is the child of strace."""
    pid = world.mailbox.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        for child in children.read().split():
            os.kill(int(child), signal.SIGTERM)
    world.mailbox.process.wait(60)


def sync_count(count=20000):
    path = BUILD / "prove-syncs.txt"
    with World(wrapper=strace(path, "-c", "-e", "trace=fdatasync,fsync")) as world:
        smtp_source(world.mailbox.smtp_port, count)
        wait_until(lambda: world.sink.messages() >= count, 120, "the last message")
        world.mailbox.wait_empty(30)
        own = world.mailbox.metrics().total("postern_store_syncs_total")
        stop_traced(world)
    rows = lines_with(path.read_text(), "fdatasync", "fsync")
    total = sum(int(row.split()[3]) for row in rows)
    return require(0 < total and own <= total,
                   f"{total} syncs over {count} messages, {total / count:.3f} a message "
                   f"(the store's own count: {own:.0f})")


def sync_order(count=4000):
    path = BUILD / "prove-order.txt"
    calls = "openat,write,writev,sendto,sendmsg,fdatasync,fsync"
    options = ["-tt", "-s", "2000000", "-e", f"trace={calls}"]
    with World(wrapper=strace(path, *options)) as world:
        smtp_source(world.mailbox.smtp_port, count, size=1000)
        wait_until(lambda: world.sink.messages() >= count, 120, "the last message")
        stop_traced(world)
    trace = Trace(path)
    receipts, wrong = trace.check()
    path.unlink()
    syncs = len(trace.syncs)
    trace.syncs.clear()
    would_notice = len(trace.uncovered())
    return require(
        receipts == count and not wrong and trace.cut == 0 and would_notice == count,
        f"{receipts - len(wrong)} of {receipts} receipts begin after the end of an fdatasync that "
        f"began after the message was written to the log ({syncs} syncs); proved from the order of "
        f"the calls in strace -f -tt, see tests/prove/syncs.py; with the syncs taken out of the "
        f"same trace {would_notice} receipts fail")


def beside_postfix():
    path = BUILD / "prove-relay.json"
    _, said = command("bench/relay", "--rounds", 3, "--messages", 8000, "--json", path, seconds=280)
    table = [line for line in said.splitlines() if line.strip()]
    ratio = next((float(line.split()[-1]) for line in table if "direct by Postfix" in line
                  and "delivered/s" in line), 0)
    return require(ratio >= 4, f"direct is {ratio:.1f} x Postfix (floor 4); bench/relay --rounds 3 "
                   "--messages 8000\n" + "\n".join(table[-12:]))


def power_cuts(times=1):
    cuts = 1000 * times
    binary = BUILD / "tests" / "postern_services_mailbox_transport_store_test"
    if not binary.exists():
        raise Skip(f"{binary} is not built")
    _, said = command(binary, "--gtest_filter=PowerCutTest.*", seconds=280 * times,
                       POSTERN_CUTS=cuts)
    passed = lines_with(said, "[  PASSED  ]")
    return require(passed, "; ".join(lines_with(said, "power cuts:", "without") + passed))


def check():
    _, said = command("tools/check", seconds=280)
    return said.strip().splitlines()[-1]


def sizes():
    longest, where = 0, ""
    for folder in ("common", "services", "cli", "proto", "tests", "tools", "bench"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".cc", ".h", ".py", ".proto") and path.is_file():
                lines = len(path.read_text(errors="replace").splitlines())
                if lines > longest:
                    longest, where = lines, path.relative_to(ROOT)
    return require(longest <= 400, f"the longest source is {where} with {longest} lines")


def bare_machine():
    raise Skip("needs a bare Debian 12 and a fresh clone: .ci/run does it there")


CLAIMS = [
    Claim("tools/setup && tools/demo, tools/setup && tools/test from a fresh clone", bare_machine),
    Claim("the demo delivers one message directly and one through the front end", demo),
    Claim("smtp-source -d -s 20 -m 20000 -l 4096, direct: 20,000 of 20,000", relay(False)),
    Claim("smtp-source -d -s 20 -m 20000 -l 4096, front end: 20,000 of 20,000", relay(True)),
    Claim("20 x kill -9 mailbox-transport, direct: nothing acknowledged is lost, doubles counted",
          crash("CrashTest.test_killed_mailbox_transport_loses_nothing_that_it_acknowledged"), 5),
    Claim("20 x kill -9 mailbox-transport, front end: the same",
          crash("CrashTest.test_killed_mailbox_transport_loses_nothing_behind_a_front_end"), 5),
    Claim("20 x kill -9 frontend-transport in mid-body: no message is cut off",
          crash("CrashTest.test_killed_front_end_leaves_no_message_cut_off"), 5),
    Claim("20 x Submit, kill -9, Submit with the same key: one message each",
          crash("SubmitAgainTest.test_the_same_key_over_a_kill_gives_one_message"), 5),
    Claim("50 x 100 MiB at a time, direct: peak RSS <= 512 MiB", large(False)),
    Claim("50 x 100 MiB at a time, front end: peak RSS of each <= 512 MiB", large(True)),
    Claim("every RPC with every role: none wrong", roles),
    Claim("the classic open-relay probes: none relayed", probes),
    Claim("strace -f -c -e trace=fdatasync,fsync over 20,000 messages", sync_count),
    Claim("every 250 comes after the sync of its message", sync_order),
    Claim("at least 4 x Postfix, direct, in the same run", beside_postfix),
    Claim("1,000 power cuts: each receipt's message is there; without the sync it is not",
          power_cuts, 5),
    Claim("tools/check passes", check),
    Claim("no source over 400 lines", sizes),
]


if __name__ == "__main__":
    sys.exit(main("main-job", CLAIMS, "five times the kills and power cuts"))
