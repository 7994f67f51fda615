"""Names that say something, TODOs with a kind, prose that speaks of the program only."""

import os
import re

import cpp
import files

BANNED = {"util", "utils", "helper", "helpers", "manager", "context", "task", "job", "item",
          "entry", "misc", "stuff"}
# Words of the trade: io's coroutine, and what OpenSSL calls a context.
ALLOWED = {("common/io/", "task"), ("common/tls/", "context")}
TYPE = re.compile(r"\b(?:class|struct|enum(?:\s+class)?|union)\s+(?:alignas\(\w+\)\s+)?"
                  r"(?:\[\[\w+\]\]\s+)?([A-Z]\w*)(?=[^;()]*\{)|\busing\s+([A-Z]\w*)\s*=")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+")
UNFINISHED = re.compile(r"\b(FIXME|XXX\b|NotImplemented|UNIMPLEMENTED\(\)|GTEST_SKIP|DISABLED_\w*)")
TODO = re.compile(r"\bTODO\b(?!\((soon|perf|security)\))")
PROSE = re.compile(r"\b(issues? #?\d+|as (?:requested|instructed))\b", re.IGNORECASE)


def allowed(path, word):
    path = path.removeprefix("tests/")
    return any(path.startswith(place) and word == name for place, name in ALLOWED)


def names(path, text):
    """(line, what, name) of the file and of each type that it declares."""
    yield 1, "the file", os.path.basename(path).split(".")[0]
    code = cpp.code_of(text)
    for match in TYPE.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, "the type", match.group(1) or match.group(2)


def main():
    findings = []
    for path in files.ours(".cc", ".h"):
        text = files.read(path)
        for line, what, name in names(path, text):
            for word in (part.lower() for part in PART.findall(name)):
                if word in BANNED and not allowed(path, word):
                    findings.append(f"{path}:{line}: name {what} {name} by what it is, "
                                    f"\"{word}\" says nothing")
        for number, line in enumerate(text.split("\n"), 1):
            found = UNFINISHED.search(line)
            if found:
                findings.append(f"{path}:{number}: finish it, {found.group(1)} does not ship")
            if TODO.search(line):
                findings.append(f"{path}:{number}: give the TODO a kind: soon, perf or security")
    for path in files.ours(".cc", ".h", ".md", ".proto", ".txt", ".yaml", ".cmake"):
        for number, line in enumerate(files.read(path).split("\n"), 1):
            found = PROSE.search(line)
            if found:
                findings.append(f"{path}:{number}: speak of the program, not of how it was made: "
                                f"\"{found.group()}\"")
    files.report(findings)


if __name__ == "__main__":
    main()
