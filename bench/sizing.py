"""bench/sizing.py

The capacity model of docs/performance/sizing.md: messages a second from cores, processor time, sync
latency and sessions.

Flow      model = Model.fitted(points of bench/curves.py, relay); model.rate(sizes, sessions);
          check(points, relay): rows of what was measured and what the model says.
Limits    A closed network with one bottleneck: a session goes round by itself, and at the
          processors waits for the others that are there (the lower of the balanced job bounds of
          Zahorjan and others, with think time).
"""

import dataclasses
import statistics

import rounds

KIB = 1024
# A content of at most one chunk is in memory until its first attempt; more is read back.
CHUNK_KIB = 256
# A message waits for the rest of the sync that is under way, half of one, and then for its own.
SYNCS_WAITED = 1.5


@dataclasses.dataclass
class Model:
    cores: int
    sync_us: float
    cpu_us: float  # of a message without a body, when many share wake-ups and syncs
    alone_us: float  # more, when nobody shares them
    cpu_us_per_kib: float
    again_us_per_kib: float  # more, of what is read back
    beside_us: float  # generator and sink, when they use the same processors
    beside_us_per_kib: float
    waits_us: float  # round trips and wake-ups of one message, without processor time
    used: float  # the part of the processors that the stages of the work keep busy, at most

    def relay_us(self, size, sessions):
        kib = size / KIB
        return (self.cpu_us + self.alone_us * unshared(sessions) + self.cpu_us_per_kib * kib
                + self.again_us_per_kib * max(0, kib - CHUNK_KIB))

    def apart_us(self, size):
        return self.beside_us + self.beside_us_per_kib * size / KIB

    def rate(self, sizes, sessions, cores=None, apart=False):
        """Messages a second; `apart`: generator and sink have processors of their own."""
        relay = statistics.fmean(self.relay_us(size, sessions) for size in sizes)
        beside = statistics.fmean(self.apart_us(size) for size in sizes)
        away = self.away_us(sessions)
        cores = cores or self.cores
        # On one core no stage waits for another: there is something to do as long as one has work.
        used = 1.0 if cores == 1 else self.used
        turn = (relay + (0 if apart else beside)) / (used * cores)
        others = (sessions - 1) * met(sessions, relay + beside, away)
        return 1e6 * sessions / (relay + beside + away + others * turn)

    def away_us(self, sessions):
        """Of one message's way, what it spends away from the processors."""
        return self.waits_us + self.sync_us * (1.0 if sessions == 1 else SYNCS_WAITED)

    @staticmethod
    def fitted(points, relay):
        """From 4 KiB, 100 KiB and 5 MiB at 20 sessions, and from one session; nothing else."""
        small, large, huge = (point(points, "size", size) for size in ("4096", "102400", "5242880"))
        one = point(points, "sessions", 1)
        cpu, at_20 = {}, 20
        for name, figures in (("small", small), ("large", large), ("huge", huge), ("one", one)):
            cpu[name] = median(figures, relay, "cpu_us_per_message")
        slope = (cpu["large"] - cpu["small"]) / 96
        alone = (cpu["one"] - cpu["small"]) / (1 - unshared(at_20))
        base = cpu["small"] - alone * unshared(at_20) - 4 * slope
        again = (cpu["huge"] - base - alone * unshared(at_20) - 5120 * slope) / (5120 - CHUNK_KIB)
        beside = [1e6 / median(figures, "no-relay", "delivered_per_second")
                  for figures in (small, large)]
        beside_slope = (beside[1] - beside[0]) / 96
        model = Model(small["machine"]["cores"], one["disk_sync"]["p50_us"], base, alone, slope,
                      max(0.0, again), beside[0] - 4 * beside_slope, beside_slope, 0.0, 1.0)
        cycle = 1e6 / median(one, relay, "delivered_per_second")
        model.waits_us = max(0.0, cycle - model.relay_us(4096, 1) - model.apart_us(4096)
                             - model.sync_us)
        demand, away = model.relay_us(4096, at_20) + model.apart_us(4096), model.away_us(at_20)
        cycle = at_20 * 1e6 / median(small, relay, "delivered_per_second")
        turn = (cycle - demand - away) / ((at_20 - 1) * met(at_20, demand, away))
        model.used = min(1.0, demand / (turn * model.cores)) if turn > 0 else 1.0
        return model


def unshared(sessions):
    """The part of a wake-up and a sync that is one message's own: half of the sessions wait for a
    sync while the others get theirs, and each half shares."""
    return 2 / (sessions + 1)


def met(sessions, demand_us, away_us):
    """The part of the other sessions that one finds at the processors: the rest are away."""
    return 1 / (1 + away_us / (sessions * demand_us))


def median(figures, relay, key):
    return figures["relays"][relay][key]["median"]


def point(points, axis, value):
    for figures in points.get(axis, ()):
        if figures["work"][axis] == value:
            return figures
    raise KeyError(f"{axis} {value} was not measured")


def check(points, relay):
    """[(axis, value, measured, predicted)] of the points that the model was not fitted on."""
    model = Model.fitted(points, relay)
    rows = []
    for axis, value in (("size", "1024"), ("sessions", 200), ("cores", 1), ("size", "mix"),
                        ("sessions", 5)):
        try:
            figures = point(points, axis, value)
        except KeyError:
            continue
        work, cores = figures["work"], figures["work"].get("cores") or None
        rows.append((axis, value, median(figures, relay, "delivered_per_second"),
                     model.rate(rounds.sizes_of(work["size"]), work["sessions"],
                                cores, apart=cores is not None)))
    return model, rows


def error_of(rows):
    return statistics.median(abs(predicted / measured - 1) for _, _, measured, predicted in rows)
