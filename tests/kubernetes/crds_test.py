"""tests/kubernetes/crds_test.py: the CRDs say what the file validation says, in the same words.

The same cases (tests/kubernetes/cases) go to a mailbox-transport as a folder of manifests, and to
crdcheck, which is the validation of an API server (schema, defaults, CEL rules and their cost).
crdcheck is left out, in one line, where there is no Go tool chain to build it.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from harness import ROOT, Lab  # noqa: E402
from services import MailboxTransport  # noqa: E402

CASES = ROOT / "tests/kubernetes/cases"
CRDS = sorted((ROOT / "deploy/k8s/crds").glob("*s.yaml"))
CHECKER = ROOT / "build/tools/bin/crdcheck"
SHOWN_MAX = 40  # the service shows 100 findings of a folder
OF_A_LIST = re.compile(r"^(spec\.(?:smartHosts|sourceTransportServers|errorPolicies|addressSpaces))"
                       r"\[\d+\](: (?:.* is listed once|is listed once|stands alone.*"
                       r"|.*only SMTP domains are in DNS))$")


def cases():
    """(resource, what the files say, how an API server differs)"""
    groups = [yaml.safe_load((CASES / "sendconnector.yaml").read_text()),
              *yaml.safe_load((CASES / "others.yaml").read_text())["groups"]]
    found = []
    for group in groups:
        for number, case in enumerate(group["cases"]):
            fields = {key: value for key, value in {**group["base"], **case}.items()
                      if key not in ("says", "api", "metadata") and value is not None}
            name = case.get("metadata", f"case-{number}")
            resource = {"apiVersion": "postern.dev/v1", "kind": group["kind"],
                        "metadata": {"name": name}, "spec": fields}
            found.append((resource, case.get("says", []), case.get("api", "same")))
    return found


def batches(table):
    """Parts of the table that a service shows whole; a folder has one TransportConfig at most."""
    alone = [case for case in table if case[0]["kind"] == "TransportConfig"]
    others = [case for case in table if case[0]["kind"] != "TransportConfig"]
    parts = [others[at:at + SHOWN_MAX] for at in range(0, len(others), SHOWN_MAX)]
    return parts + [[case] for case in alone]


def findings_of_files(resources):
    """What a mailbox-transport says of each resource, as it refuses to start."""
    with Lab() as lab:
        for number, resource in enumerate(resources):
            lab.write_raw(f"{number}.yaml", yaml.safe_dump(resource, allow_unicode=True))
        lab.write_raw("broken.yaml", "apiVersion: postern.dev/v1\nkind: Nothing\n")
        said = MailboxTransport(lab).fails_to_start()
    said = said[said.rindex("there is no directory"):]
    found = [[] for _ in resources]
    for line in said.split("; and no copy: ")[0].splitlines():
        match = re.search(r"(?:^|[ /])(\d+)\.yaml:\d+: ([\w.\[\]]+): (.*)$", line)
        if match and not line.startswith("{"):
            found[int(match.group(1))].append((match.group(2), match.group(3)))
    return found


def rule_of(path, said, resource):
    """Without the value, which stands in quotes before the rule."""
    parts = re.findall(r"\w+", path)
    value = resource
    for part in parts:
        value = value[int(part)] if isinstance(value, list) and part.isdigit() and \
            int(part) < len(value) else value.get(part) if isinstance(value, dict) else None
    if not said.startswith('"'):
        return f"{path}: {said}"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    for text in (shown, shown.encode("unicode_escape").decode().replace('"', '\\"')):
        if said.startswith(f'"{text}": '):
            return f"{path}: {said[len(text) + 4:]}"
    return f"{path}: " + re.sub(r'^"(?:[^"\\]|\\.)*": ', "", said)


class CrdsTest(unittest.TestCase):
    maxDiff = None

    def test_files_that_are_written_are_those_of_the_proto(self):
        subprocess.run([ROOT / "tools/crds", "--check"], check=True)

    def test_the_file_validation_says_the_words_of_the_table(self):
        for part in batches(cases()):
            for (resource, says, _), found in zip(part, findings_of_files([c[0] for c in part])):
                heard = [rule_of(path, said, resource) for path, said in found
                         if "already in" not in said]
                with self.subTest(spec=resource["spec"]):
                    self.assertEqual(sorted(heard), sorted(says))

    def test_an_api_server_says_the_same_of_each_case(self):
        if not CHECKER.exists() and not shutil.which("go"):
            self.skipTest("no Go tool chain to build crdcheck")
        subprocess.run([ROOT / "tools/kubernetes/checker"], check=True)
        table = cases()
        done = subprocess.run([CHECKER, *CRDS], input=json.dumps([case[0] for case in table]),
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        same = 0
        for (resource, says, api), found in zip(table, json.loads(done.stdout)):
            heard = sorted(f"{finding['path']}: {finding['rule']}" for finding in found)
            wanted = sorted(OF_A_LIST.sub(r"\1\2", text) for text in says)
            heard = [text.replace("<nil>: ", "metadata.name: ") for text in heard]
            with self.subTest(kind=resource["kind"], spec=resource["spec"]):
                if api == "same":
                    self.assertEqual(heard, wanted)
                    same += 1
                else:
                    self.assertEqual(bool(heard), api == "schema", heard)
        print(f"{len(table)} cases, {same} with the same verdict in the same words; "
              f"{sum(1 for case in table if case[2] == 'none')} that only the service can judge")


if __name__ == "__main__":
    unittest.main()
