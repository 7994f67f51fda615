"""Lists our files: tracked or new, not ignored. As a program: files.py .cc .h"""

import os
import subprocess
import sys


def ours(*endings):
    """Paths below the root that end so, sorted."""
    out = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        check=True, capture_output=True, text=True).stdout
    paths = sorted(set(path for path in out.split("\0") if path))
    return [p for p in paths if p.endswith(endings) and os.path.isfile(p)]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def report(findings):
    """Prints each finding and ends with 1 if there is one."""
    for finding in sorted(set(findings)):
        print(finding)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    print("\n".join(ours(*sys.argv[1:])))
