"""Includes follow tools/floors.txt: lower floors only, steps apart, third-party headers at home."""

import fnmatch
import re

import files

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
OWN_FOLDERS = ("common/", "services/", "cli/", "proto/", "postern/v1/", "tests/", "bench/")


def table():
    floors, homes, guests = [], {}, []
    for line in files.read("tools/floors.txt").replace("\\\n", " ").splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        kind, rest = words[0], words[1:]
        if kind == "home":
            colon = rest.index(":")
            homes.update({library: rest[colon + 1:] for library in rest[:colon]})
        elif kind == "guest":
            guests.append((rest[0], rest[2]))
        else:
            floors.append((kind, rest))
    return floors, homes, guests


def within(path, pattern):
    return fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path, pattern + "/*")


def place_of(path, floors):
    """(floor, position on its line, kind, folder) or None."""
    if path.startswith("postern/v1/"):
        path = "proto/" + path
    for floor, (kind, patterns) in enumerate(floors):
        for position, pattern in enumerate(patterns):
            if within(path, pattern):
                folder = "/".join(path.split("/")[:pattern.count("/") + 1])
                return floor, position, kind, folder
    return None


def service_of(path):
    return path.split("/")[1] if path.startswith("services/") else None


def broken_rule(path, include, floors):
    own, other = place_of(path, floors), place_of(include, floors)
    if own is None:
        return "give its folder a floor in tools/floors.txt"
    if include.startswith(("tests/", "bench/")):
        return f"do not include {include}, tests are no part of what ships"
    if other is None:
        return f"give the folder of {include} a floor in tools/floors.txt"
    if own[3] == other[3]:
        return None
    if service_of(include) and service_of(path) != service_of(include):
        return f"do not include {include}, only its own service sees it"
    if own[0] == other[0] and own[2] == "steps":
        return f"do not include {include}, steps meet only through model/"
    if (other[0], other[1]) > (own[0], own[1]):
        return f"do not include {include}, {other[3]} is not below {own[3]}"
    return None


def home_of(include, homes):
    """The places of the longest beginning that the table knows, or None."""
    if include.endswith(".grpc.pb.h"):
        return homes["grpcpp"]
    known = [name for name in homes if re.match(re.escape(name) + r"($|[/._])", include)]
    return homes[max(known, key=len)] if known else None


def main():
    floors, homes, guests = table()
    findings = []
    for path in files.ours(".cc", ".h"):
        if not path.startswith(("common/", "services/", "cli/")):
            continue
        text = files.read(path)
        for match in INCLUDE.finditer(text):
            include = match.group(2)
            line = text.count("\n", 0, match.start(1)) + 1
            places = home_of(include, homes)
            if places is not None and not any(within(path, place) for place in places):
                findings.append(
                    f"{path}:{line}: do not include {include}, its home is {' or '.join(places)}")
            invited = any(within(path, who) and include == what for who, what in guests)
            if include.startswith(OWN_FOLDERS) and not invited:
                rule = broken_rule(path, include, floors)
                if rule:
                    findings.append(f"{path}:{line}: {rule}")
    files.report(findings)


if __name__ == "__main__":
    main()
