"""bench/sizing.py

The capacity model of docs/performance/sizing.md: messages a second from cores, processor time, sync
latency and sessions.

Flow      model = Model.fitted(points of bench/curves.py, relay); model.rate(size, sessions);
          check(points, relay): rows of what was measured and what the model says.
Limits    A closed queueing network, solved by mean value analysis: `sessions` customers, one
          station of `cores` servers (Seidmann's form), and a time in which a message waits without
          needing a processor.
"""

import dataclasses
import statistics

# A message waits for the rest of the sync that is under way, half of one, and then for its own.
SYNCS_WAITED = 1.5
# Of the relay's processor time, what its io thread has; the commit and log threads have the rest.
IO_SHARE = 2 / 3


@dataclasses.dataclass
class Model:
    cores: int
    sync_us: float
    cpu_us: float  # of a message without a body
    cpu_us_per_kib: float
    beside_us: float  # generator and sink, when they use the same processors
    beside_us_per_kib: float
    waits_us: float  # round trips and wake-ups of one message, without processor time

    io_threads: int = 1

    def relay_us(self, size):
        return self.cpu_us + self.cpu_us_per_kib * size / 1024

    def demand_us(self, size):
        return self.relay_us(size) + self.beside_us + self.beside_us_per_kib * size / 1024

    def rate(self, size, sessions):
        """Messages a second."""
        demand = self.demand_us(size)
        queued_us, queue = demand / self.cores, 0.0
        beside = demand - queued_us + self.waits_us
        rate = 0.0
        for number in range(1, sessions + 1):
            syncs = self.sync_us * (1.0 if number == 1 else SYNCS_WAITED)
            response = queued_us * (1 + queue)
            rate = number / (response + beside + syncs)
            queue = rate * response
        return 1e6 * min(rate, self.io_threads / (IO_SHARE * self.relay_us(size)))

    @staticmethod
    def fitted(points, relay):
        """From 4 KiB and 100 KiB at 20 sessions, and from one session; nothing else."""
        small, large = point(points, "size", "4096"), point(points, "size", "102400")
        one = point(points, "sessions", 1)
        kib = (102400 - 4096) / 1024
        cpu = [figures["relays"][relay]["cpu_us_per_message"]["median"]
               for figures in (small, large)]
        beside = [1e6 / figures["relays"]["no-relay"]["delivered_per_second"]["median"]
                  for figures in (small, large)]
        cpu_slope, beside_slope = (cpu[1] - cpu[0]) / kib, (beside[1] - beside[0]) / kib
        model = Model(small["machine"]["cores"], one["disk_sync"]["p50_us"], cpu[0] - 4 * cpu_slope,
                      cpu_slope, beside[0] - 4 * beside_slope, beside_slope, 0.0)
        alone = 1e6 / one["relays"][relay]["delivered_per_second"]["median"]
        model.waits_us = max(0.0, alone - model.demand_us(4096) - model.sync_us)
        return model


def point(points, axis, value):
    for figures in points.get(axis, ()):
        if figures["work"][axis] == value:
            return figures
    raise KeyError(f"{axis} {value} was not measured")


def check(points, relay, mean_of_mix):
    """[(axis, value, measured, predicted)] of the points that the model was not fitted on."""
    model = Model.fitted(points, relay)
    rows = []
    for axis, value in (("sessions", 5), ("sessions", 200), ("size", "1024"), ("size", "5242880"),
                        ("size", "mix")):
        try:
            figures = point(points, axis, value)
        except KeyError:
            continue
        size = mean_of_mix if figures["work"]["size"] == "mix" else int(figures["work"]["size"])
        measured = figures["relays"][relay]["delivered_per_second"]["median"]
        rows.append((axis, value, measured, model.rate(size, figures["work"]["sessions"])))
    return model, rows


def error_of(rows):
    return statistics.median(abs(predicted / measured - 1) for _, _, measured, predicted in rows)
