"""tests/prove/queues.py: the life of a queued message: retries, DSNs, full disks, drains."""

import json
import sys
import tempfile

sys.dont_write_bytecode = True

import next_hops  # noqa: E402
from claims import Claim, command, interop, main, require, unit  # noqa: E402

BYTES_MAX = 512


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


CLAIMS = [
    Claim("a week of retries: each attempt and DSN beside Exchange's intervals",
          unit("services_mailbox_transport_pipeline", "WeekTest.*", 1, "test; retry-week.md")),
    Claim(f"a waiting message costs at most {BYTES_MAX} bytes, and a kill loses none", queued, 10),
    Claim("10,000 next hops cost at most twice what one costs", next_hops.throughput, 5),
    Claim("domains that share their mail exchangers: one limit, one back-off", interop("rollup")),
    Claim("a disk that fills up under load loses nothing and comes back by itself",
          interop("disk", told="accepted")),
    Claim("a drained server under load, a rescued volume: nothing lost, nothing twice",
          interop("drain", told="handed over")),
    Claim("DSNs of each kind, as Python's email package and flufl.bounce read them",
          interop("dsn")),
    Claim("the tracking, connectivity and routing logs beside what happened",
          interop("tracking")),
    Claim("back pressure: levels, hysteresis and what each refuses",
          unit("services_mailbox_transport_pipeline", "*Pressure*:ResourceMonitor*", 8, "tests")),
]


if __name__ == "__main__":
    sys.exit(main("queues", CLAIMS, "1,000,000 waiting messages instead of 100,000"))
