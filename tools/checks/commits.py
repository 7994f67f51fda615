"""Commit subjects read "module: verb phrase"."""

import re
import subprocess

import files

SUBJECT = re.compile(r"[a-z][a-z0-9-]*(, [a-z][a-z0-9-]*)*: [^ ].*[^. ]")
SUBJECT_MAX = 100
LAST = 200


def main():
    log = subprocess.run(["git", "log", f"-{LAST}", "--no-merges", "--format=%h %s"],
                         capture_output=True, text=True, check=False).stdout
    findings = []
    for line in log.splitlines():
        commit, _, subject = line.partition(" ")
        if not SUBJECT.fullmatch(subject):
            findings.append(f"commit {commit}: write \"module: verb phrase\", not \"{subject}\"")
        elif len(subject) > SUBJECT_MAX:
            findings.append(f"commit {commit}: shorten the subject to {SUBJECT_MAX} characters")
    files.report(findings)


if __name__ == "__main__":
    main()
