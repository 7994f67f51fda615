"""The contract on top of a header: its fields hang at one column, what it points to is there."""

import os
import re

import files

FIELD = re.compile(r"// (Flow|Failure|Lifetime|Limits|See)\s+\S")
HANGING = "// " + " " * 10
# docs/data.md "The log", "Opening": a page, and the headings that are meant.
PAGE = re.compile(r"\b((?:docs/|bench/)?[\w/-]+\.md)((?:(?:,| and)? \"[^\"]+\")*)")
HEADING = re.compile(r"^#+ (.*?)\s*$", re.MULTILINE)


def top(text):
    """(number, line) of the comment that a file begins with."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith("//"):
            return
        yield number, line


def ragged(path, lines):
    inside = False
    for number, line in lines:
        if FIELD.match(line):
            inside = True
        elif line == "//":
            inside = False
        elif inside and not line.startswith(HANGING):
            yield f"{path}:{number}: begin the line under the text of its field"


def dangling(path, lines):
    comment = " ".join(line.removeprefix("//").strip() for _, line in lines)
    for page, quoted in PAGE.findall(comment):
        if not os.path.isfile(page):
            yield f"{path}:1: name a page that is there, {page} is not"
            continue
        headings = {heading.lower() for heading in HEADING.findall(files.read(page))}
        for name in re.findall(r'"([^"]+)"', quoted):
            if not any(heading.startswith(name.lower()) for heading in headings):
                yield f'{path}:1: name a heading that is there, {page} has no "{name}"'


def main():
    findings = []
    for path in files.ours(".h"):
        lines = list(top(files.read(path)))
        findings += ragged(path, lines)
        findings += dangling(path, lines)
    files.report(findings)


if __name__ == "__main__":
    main()
