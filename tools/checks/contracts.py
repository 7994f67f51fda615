"""The contract on top of a header: its fields hang at one column, what it points to is there."""

import os
import re

import cpp
import files

FIELD = re.compile(r"// (Flow|Failure|Lifetime|Limits|See)\s+\S")
HANGING = "// " + " " * 10
# docs/data.md "The log", "Opening": a page, and the headings that are meant.
PAGE = re.compile(r"\b((?:docs/|bench/)?[\w/-]+\.md)((?:(?:,| and)? \"[^\"]+\")*)")
HEADING = re.compile(r"^#+ (.*?)\s*$", re.MULTILINE)
QUOTED = re.compile(r'"[^"]*"')
# Name(...), name(), kName: in words that are not quoted, what is meant is code.
NAME = re.compile(r"\b(?:[A-Z]\w*(?=\()|[a-z]\w*(?=\(\))|k[A-Z]\w*)")
# In Flow also TwoWords without parentheses.
CALL = re.compile(r"\b[A-Z][a-z]+[A-Z]\w*")
CONSTANT = re.compile(r"\bk[A-Z]\w*")


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


def names_of_code():
    """Every word of the sources outside of comments."""
    words = set()
    for path in files.ours(".h", ".cc", ".proto"):
        words.update(re.findall(r"\w+", cpp.without_comments(files.read(path))))
    return words


def flow(lines):
    inside = False
    for _, line in lines:
        field = FIELD.match(line)
        inside = field.group(1) == "Flow" if field else inside and line != "//"
        if inside:
            yield line


def unknown(path, text, lines, known):
    """Names that the code does not have (any more): of calls and members in the contract, of
    constants in every comment."""
    contract = QUOTED.sub(" ", " ".join(line for _, line in lines))
    names = set(NAME.findall(contract))
    names.update(CALL.findall(QUOTED.sub(" ", " ".join(flow(lines)))))
    names.update(CONSTANT.findall(cpp.comments_of(text)))
    for name in sorted(names - known):
        yield f"{path}:1: name what is there, no code says {name}"


def main():
    findings = []
    known = names_of_code()
    for path in files.ours(".h"):
        text = files.read(path)
        lines = list(top(text))
        findings += unknown(path, text, lines, known)
        findings += ragged(path, lines)
        findings += dangling(path, lines)
    files.report(findings)


if __name__ == "__main__":
    main()
