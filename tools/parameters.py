"""Prints docs/generated/send-connector.md: each parameter, with the tests that prove its effect.

The rows come from `postern --print-parameters`. A test proves parameters when the lines above it
are comments "proves: Name, Name". A parameter without such a test, and a proof of one that does not
exist, are mistakes.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "checks"))
import files  # noqa: E402

SHELL = "build/release/cli/postern"
PROOF = re.compile(r"^\s*(?://|#) proves: ([\w, ]+)$")
TEST = re.compile(r"^\s*(?:TEST(?:_F|_P)?\((\w+), (\w+)\)|def (test_\w+)\()")
STANDINGS = {"field": "", "new": "New- only. ", "usage": "Switch. ",
             "ignored": "Taken with a warning. ", "refused": "Refused. "}


def proofs():
    """{parameter: [(path, line, name of the test)]}, and what is wrong with the marks."""
    found, mistakes = {}, []
    for path in files.ours("_test.cc", "_test.py"):
        lines = files.read(path).split("\n")
        for number, line in enumerate(lines, 1):
            mark = PROOF.match(line)
            if not mark:
                continue
            below = next((line for line in lines[number:] if not PROOF.match(line)), "")
            test = TEST.match(below)
            if not test:
                mistakes.append(f"{path}:{number}: put the line directly above a test")
                continue
            name = test.group(3) or f"{test.group(1)}.{test.group(2)}"
            for parameter in re.split(r",\s*", mark.group(1).strip()):
                found.setdefault(parameter, []).append((path, number + 1, name))
    return found, mistakes


def rows():
    said = subprocess.run([SHELL, "--print-parameters"], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in said.stdout.splitlines() if line]


def cell(text):
    return text.replace("|", "\\|")


def main():
    found, mistakes = proofs()
    table = rows()
    known = {row[0] for row in table}
    mistakes += [f"{path}:{line - 1}: {name} is not a parameter of New-SendConnector"
                 for name in sorted(set(found) - known) for path, line, _ in found[name]]
    print("# The parameters of a Send connector\n\n"
          "Written by `tools/docs` from the table in `common/connector/parameters.cc`. The last "
          "column has the tests\nthat prove the effect, each at its place.\n\n"
          "| Parameter | Values | Default | Effect | Proved by |\n|---|---|---|---|---|")
    for name, standing, _, values, default, effect in table:
        tests = [f"[{test}](../../{path}#L{line})" for path, line, test in found.get(name, [])]
        if not tests:
            mistakes.append(f"{name}: write a test that proves its effect, with \"proves: {name}\" "
                            "in a comment above it")
        print(f"| {name} | {cell(values)} | {cell(default)} | {STANDINGS[standing]}{cell(effect)} "
              f"| {'<br>'.join(tests)} |")
    for mistake in mistakes:
        print(f"parameters: {mistake}", file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
