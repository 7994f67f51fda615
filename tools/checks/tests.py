"""Every source is tested at the mirrored place, or has a reason in tests/untested.txt."""

import os
import re

import files

LIST = "tests/untested.txt"


def reasons():
    out, findings = {}, []
    for number, line in enumerate(files.read(LIST).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, colon, reason = line.partition(":")
        if not colon or len(reason.split()) < 3:
            findings.append(f"{LIST}:{number}: write \"<path>: <reason>\", a reason is a sentence")
        elif not os.path.exists(path):
            findings.append(f"{LIST}:{number}: remove the line, {path} does not exist")
        out[path] = reason.strip()
    return out, findings


def test_of(source):
    return f"tests/{os.path.splitext(source)[0]}_test.cc"


def included_by_tests(folder):
    """The headers that the tests at the mirrored place of a folder include."""
    out = set()
    for path in files.ours("_test.cc"):
        if os.path.dirname(path) == f"tests/{folder}":
            out.update(re.findall(r'#include "([^"]+)"', files.read(path)))
    return out


def tested(source, included):
    """By a test of its name, or by one of its folder that includes its header. Without a header of
    its own it stands behind one of its folder, and that one's test counts."""
    if os.path.exists(test_of(source)):
        return True
    header, folder = os.path.splitext(source)[0] + ".h", os.path.dirname(source)
    if os.path.exists(header):
        return header in included
    behind = re.findall(r'#include "([^"]+)"', files.read(source))
    return any(os.path.dirname(i) == folder and i in included for i in behind)


def main():
    untested, findings = reasons()
    included = {}
    for source in files.ours(".cc"):
        folder = os.path.dirname(source)
        if not source.startswith(("common/", "services/", "cli/")):
            continue
        if folder not in included:
            included[folder] = included_by_tests(folder)
        if source in untested:
            if os.path.exists(test_of(source)):
                findings.append(f"{LIST}: remove {source}, it has a test")
        elif not tested(source, included[folder]):
            findings.append(f"{source}: write {test_of(source)} or a reason in {LIST}")
    files.report(findings)


if __name__ == "__main__":
    main()
