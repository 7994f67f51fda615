"""bench/curves.py

Curves: the same bench along one axis after the other, and their plots.

Flow      points = measure(options); plot(points, folder).
Failure   A point that fails is left out, with its reason.
See       docs/performance/README.md
"""

import copy
import pathlib

import relays
import rounds

# By axis: the settings of each point, and how many messages for Postern.
AXES = {
    "size": [({"size": "1024"}, 6000), ({"size": "4096"}, 6000), ({"size": "102400"}, 2000),
             ({"size": "5242880"}, 60), ({"size": "mix"}, 600)],
    "sessions": [({"sessions": 1}, 1500), ({"sessions": 5}, 4000), ({"sessions": 20}, 6000),
                 ({"sessions": 200}, 8000)],
    "destinations": [({"destinations": 1}, 6000), ({"destinations": 100}, 6000),
                     ({"destinations": 10000}, 10000)],
    "cores": [({"cores": 1}, 6000), ({"cores": 2}, 6000)],
}
LABELS = {"size": "bytes of a message", "sessions": "sessions", "destinations": "next hops",
          "cores": "processors of the relay"}
SHOWN = (("delivered_per_second", "delivered a second"),
         ("cpu_us_per_message", "CPU, us a message"),
         ("accept_p99_us", "receipt, p99, us"),
         ("through_p50_us", "receipt to delivered, p50, us"))


def measure(options):
    """{axis: [figures of each point]}"""
    points = {}
    for axis, settings in AXES.items():
        for changed, messages in settings:
            one = copy.copy(options)
            one.generator, one.messages, one.peer_messages = "load", messages, None
            for key, value in changed.items():
                setattr(one, key, value)
            rounds.note(f"{axis} {changed[axis]}")
            try:
                with relays.Lab() as lab:
                    points.setdefault(axis, []).append(rounds.measure(one, lab))
            except RuntimeError as error:
                rounds.note(f"{axis} {changed[axis]} is left out: {error}")
    return points


def place(figures, axis):
    value = figures["work"][axis]
    return sum(rounds.MIX) / len(rounds.MIX) if value == "mix" else float(value)


def plot(points, folder):
    """One picture for each axis; nothing without matplotlib."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return rounds.note("no plots: python3-matplotlib is not there")
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for axis, all_figures in points.items():
        picture, fields = pyplot.subplots(2, 2, figsize=(9, 6.5))
        for field, (key, text) in zip(fields.flat, SHOWN):
            for name in all_figures[0]["relays"]:
                rows = sorted((place(one, axis), one["relays"][name][key]) for one in all_figures
                              if key in one["relays"].get(name, {}))
                if not rows:
                    continue
                middle = [row[1]["median"] for row in rows]
                field.errorbar([row[0] for row in rows], middle, marker="o", label=name, capsize=3,
                               yerr=[[m - row[1]["min"] for m, row in zip(middle, rows)],
                                     [row[1]["max"] - m for m, row in zip(middle, rows)]])
            field.set(xscale="log", yscale="log", xlabel=LABELS[axis], title=text)
            field.grid(alpha=0.3)
        fields.flat[0].legend(fontsize=8)
        picture.tight_layout()
        picture.savefig(pathlib.Path(folder) / f"by-{axis}.svg")
        pyplot.close(picture)
