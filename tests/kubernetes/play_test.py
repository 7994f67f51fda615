"""tests/kubernetes/play_test.py: the overlay dev as a pod that podman kube play runs from both
images: the main job goes through it, by what the manifests say.

Podman is no kubelet: what it leaves undone is done here, and no more (class Play). The test runs
apart (namespaces.py), so that the pod has the ports that the manifests say, and mail goes to
port 25. Needs root, the images (tools/image, or tools/image --tree), kustomize, and podman with
runc and catatonit. What is missing is said in one line.
"""

import base64
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

import yaml  # noqa: E402
from containers import (  # noqa: E402
    IMAGES, SERVICES, USER, Podman, image, missing_images, restricted)
from harness import ROOT, Lab, wait_until  # noqa: E402
from namespaces import apart, resolv_conf  # noqa: E402
from peers import NameServer, swaks  # noqa: E402
from wire import WireSink  # noqa: E402

HTTP_PORTS = {"mailbox-transport": 9717, "frontend-transport": 9718}
SMTP_PORT = 2525
DIRECT = {"apiVersion": "postern.dev/v1", "kind": "SendConnector", "metadata": {"name": "direct"},
          "spec": {"name": "Direct", "addressSpaces": ["direct.test"],
                   "sourceTransportServers": ["site/main"]}}


def kustomize():
    found = ROOT / "build/tools/bin/kustomize"
    return found if found.exists() else shutil.which("kustomize")


def lacking():
    """The first thing that is not there, or None."""
    if os.geteuid() != 0:
        return "podman needs root here"
    if missing := missing_images():
        return missing
    manifests = [path for path in (ROOT / "deploy/k8s").rglob("*.yaml")]
    if max(path.stat().st_mtime for path in manifests) > min(
            (IMAGES / f"{service}.tar").stat().st_mtime for service in SERVICES):
        return "the images are older than the manifests: run tools/image"
    for program in ("podman", "runc", "catatonit"):
        if not shutil.which(program):
            return f"{program} is not there: apt install podman runc catatonit"
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True).returncode:
        return "no namespaces can be made here"
    if not kustomize():
        return "no kustomize: tools/build-manifests installs it"
    return None


def setUpModule():
    if why := lacking():
        raise unittest.SkipTest(why)


class Play:
    """The pods of the rendered overlay as one, in the form that podman 4.3 understands.

    A kubelet's part that is done here: the identity of the pod in its variables, Secrets and
    projected volumes as files, the numbers of user and group, and probes (podman would run curl in
    the container; the test asks instead). Two containers of one pod share their ports: the front
    end has its HTTP on another.
    """

    def __init__(self, resources):
        self.resources = resources

    def of_kind(self, kind):
        return [each for each in self.resources if each["kind"] == kind]

    def documents(self):
        workloads = self.of_kind("StatefulSet") + self.of_kind("Deployment")
        pod = {"hostNetwork": True, "restartPolicy": "Never", "containers": [], "volumes": []}
        claims, maps = [], {}
        for workload in workloads:
            spec = workload["spec"]["template"]["spec"]
            name = workload["metadata"]["name"]
            pod["containers"].append(self.container(name, spec))
            for volume in spec["volumes"]:
                pod["volumes"].append(self.volume(name, volume, maps))
            for claim in workload["spec"].get("volumeClaimTemplates", []):
                full = f"{claim['metadata']['name']}-{name}-0"
                claims.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                               "metadata": {"name": full}, "spec": claim["spec"]})
                pod["volumes"].append({"name": f"{name}-{claim['metadata']['name']}",
                                       "persistentVolumeClaim": {"claimName": full}})
        return [*maps.values(), *claims, {"apiVersion": "v1", "kind": "Pod", "spec": pod,
                                          "metadata": {"name": "postern"}}]

    def container(self, name, spec):
        made = {key: value for key, value in spec["containers"][0].items()
                if not key.endswith("Probe") and key not in ("lifecycle", "ports")}
        made["image"] = f"localhost/{image(name)}"
        made["securityContext"] = {**made["securityContext"],
                                   **{key: spec["securityContext"][key]
                                      for key in ("runAsUser", "runAsGroup")}}
        pod_name = f"{name}-0"
        variables = [{"name": each["name"],
                      "value": each.get("value", pod_name).replace("$(POD_NAME)", pod_name)}
                     for each in made["env"]]
        address = f"127.0.0.1:{HTTP_PORTS[name]}"
        made["env"] = [*variables, {"name": "POSTERN_SERVER_HTTP_ADDRESS", "value": address}]
        made["volumeMounts"] = [{**mount, "name": f"{name}-{mount['name']}"}
                                for mount in made["volumeMounts"]]
        return made

    def volume(self, service, volume, maps):
        name = f"{service}-{volume['name']}"
        if "projected" in volume:
            assert volume["projected"]["sources"] == [], volume
            return {"name": name, "emptyDir": {}}
        if "configMap" in volume:
            held = self.named("ConfigMap", volume["configMap"]["name"])["data"]
        else:
            held = {file: base64.b64decode(text).decode() for file, text in
                    self.named("Secret", volume["secret"]["secretName"])["data"].items()}
        maps[name] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                      "data": held}
        return {"name": name, "configMap": {"name": name}}

    def named(self, kind, name):
        return next(each for each in self.of_kind(kind) if each["metadata"]["name"] == name)


