"""tests/kubernetes/scaling_test.py: the numbers of the autoscalers beside the shipped settings.

See       docs/kubernetes/scaling.md "By themselves", which has the same arithmetic
"""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from harness import ROOT  # noqa: E402

K8S = ROOT / "deploy/k8s"
TOLERANCE = 0.1  # of the autoscaler: it leaves the count alone this near to the target


def settings(service):
    """The fallbacks of the manual, and what the settings of the base say instead."""
    pages = (ROOT / "docs/generated/settings.md").read_text().split("\n## ")
    [page] = [page for page in pages if page.startswith(service + "\n")]
    known = dict(re.findall(r"^\| `([\w.]+)` \| number \| `(\d+)` \|", page, re.MULTILINE))
    own = yaml.safe_load((K8S / f"base/settings/{service}.yaml").read_text())
    for part, values in own.items():
        known |= {f"{part}.{key}": value for key, value in values.items()
                  if f"{part}.{key}" in known}
    return {key: int(value) for key, value in known.items()}


def autoscalers(name):
    """Of one workload: (component, target of a pod, fewest, most)."""
    [hpa] = [each["spec"] for each in yaml.safe_load_all(
        (K8S / "components/hpa-prometheus-adapter/autoscalers.yaml").read_text())
        if each["metadata"]["name"] == name]
    yield ("hpa-prometheus-adapter", int(hpa["metrics"][0]["pods"]["target"]["averageValue"]),
           hpa["minReplicas"], hpa["maxReplicas"])
    [keda] = [each["spec"] for each in yaml.safe_load_all(
        (K8S / "components/keda/scaled-objects.yaml").read_text())
        if each["metadata"]["name"] == name]
    yield ("keda", int(keda["triggers"][0]["metadata"]["threshold"]),
           keda["minReplicaCount"], keda["maxReplicaCount"])


class ScalingTest(unittest.TestCase):
    def setUp(self):
        self.server, self.front_end = settings("mailbox-transport"), settings("frontend-transport")

    def credit(self, servers):
        """What one server may have open at one front end: egress.cc DivideSlots."""
        streams = self.server["deliver.proxy_streams"] * self.server["server.io_threads"]
        slots = self.front_end["egress.slots"] // (streams * servers)
        return streams * max(1, min(slots, self.front_end["egress.slots_per_stream_max"]))

    def test_both_components_scale_by_the_same_numbers(self):
        for name in ("frontend-transport", "mailbox-transport"):
            numbers = {each[1:] for each in autoscalers(name)}
            self.assertEqual(len(numbers), 1, name)

    def test_one_busy_server_brings_front_ends_before_its_deliveries_wait_for_credit(self):
        for component, target, fewest, most in autoscalers("frontend-transport"):
            [servers] = [each[3] for each in autoscalers("mailbox-transport")
                         if each[0] == component]
            busy = self.server["queue.max_outbound_connections"]
            begins = target * (1 + TOLERANCE)
            with self.subTest(component=component, target=target):
                self.assertGreater(busy / fewest, begins, "the target is out of reach")
                self.assertLess(begins, self.credit(servers), "deliveries wait for credit first")
                # All servers at once: there are enough front ends, and their SMTP sessions suffice.
                wanted = -(-servers * busy // target)
                self.assertLessEqual(wanted, most)
                self.assertGreater(self.front_end["egress.max_connections"], begins)

    def test_the_page_has_these_numbers(self):
        page = (ROOT / "docs/kubernetes/scaling.md").read_text().split("## By themselves")[1]
        [(_, target, _, most), *_] = autoscalers("frontend-transport")
        busy = self.server["queue.max_outbound_connections"]
        for number in (target, most, busy, self.credit(2),
                       self.front_end["egress.slots_per_stream_max"]):
            self.assertRegex(page, rf"\b{number:,}\b")


if __name__ == "__main__":
    unittest.main()
