"""tests/kubernetes/api_test.py: the CRDs and manifests before a real API server.

Skipped in one line where kube-apiserver can be neither found nor built, or etcd is not there.
"""

import collections
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from apiserver import (PLURALS, ApiServer, operator_definitions, our_definitions,  # noqa: E402
                       programs)
from crds_test import OF_A_LIST, cases  # noqa: E402
from harness import ROOT, Lab  # noqa: E402

OVERLAYS = sorted(path.parent for folder in ("deploy/k8s/overlays", "tests/kubernetes/overlays")
                  for path in (ROOT / folder).glob("*/kustomization.yaml"))
DIRECTORIES = ("deploy/k8s/base/directory", "deploy/k8s/overlays/two-sites/directory",
               "deploy/examples/directory")
# What an API server puts before the words of a rule: its verdict, and a value or a number.
VERDICT = re.compile(r'(?:Invalid value: (?:"(?:[^"\\]|\\.)*"|[^":]*)|Required value): ', re.DOTALL)
OF_EVERY_NAME = re.compile("a lowercase RFC 1123 subdomain must consist of ")

lab = None
api = None


def setUpModule():
    global lab, api
    programs()
    lab = Lab()
    unittest.addModuleCleanup(lab.close)
    api = ApiServer(lab).start()
    api.install(*our_definitions())
    api.namespace("cases")


def offer(resource, query="dryRun=All&fieldValidation=Strict"):
    path = f"/apis/postern.dev/v1/namespaces/cases/{PLURALS[resource['kind']]}?{query}"
    return api.request("POST", path, resource)


def words_of(answer):
    """The findings of a refusal, as "path: rule". A rule of a name is one of the whole resource;
    what every API server says of a name by itself does not count beside it."""
    found = []
    for cause in answer.get("details", {}).get("causes", []):
        rule = VERDICT.sub("", cause["message"], count=1)
        if not OF_EVERY_NAME.match(rule):
            found.append(f"{cause['field'].replace('<nil>', 'metadata.name')}: {rule}")
    return sorted(found)


class CrdsTest(unittest.TestCase):
    maxDiff = None

    def test_definitions_are_in_force_without_a_complaint(self):
        found = api.kubectl("get", "crds", "-o", "yaml")
        items = yaml.safe_load(found.stdout)["items"]
        self.assertEqual({each["spec"]["names"]["plural"] for each in items}, set(PLURALS.values()))
        for each in items:
            conditions = {one["type"]: one["status"] for one in each["status"]["conditions"]}
            self.assertEqual(conditions, {"NamesAccepted": "True", "Established": "True"})
        version = api.request("GET", "/version")[1]["gitVersion"]
        print(f"kube-apiserver {version}: {len(items)} CRDs established")

    def test_each_case_of_the_table_is_accepted_or_refused_in_the_same_words(self):
        counts = collections.Counter()
        for resource, says, expected in cases():
            status, answer = offer(resource)
            wanted = sorted(OF_A_LIST.sub(r"\1\2", text) for text in says)
            with self.subTest(kind=resource["kind"], spec=resource["spec"], answer=answer):
                if expected == "same":
                    self.assertEqual(status, 422 if wanted else 201)
                    self.assertEqual(words_of(answer) if wanted else [], wanted)
                else:
                    self.assertEqual(status != 201, expected == "schema")
            counts["accepted" if status == 201 else "refused"] += 1
            counts[expected] += 1
        print(f"{sum(counts.values()) // 2} cases: {counts['accepted']} accepted, "
              f"{counts['refused']} refused, {counts['same']} with the verdict and the words of "
              f"the service, {counts['none']} that only the service can judge")

    def test_what_is_left_out_has_its_default(self):
        status, answer = offer({"apiVersion": "postern.dev/v1", "kind": "SendConnector",
                                "metadata": {"name": "internet"},
                                "spec": {"name": "Internet", "addressSpaces": ["*"],
                                         "sourceTransportServers": ["site/main"]}})
        self.assertEqual(status, 201, answer)
        spec = answer["spec"]
        self.assertEqual((spec["enabled"], spec["dnsRoutingEnabled"], spec["port"]),
                         (True, True, 25))

    def test_a_field_that_no_schema_has_is_refused_by_kubectl(self):
        text = yaml.safe_dump({"apiVersion": "postern.dev/v1", "kind": "Site",
                               "metadata": {"name": "main", "namespace": "cases"},
                               "spec": {"frontends": []}})
        said = api.kubectl("apply", "--server-side", "-f", "-", text=text, check=False)
        self.assertNotEqual(said.returncode, 0)
        self.assertIn(".spec.frontends: field not declared in schema", said.stderr)


