"""tests/prove/usage.py: what tools/prove --help says; the topics tell of themselves."""

import ast
import pathlib
import textwrap

from claims import EXIT_CODES

HEAD = """usage: tools/prove TOPIC [--long] [--only TEXT]
       tools/prove TOPIC --help     the claims of a topic

Runs the claims of a topic, one after the other, and prints each with its figure and its seconds:
  holds     it was run, and it is so
  SHORT     it is not so, or what was to prove it has failed
  skipped   nothing ran, and why; that proves nothing

topics, and what --long does more
"""

TAIL = f"""
options
  --long        more of it, as said above
  --only TEXT   only the claims with this text in their title

exit codes
{textwrap.indent(EXIT_CODES, "  ")}
how long
  Minutes: on two processors connectors takes 4, queues 7, with --long 11. What one claim runs falls
  short when it has not ended after about 5; with --long, and where containers or an API server are
  started, it has longer. What measures is best run on a machine that does nothing else.

environment
  POSTERN_BUILD   the build folder, as it is; without it build/release is built first
"""


def longer_of(tree):
    """The last word of main(topic, claims, longer)."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return next(call.args[2].value for call in calls
                if getattr(call.func, "id", "") == "main" and len(call.args) == 3)


def topics():
    """(name, what it is of, what --long does more) of each."""
    for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        text = path.read_text()
        if "\nCLAIMS = " in text:
            tree = ast.parse(text)
            about = ast.get_docstring(tree).splitlines()[0].partition(": ")[2]
            yield path.stem.replace("_", "-"), about.removesuffix("."), longer_of(tree)


def text():
    rows = [f"  {name:<12}  {about}\n{'':16}--long: {longer}\n" for name, about, longer in topics()]
    return HEAD + "".join(rows) + TAIL


if __name__ == "__main__":
    print(text(), end="")
