"""tests/interop/kube_api.py

The API server of kube_server.py as a test starts, kills and asks it.

Flow      api = KubeApi(lab).start(); api.put("Site", "main", {}); MailboxTransport(lab,
          api.settings()).start(); api.sigkill(); api.start().
"""

import json
import pathlib
import shutil
import ssl
import sys
import urllib.error
import urllib.request

from harness import Process, wait_until
from kube_server import KINDS

PLURALS = {kind: plural for plural, kind in KINDS.items()}
NAMESPACE = "mail"


class KubeApi:
    def __init__(self, lab):
        self.lab = lab
        self.port = lab.free_port()
        self.folder = lab.path / "kube"
        self.folder.mkdir()
        self.process = None
        cert, key = lab.service_certificate("kube-apiserver")
        shutil.copy(cert, self.folder / "server.pem")
        shutil.copy(key, self.folder / "server.key")
        self.token_file = self.folder / "token"
        self.token_file.write_text("pod-token\n")
        (self.folder / "tokens").write_text("admin-token\npod-token\n")

    def settings(self, name="mailbox-transport-0", **more):
        """Those of a mailbox-transport of a pod of this name, with short waits."""
        return {"directory.source": "kubernetes",
                "kubernetes.api_server": f"https://127.0.0.1:{self.port}",
                "kubernetes.token_file": str(self.token_file),
                "kubernetes.ca_file": str(self.lab.ca), "kubernetes.namespace": NAMESPACE,
                "kubernetes.retry_first": "20ms", "kubernetes.retry_most": "200ms",
                "kubernetes.watch_silence": "3s", "kubernetes.request_timeout": "3s",
                "directory.cache": str(self.lab.path / f"{name}.cache"), **more}

    def start(self):
        server = pathlib.Path(__file__).with_name("kube_server.py")
        self.process = Process(self.lab, "kube-apiserver",
                               [sys.executable, server, self.folder, self.port])
        wait_until(lambda: "serving" in self.process.text() or not self.process.alive(), 10,
                   "the API server")
        assert self.process.alive(), self.process.tail()
        return self

    def sigkill(self):
        self.process.kill()

    def ask(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer admin-token", "Content-Type": content_type})
        context = ssl.create_default_context(cafile=str(self.lab.ca))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return json.loads(answer.read())

    def control(self, **body):
        return self.ask("POST", "/control", body)

    def requests(self):
        return self.control()["requests"]

    def path(self, kind, name=""):
        group = {"Lease": "coordination.k8s.io", "StatefulSet": "apps"}.get(kind, "postern.dev")
        path = f"/apis/{group}/v1/namespaces/{NAMESPACE}/{PLURALS[kind]}"
        return f"{path}/{name}" if name else path

    def get(self, kind, name):
        """None when there is none."""
        try:
            return self.ask("GET", self.path(kind, name))
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return None

    def put(self, kind, name, spec):
        item = {"apiVersion": "postern.dev/v1", "kind": kind, "metadata": {"name": name},
                "spec": spec}
        if self.get(kind, name) is None:
            return self.ask("POST", self.path(kind), item)
        return self.ask("PUT", self.path(kind, name), item)

    def delete(self, kind, name):
        return self.ask("DELETE", self.path(kind, name))

    def ready(self, kind, name):
        """The condition Ready, or {}."""
        item = self.get(kind, name) or {}
        conditions = item.get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == "Ready"), {})
