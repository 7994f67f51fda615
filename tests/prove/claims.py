"""tests/prove/claims.py

A claim is a sentence that a run proves or not. Each is printed with its figure; a skip is no pass.

Flow      main("topic", [Claim("title", function), ...], "what --long does more"): the exit code.
Failure   A claim falls short by raising Short, or anything else; Skip says why nothing ran.
"""

import argparse
import dataclasses
import os
import re
import subprocess
import sys
import textwrap
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "interop"))

from harness import BUILD, ROOT  # noqa: E402  (after the path is set)

EXIT_CODES = """0   every claim that ran holds; one that was skipped is told as such
1   a claim falls short, or none has the text of --only in its title
2   there is no such topic or option
"""


class Short(Exception):
    """The claim does not hold; the words say by how much."""


class Skip(Exception):
    """Nothing was run, and why."""


@dataclasses.dataclass
class Claim:
    title: str
    prove: object  # returns the figure as a text
    long_times: int = 1  # with --long, so many times as much; prove takes the factor


def require(holds, figure):
    if not holds:
        raise Short(figure)
    return figure


def command(*words, seconds=300, check=True, **environment):
    """Runs a command; (exit code, what it said)."""
    done = subprocess.run(
        list(map(str, words)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", timeout=seconds,
        env={**os.environ, "POSTERN_BUILD": str(BUILD), "PYTHONDONTWRITEBYTECODE": "1",
             **{key: str(value) for key, value in environment.items()}})
    if check and done.returncode != 0:
        raise Short(f"{' '.join(map(str, words))} ended with {done.returncode}:\n"
                    + "\n".join(done.stdout.splitlines()[-25:]))
    return done.returncode, done.stdout


def lines_with(text, *words):
    return [line for line in text.splitlines() if any(word in line for word in words)]


def unit(module, pattern, least, what):
    """Runs the tests of a module that match; the figure is the rows of its tables, or how many
    tests there are."""
    def prove():
        binary = BUILD / "tests" / f"postern_{module}_test"
        if not binary.exists():
            raise Skip(f"{binary} is not built")
        _, said = command(binary, f"--gtest_filter={pattern}", seconds=120)
        passed = re.search(r"\[  PASSED  \] (\d+) test", said)
        rows = sum(int(number) for number in re.findall(r"^rows: (\d+)$", said, re.MULTILINE))
        count = rows or (int(passed.group(1)) if passed else 0)
        return require(passed and count >= least, f"{count} {what}")
    return prove


def interop(file, *tests, told="", **environment):
    """Runs an interop test; the figure is what it says of itself, from lines that match `told`."""
    def prove(times=1):
        more = {name: value * times for name, value in environment.items()}
        path = ROOT / "tests" / "interop" / f"{file}_test.py"
        if not path.exists():
            raise Skip(f"{path} is not there")
        _, said = command("/usr/bin/python3", path, "--verbose", *tests, seconds=280 * times,
                          **more)
        ran = re.search(r"^Ran (\d+) tests? in ([\d.]+)s", said, re.MULTILINE)
        # "test_x (...) ... what it says ... ok"
        lines = [re.sub(r"^test_\w+ \(.*?\) \.\.\. | \.\.\. ok$", "", line)
                 for line in said.splitlines()]
        shown = [line for line in lines if told and re.search(told, line)]
        return require(int(ran.group(1)) > 0 and (shown or not told),
                       "\n".join([f"{ran.group(1)} tests in {ran.group(2)} s", *shown]))
    return prove


def _prove(claim, long):
    """(verdict, figure)"""
    try:
        more = long and claim.long_times > 1
        return "holds", claim.prove(claim.long_times) if more else claim.prove()
    except Skip as skip:
        return "skipped", str(skip)
    except Exception as error:  # whatever goes wrong, the claim is not proved
        return "SHORT", str(error) or type(error).__name__


def main(topic, claims, longer):
    titles = "".join(f"  {claim.title}\n" for claim in claims)
    parser = argparse.ArgumentParser(
        prog=f"tools/prove {topic}", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Runs the claims of {topic} and prints each with its figure.",
        epilog=f"claims:\n{titles}\nexit codes:\n{textwrap.indent(EXIT_CODES, '  ')}")
    parser.add_argument("--long", action="store_true", help=longer)
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the claims with this text in their title")
    options = parser.parse_args()
    chosen = [claim for claim in claims if options.only in claim.title]
    if not chosen:
        raise SystemExit(f"no claim has \"{options.only}\" in its title")
    return _run(topic, chosen, options.long)


def _run(topic, claims, long):
    began = time.monotonic()
    verdicts = []
    print(f"prove {topic}: {len(claims)} claims, build {BUILD}", flush=True)
    for claim in claims:
        start = time.monotonic()
        verdict, figure = _prove(claim, long)
        verdicts.append(verdict)
        ran = "skipped" if verdict == "skipped" else "ran"
        print(f"\n{verdict:<8}{claim.title}\n        {ran} {time.monotonic() - start:.0f} s: "
              + figure.replace("\n", "\n        "), flush=True)
    short, skipped = verdicts.count("SHORT"), verdicts.count("skipped")
    print(f"\nprove {topic}: {len(claims) - skipped} of {len(claims)} claims ran, "
          f"{verdicts.count('holds')} hold, {short} fall short, {skipped} skipped (not proved), "
          f"{time.monotonic() - began:.0f} s")
    return 1 if short else 0
