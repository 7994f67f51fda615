"""Prints docs/generated/rfc.md: which file answers which section of which RFC."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "checks"))
import files  # noqa: E402

PLACE = re.compile(r"RFC (\d{3,5})((?:,? (?:and )?§ ?\d+(?:\.\d+)*)*)")


def sections(match):
    return re.findall(r"\d+(?:\.\d+)*", match.group(2)) or [""]


def order(section):
    return [int(part) for part in section.split(".") if part]


def main():
    found = {}
    for path in files.ours(".cc", ".h", ".proto"):
        if path.startswith(("tests/", "bench/")):
            continue
        for comment in re.findall(r"//[^\n]*(?:\n\s*//[^\n]*)*", files.read(path)):
            flat = re.sub(r"\s*\n\s*//\s*", " ", comment)
            for match in PLACE.finditer(flat):
                for section in sections(match):
                    found.setdefault(int(match.group(1)), {}).setdefault(section, set()).add(path)
    print("# RFCs\n\nWritten by `tools/docs`: read the RFC, open the code that answers it.")
    for rfc in sorted(found):
        print(f"\n## RFC {rfc}\n\n| Section | Code |\n|---|---|")
        for section in sorted(found[rfc], key=order):
            links = ", ".join(f"[{p}](../../{p})" for p in sorted(found[rfc][section]))
            print(f"| {'§' + section if section else 'as a whole'} | {links} |")


if __name__ == "__main__":
    main()