class ColumnsTest(unittest.TestCase):
    def test_kubectl_shows_connectors_as_operators_ask_for_them(self):
        api.namespace("columns")
        folder = ROOT / "deploy/examples/directory"
        api.kubectl("apply", "--server-side", "-n", "columns", "-f", folder)
        connectors = [each for path in folder.glob("*.yaml")
                      for each in yaml.safe_load_all(path.read_text())
                      if each and each["kind"] == "SendConnector"]
        first = connectors[0]["metadata"]["name"]
        self._ready(first)
        shown = api.kubectl("get", "sendconnectors", "-n", "columns").stdout
        print(shown)
        head, *rows = shown.splitlines()
        self.assertEqual(head.split(), ["NAME", "ENABLED", "USAGE", "ADDRESSSPACES", "ROUTE",
                                        "FRONTEND", "READY", "REASON", "AGE"])
        self.assertEqual(len(rows), len(connectors))
        ready = head.index("READY")
        self.assertEqual({row.split()[0]: row[ready:ready + 5].strip() for row in rows},
                         {each["metadata"]["name"]: "True" if each["metadata"]["name"] == first
                          else "" for each in connectors})

    def _ready(self, name):
        """The condition of a server, through the status subresource; it leaves the spec alone."""
        path = f"/apis/postern.dev/v1/namespaces/columns/sendconnectors/{name}"
        before = api.request("GET", path)[1]
        condition = {"type": "Ready", "status": "True", "reason": "InForce", "message": "in force",
                     "observedGeneration": before["metadata"]["generation"],
                     "lastTransitionTime": "2026-01-01T00:00:00Z"}
        status, after = api.request("PATCH", path + "/status", {
            "spec": {"enabled": False}, "status": {"conditions": [condition]}},
            kind="application/merge-patch+json")
        self.assertEqual(status, 200, after)
        self.assertEqual(after["spec"], before["spec"])
        self.assertEqual(after["metadata"]["generation"], before["metadata"]["generation"])
        self.assertEqual(after["status"]["conditions"], [condition])

    def test_short_names_and_the_category_find_them(self):
        api.namespace("names")
        for each in our_definitions():
            for name in each["spec"]["names"]["shortNames"]:
                api.kubectl("get", name, "-n", "names")
        api.kubectl("get", "postern", "-n", "names")


class OverlaysTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        api.install(*operator_definitions())

    def rendered(self, overlay):
        """The text of an overlay; its namespaces are there afterwards, as a dry run needs them."""
        text = api.kubectl("kustomize", "--load-restrictor", "LoadRestrictionsNone",
                           overlay).stdout
        resources = [each for each in yaml.safe_load_all(text) if each]
        for each in resources:
            if each["kind"] == "Namespace":
                api.namespace(each["metadata"]["name"], each["metadata"].get("labels", {}))
        for name in {each["metadata"].get("namespace") for each in resources} - {None}:
            api.namespace(name)
        return text, resources

    def applied(self, *words, text=None):
        """What `kubectl apply` names; it has neither an error nor a warning."""
        done = api.kubectl("apply", "--server-side", *words, text=text, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.splitlines()

    def test_each_overlay_is_taken_by_a_dry_run_at_the_server(self):
        sums = []
        for overlay in OVERLAYS:
            with self.subTest(overlay=overlay.name):
                text, resources = self.rendered(overlay)
                lines = self.applied("--dry-run=server", "-f", "-", text=text)
                self.assertEqual(len(lines), len(resources))
                sums.append(f"{overlay.name} {len(lines)}")
        self.assertEqual(len(sums), len(OVERLAYS))
        print(f"{len(sums)} overlays, 0 errors: " + ", ".join(sums) + " resources")

    def test_each_directory_is_taken_by_a_dry_run_at_the_server(self):
        api.namespace("directories")
        for folder in DIRECTORIES:
            with self.subTest(folder=folder):
                files = [word for path in sorted((ROOT / folder).glob("*.yaml"))
                         if path.name != "kustomization.yaml" for word in ("-f", path)]
                self.assertTrue(self.applied("--dry-run=server", "-n", "directories", *files))

    def test_an_overlay_that_is_applied_stays_as_it_was_written_and_its_pods_are_admitted(self):
        text, resources = self.rendered(ROOT / "deploy/k8s/overlays/single-site")
        self.assertEqual(len(self.applied("-f", "-", text=text)), len(resources))
        done = api.kubectl("diff", "--server-side", "-f", "-", text=text, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        for each in resources:
            if each["kind"] in ("StatefulSet", "Deployment"):
                self.assertEqual(self._pod(each), 201)
                self.assertEqual(self._pod(each, hostNetwork=True), 403)

    @staticmethod
    def _pod(workload, **more):
        """How the API server answers to a pod of the workload in its restricted namespace."""
        namespace, template = workload["metadata"]["namespace"], workload["spec"]["template"]
        claims = [{"name": each["metadata"]["name"], "emptyDir": {}}
                  for each in workload["spec"].get("volumeClaimTemplates", [])]
        spec = {**template["spec"], "volumes": template["spec"]["volumes"] + claims, **more}
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec,
               "metadata": {**template["metadata"], "name": workload["metadata"]["name"]}}
        return api.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)[0]


if __name__ == "__main__":
    unittest.main()
