"""tests/kubernetes/policies_test.py: whom the NetworkPolicies of the rendered overlays let through.

Skipped in one line where kustomize or kubeconform can be neither found nor built.
See       docs/kubernetes/install.md "Namespaces"
"""

import pathlib
import sys
import typing
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from harness import ROOT  # noqa: E402
from manifests_test import of_kind, overlays, setUpModule  # noqa: E402, F401

RELAY = {7172, "admin"}  # the port, and its name in the pod
SERVER = {"app.kubernetes.io/name": "mailbox-transport", "app.kubernetes.io/part-of": "postern"}


class Pod(typing.NamedTuple):
    namespace: str
    labels: dict = SERVER
    of_namespace: dict = {}  # labels that somebody gave it

    def namespace_labels(self):
        return {**self.of_namespace, "kubernetes.io/metadata.name": self.namespace}


def selects(selector, labels):
    """Whether a selector does; an empty one selects all."""
    for rule in selector.get("matchExpressions", ()):
        assert rule["operator"] == "In", rule
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def names(peer, own, pod):
    """Whether a peer in a policy of the namespace `own` names the pod."""
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" not in peer and pod.namespace != own:
        return False
    return (selects(peer.get("namespaceSelector", {}), pod.namespace_labels())
            and selects(peer.get("podSelector", {}), pod.labels))


def lets(resources, way, peers, pod, other):
    """Whether a policy lets the relay of `other` into the pod, or that of the pod out to it."""
    for policy in of_kind(resources, "NetworkPolicy"):
        own, spec = policy["metadata"]["namespace"], policy["spec"]
        if own != pod.namespace or not selects(spec["podSelector"], pod.labels):
            continue
        for rule in spec.get(way, ()):
            at_port = not rule.get("ports") or RELAY & {each["port"] for each in rule["ports"]}
            if at_port and any(names(each, own, other) for each in rule.get(peers, [{
                    "namespaceSelector": {}}])):
                return True
    return False


def relays(resources, source, target):
    """Whether the two ends let a relay from one to the other through, each as far as it is ours."""
    ours = {each["metadata"]["namespace"] for each in of_kind(resources, "NetworkPolicy")}
    out = source.namespace not in ours or lets(resources, "egress", "to", source, target)
    return out and (target.namespace not in ours
                    or lets(resources, "ingress", "from", target, source))


def servers(resources):
    return [Pod(each["metadata"]["namespace"], each["spec"]["template"]["metadata"]["labels"])
            for each in of_kind(resources, "StatefulSet")]


class RelayTest(unittest.TestCase):
    def each_server(self):
        return [(overlay, resources, server) for overlay, resources in overlays().items()
                for server in servers(resources)]

    def test_servers_of_all_sites_in_a_namespace_reach_one_another(self):
        seen = {}
        for overlay, resources, server in self.each_server():
            for other in servers(resources):
                self.assertTrue(relays(resources, server, other), overlay)
                seen.setdefault(overlay, []).append(other)
        self.assertEqual(len(seen["two-sites"]), 4)
        print(f"{sum(map(len, seen.values()))} pairs of servers in {len(seen)} overlays")

    def test_the_pod_that_rescues_mail_reaches_them(self):
        rescue = yaml.safe_load((ROOT / "deploy/examples/rescue-pod.yaml").read_text())
        for overlay, resources, server in self.each_server():
            pod = Pod(server.namespace, rescue["metadata"]["labels"])
            self.assertTrue(relays(resources, pod, server), overlay)

    def test_a_pod_of_another_namespace_with_a_servers_labels_neither_reaches_them_nor_is_reached(
            self):
        given = {"postern.dev/monitoring": "allowed", "postern.dev/submission": "allowed",
                 "postern.dev/organization": "postern"}
        for overlay, resources, server in self.each_server():
            for tenant in (Pod("tenant", server.labels), Pod("tenant", server.labels, given)):
                self.assertFalse(relays(resources, tenant, server), overlay)
                self.assertFalse(relays(resources, server, tenant), overlay)

    def test_a_front_end_is_no_server(self):
        for overlay, resources, server in self.each_server():
            front_end = Pod(server.namespace, {"app.kubernetes.io/name": "frontend-transport"})
            self.assertFalse(relays(resources, front_end, server), overlay)

    def test_namespaces_that_a_policy_names_reach_one_another(self):
        resources = overlays()["several-namespaces"]
        [server] = servers(resources)
        self.assertEqual(server.namespace, "postern-a")
        self.assertTrue(relays(resources, Pod("postern-b"), server))
        self.assertTrue(relays(resources, server, Pod("postern-b")))
        self.assertFalse(relays(resources, Pod("postern-b", {}), server))
        self.assertFalse(relays(overlays()["single-site"], Pod("postern-b"),
                                servers(overlays()["single-site"])[0]))


class PoliciesTest(unittest.TestCase):
    def test_nothing_comes_in_from_a_namespace_that_is_not_named(self):
        for overlay, resources in overlays().items():
            for policy in of_kind(resources, "NetworkPolicy"):
                for rule in policy["spec"].get("ingress", ()):
                    self.assertTrue(rule["from"], overlay)
                    for peer in rule["from"]:
                        self.assertTrue(all(peer.values()), (overlay, policy["metadata"]["name"]))


if __name__ == "__main__":
    unittest.main()
