"""tests/prove/queues.py: the life of a queued message: retries, DSNs, full disks, drains."""

import sys

sys.dont_write_bytecode = True

import million  # noqa: E402
import next_hops  # noqa: E402
from claims import Claim, interop, main, unit  # noqa: E402

CLAIMS = [
    Claim("a week of retries: each attempt and DSN beside Exchange's intervals",
          unit("services_mailbox_transport_pipeline", "WeekTest.*", 1, "test; retry-week.md")),
    Claim("a million for a host that is down: memory, Get-Queue and Get-Message once accepted",
          million.accepted, 10),
    Claim("the same after SIGKILL: none is lost, and the service is soon there",
          million.restarted),
    Claim("other destinations go as fast beside them as on an empty server", million.others),
    Claim("10,000 next hops cost at most twice what one costs", next_hops.throughput, 5),
    Claim("domains that share their mail exchangers: one limit, one back-off", interop("mx_set")),
    Claim("200,000 messages are suspended, with progress, while others are delivered",
          million.suspended),
    Claim("a process that dies while it resumes them has done what it said", million.killed),
    Claim("they are removed, with a DSN or without a word", million.removed),
    Claim("commands on thousands of messages: what is said done outlives a SIGKILL",
          interop("suspension", told="told")),
    Claim("a message in hand at PoisonThreshold crashes of the process is set apart",
          interop("poison")),
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
    sys.exit(main("queues", CLAIMS, "a million messages, however long it takes to accept them"))
