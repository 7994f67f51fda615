"""Writes the SPDX 2.3 document of an image: its packages, and the hash of each of its files.

Flow      sbom.py NAME VERSION ROOT >sbom.spdx.json
See       deploy/images/collect, which leaves usr/share/postern/packages.tsv
"""

import hashlib
import json
import pathlib
import sys


def package(name, version, architecture, homepage):
    return {
        "SPDXID": f"SPDXRef-Package-{name.replace('+', '-plus')}", "name": name,
        "versionInfo": version, "supplier": "Organization: Debian", "homepage": homepage or
        "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION", "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={architecture}"
                                "&distro=debian-12"}]}


def files(root):
    for number, path in enumerate(sorted(root.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            yield {"SPDXID": f"SPDXRef-File-{number}", "fileName": f"./{path.relative_to(root)}",
                   "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                   "checksums": [{"algorithm": algorithm.upper(), "checksumValue": hashlib.new(
                       algorithm, path.read_bytes()).hexdigest()}
                       for algorithm in ("sha1", "sha256")]}


def main():
    name, version, root = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    rows = [line.split("\t") for line in
            (root / "usr/share/postern/packages.tsv").read_text().splitlines()]
    packages = [package(*row) for row in rows]
    listed = list(files(root))
    image = {"SPDXID": "SPDXRef-Image", "name": name, "versionInfo": version,
             "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
             "copyrightText": "NOASSERTION", "primaryPackagePurpose": "CONTAINER"}
    tie = lambda kind, other: {"spdxElementId": "SPDXRef-Image",  # noqa: E731
                               "relationshipType": kind, "relatedSpdxElement": other}
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}", "documentNamespace": f"https://postern.dev/{name}/{version}",
        "creationInfo": {"created": "1970-01-01T00:00:00Z", "creators": ["Tool: tools/image"]},
        "packages": [image, *packages], "files": listed,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": "SPDXRef-Image"},
            *(tie("CONTAINS", each["SPDXID"]) for each in packages + listed)]},
        sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