def rendered(lab):
    """The overlay dev, its Secrets by tools/k8s-certificates, a connector that is not proxied."""
    text = subprocess.run(
        [kustomize(), "build", "--load-restrictor", "LoadRestrictionsNone",
         ROOT / "deploy/k8s/overlays/dev"], capture_output=True, text=True, check=True).stdout
    secrets = subprocess.run(
        [ROOT / "tools/k8s-certificates", "main"], capture_output=True, text=True, check=True,
        env={**os.environ, "POSTERN_AUTHORITY": str(lab.path / "authority")}).stdout
    resources = [each for each in yaml.safe_load_all(text + "\n---\n" + secrets) if each]
    directory = next(each for each in resources if each["kind"] == "ConfigMap"
                     and each["metadata"]["name"] == "directory")
    directory["data"]["direct.yaml"] = yaml.safe_dump(DIRECT)
    return resources


def answers(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


class PlayTest(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab())
        resolv_conf(self.lab, "127.0.0.1")
        folder = tempfile.mkdtemp(prefix="postern-play-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.podman = Podman(folder)
        self.addCleanup(self.podman, "pod", "rm", "--all", "--force", "--time", "5", check=False)
        self.podman.load()
        self.file = self.lab.path / "pod.yaml"
        self.file.write_text(yaml.safe_dump_all(Play(rendered(self.lab)).documents()))

    def wait(self, condition, what):
        try:
            wait_until(condition, 30, what)
        except AssertionError as error:
            said = [self.podman("logs", "--tail", "15", f"postern-{service}", check=False)
                    for service in SERVICES]
            raise AssertionError("\n".join([str(error), *(each.stdout + each.stderr
                                                          for each in said)])) from None

    def shell(self, *words):
        """As in docs/kubernetes/install.md: with the server's own certificate, which may look."""
        tls = "/etc/postern/tls"
        return self.podman("exec", "postern-mailbox-transport", "/usr/bin/postern", "--certificate",
                           f"{tls}/tls.crt", "--key", f"{tls}/tls.key", "--ca", f"{tls}/ca.crt",
                           *words).stdout

    def test_the_main_job_goes_through_a_pod_of_the_rendered_manifests(self):
        sinks = {"direct.test": WireSink(25, "127.0.0.31").start(),
                 "proxied.test": WireSink(25, "127.0.0.32").start()}
        self.addCleanup(lambda: [sink.stop() for sink in sinks.values()])
        names = NameServer(self.lab, mx={domain: [(10, f"mx.{domain}")] for domain in sinks},
                           hosts={"mx.direct.test": "127.0.0.31", "mx.proxied.test": "127.0.0.32",
                                  "frontend-transport": "127.0.0.1"})
        names.port = 53
        names.start()
        played = self.podman("kube", "play", self.file, check=False)
        if played.returncode:
            why = played.stderr.strip().splitlines()[-1]
            self.skipTest(f"podman plays no pod here: {why[:200]}")
        for service, port in HTTP_PORTS.items():
            self.wait(lambda port=port: answers(port, "/readyz"), f"{service} to be ready")
            self.assertTrue(answers(port, "/livez"))
            restricted(self, self.podman.facts(f"postern-{service}"))
        for domain, sink in sinks.items():
            code, said = swaks(SMTP_PORT, "--from", "alice@sender.test", "--to", f"bob@{domain}")
            self.assertEqual(code, 0, said)
            self.assertTrue(re.search(r"250 2\.6\.0", said), said)
            self.wait(lambda sink=sink: len(sink.messages) == 1, f"the message to {domain}")
        self.assertRegex(self.shell("Get-SendConnector", "Direct"), r"Ready *: True")
        self.podman("kube", "play", "--down", self.file)
        self.assertEqual(self.podman("pod", "ps", "--quiet").stdout, "")
        self.assertFalse(any(answers(port, "/livez") for port in HTTP_PORTS.values()))
        print("played from the overlay dev: one message through the front end, one directly; "
              f"uid {USER}, no capability, root ro; taken down")


if __name__ == "__main__":
    if not lacking():
        apart()
    unittest.main()
