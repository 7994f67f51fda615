"""tests/interop/kube_cases.py

KubeCase: a test whose servers have their directory from the API server of kube_api.py; ToldCase:
one whose servers also tell the API server of themselves.

Flow      class FollowsTest(KubeCase): def test_...(self): self.server(); self.transport(); ...
"""

from cases import Case
from harness import SITE
from kube_api import KubeApi


class KubeCase(Case):
    def setUp(self):
        super().setUp()
        self.api = KubeApi(self.lab).start()
        self.api.put("Site", SITE, {"comment": "without a front end"})

    def server(self, name="mailbox-transport-0"):
        self.api.put("TransportServer", name, {"site": SITE})

    def transport(self, name="mailbox-transport-0", **more):
        return self.mailbox(self.api.settings(name, **more), name=name)

    def to_sink(self, sink, name="Contoso", space="contoso.test"):
        self.api.put("SendConnector", name.lower(), {
            "name": name, "addressSpaces": [space], "usage": "Internet", "dnsRoutingEnabled": False,
            "smartHosts": ["[127.0.0.1]"], "port": sink.port,
            "sourceTransportServers": [f"site/{SITE}"]})

    def reading(self, transport, name):
        return transport.metrics().total(f"postern_directory_{name}")

    def generation(self, transport):
        return self.reading(transport, "generation")

    def in_force(self, transport):
        """How many directories mail was routed by; the generation rises a moment before."""
        return len(transport.log("route", "directory in force"))

    def until_fresh(self, transport):
        """Its metrics at that moment. A watch from long ago is granted before it is said to be too
        old, so that the next moment may be another matter."""
        def fresh():
            metrics = transport.metrics()
            new = metrics.total("postern_directory_last_load_ok") and not metrics.total(
                "postern_directory_stale")
            return metrics if new else None
        return self.eventually(fresh, 20, "the directory to be new")


class ToldCase(KubeCase):
    quick = {"kubernetes.status_interval": "100ms", "kubernetes.lease_duration": "2s"}

    def registering(self, name, **more):
        return self.transport(name, **{"kubernetes.site": SITE, **self.quick, **more})

    def until_ready(self, kind, name, status, reason):
        def said():
            ready = self.api.ready(kind, name)
            found = (ready.get("status"), ready.get("reason"))
            return ready if found == (status, reason) else None
        return self.eventually(said, 20, f"{kind} {name} to be {status}, {reason}")

    def used_by(self, kind, name):
        return (self.api.get(kind, name) or {}).get("status", {}).get("servers")
