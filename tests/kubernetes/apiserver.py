"""tests/kubernetes/apiserver.py

A real kube-apiserver and its etcd on loopback: RBAC is on, and there are no nodes or controllers.

Flow      with Lab() as lab: api = ApiServer(lab).start(); api.apply(text); api.kubectl("get", ...);
          api.kill(); api.start() again on the same etcd. pod_folder() is what a pod would have
          mounted of its ServiceAccount.
Failure   unittest.SkipTest with one line where the programs cannot be had; AssertionError with the
          last lines of the program that is to blame.
Limits    Every wait has an end. The lab ends both programs, by their id.
See       tools/kubernetes/apiserver, which builds kube-apiserver and kubectl
"""

import json
import os
import ssl
import subprocess
import unittest
import urllib.error
import urllib.request

import yaml
from harness import ROOT, Process, wait_until

PROGRAMS = ROOT / "build/tools/bin"
ISSUER = "https://kubernetes.default.svc"
ADMINISTRATOR = "administrator-token"
START_SECONDS = 90
CALL_SECONDS = 30
BUILD_SECONDS = 3600  # the first time, with one compiler at a time
CRDS = sorted((ROOT / "deploy/k8s/crds").glob("*s.yaml"))
OPERATORS = ROOT / "tests/kubernetes/schemas/operators.yaml"


def programs():
    """Builds what is missing, once; skips the test in one line where that cannot be."""
    done = subprocess.run([ROOT / "tools/kubernetes/apiserver"], capture_output=True, text=True,
                          timeout=BUILD_SECONDS)
    if done.returncode == 3:
        raise unittest.SkipTest(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


class ApiServer:
    def __init__(self, lab):
        self.lab = lab
        self.port = lab.free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = lab.ca
        self._etcd_port, self._peer_port = lab.free_port(), lab.free_port()
        self._etcd = None
        self.process = None
        self._trust = ssl.create_default_context(cafile=str(lab.ca))
        self._keys()
        self.kubeconfig = self._kubeconfig()

    def _keys(self):
        self._cert, self._key = self.lab.certificate(
            "kube-apiserver", ("DNS:localhost", "DNS:kubernetes.default.svc", "IP:127.0.0.1"))
        self._signing = self.lab.path / "service-accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", self._signing, "2048"], check=True,
                       capture_output=True, timeout=30)
        self._tokens = self.lab.path / "tokens.csv"
        self._tokens.write_text(f'{ADMINISTRATOR},administrator,1,"system:masters"\n')
        self._audit_log = self.lab.path / "audit.log"
        self._audit_policy = self.lab.path / "audit.yaml"
        self._audit_policy.write_text(yaml.safe_dump({
            "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
                      {"level": "None"}]}))

    def _kubeconfig(self):
        path = self.lab.path / "kubeconfig"
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {
                "server": self.url, "certificate-authority": str(self.ca)}}],
            "users": [{"name": "administrator", "user": {"token": ADMINISTRATOR}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "administrator"}}],
        }))
        return path

    # Start and end

    def start(self):
        if self._etcd is None:
            self._start_etcd()
        self.process = Process(self.lab, "kube-apiserver", [
            PROGRAMS / "kube-apiserver", "--etcd-servers", self._etcd_url(self._etcd_port),
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            "--secure-port", self.port, "--endpoint-reconciler-type=none",
            "--tls-cert-file", self._cert, "--tls-private-key-file", self._key,
            "--service-account-issuer", ISSUER, "--service-account-key-file", self._signing,
            "--service-account-signing-key-file", self._signing,
            "--token-auth-file", self._tokens, "--authorization-mode=RBAC",
            "--allow-privileged=true", "--service-cluster-ip-range=10.96.0.0/16",
            "--audit-policy-file", self._audit_policy, "--audit-log-path", self._audit_log,
            "--cert-dir", self.lab.path / "kube-apiserver"])
        wait_until(self._ready_or_dead, START_SECONDS, "kube-apiserver to be ready", pause=0.2)
        if not self.process.alive():
            raise AssertionError(f"kube-apiserver ended at its start:\n{self.process.tail()}")
        return self

    def _start_etcd(self):
        client, peer = self._etcd_url(self._etcd_port), self._etcd_url(self._peer_port)
        self._etcd = Process(self.lab, "etcd", [
            "etcd", "--name=lab", "--data-dir", self.lab.path / "etcd",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"lab={peer}", "--logger=zap"])

    @staticmethod
    def _etcd_url(port):
        return f"http://127.0.0.1:{port}"

    def _ready_or_dead(self):
        return not self.process.alive() or self.request("GET", "/readyz")[0] == 200

    def kill(self):
        """At once, as a node that is lost; etcd keeps what it has."""
        self.process.kill()

    # Calls

    def request(self, method, path, body=None, token=ADMINISTRATOR, kind="application/json"):
        """(status, answer); the answer is parsed where it is JSON, (0, "") where there is none."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(call, timeout=CALL_SECONDS, context=self._trust) as answer:
                return answer.status, self._parsed(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, self._parsed(error)
        except OSError:
            return 0, ""

    @staticmethod
    def _parsed(answer):
        text = answer.read().decode()
        return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text

    def kubectl(self, *words, text=None, check=True, seconds=120):
        """The completed run of kubectl as administrator."""
        command = [str(PROGRAMS / "kubectl"), "--kubeconfig", str(self.kubeconfig),
                   *map(str, words)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds,
                              cwd=ROOT, env={**os.environ, "HOME": str(self.lab.path)})
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done

    # What a cluster has

    def install(self, *definitions):
        """CustomResourceDefinitions, and waits until each is served."""
        text = yaml.safe_dump_all(definitions)
        self.kubectl("apply", "--server-side", "-f", "-", text=text)
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", "-", text=text)

    def namespace(self, name, labels=()):
        body = {"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": dict(labels)}}
        status, answer = self.request("POST", "/api/v1/namespaces", body)
        assert status in (201, 409), answer

    def token(self, namespace, account, seconds=3600):
        """A token of a ServiceAccount, as the kubelet asks for one."""
        status, answer = self.request(
            "POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
             "spec": {"expirationSeconds": seconds}})
        assert status == 201, answer
        return answer["status"]["token"]

    def pod_folder(self, namespace, account):
        """A folder with token, ca.crt and namespace, as a pod of the ServiceAccount has it."""
        folder = self.lab.path / "pods" / namespace / account
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in (("ca.crt", self.ca.read_text()), ("namespace", namespace),
                           ("token", self.token(namespace, account))):
            (folder / f"{file}.new").write_text(text)
            os.replace(folder / f"{file}.new", folder / file)
        return folder


    def asked(self, namespace, account):
        """What a ServiceAccount asked for: {(group, resource[/subresource], verb): codes}."""
        user = f"system:serviceaccount:{namespace}:{account}"
        found = {}
        for line in self._audit_log.read_text().splitlines():
            event = json.loads(line)
            what = event.get("objectRef", {})
            if event["user"].get("username") != user or "resource" not in what:
                continue
            resource = "/".join(filter(None, (what["resource"], what.get("subresource"))))
            key = (what.get("apiGroup", ""), resource, event["verb"])
            found.setdefault(key, set()).add(event.get("responseStatus", {}).get("code", 0))
        return found


def our_definitions():
    return [yaml.safe_load(path.read_text()) for path in CRDS]


PLURALS = {each["spec"]["names"]["kind"]: each["spec"]["names"]["plural"]
           for each in our_definitions()}


def operator_definitions():
    """CRDs of the kinds of other people's operators, as far as our manifests use them."""
    return [_definition(each) for each in yaml.safe_load_all(OPERATORS.read_text())]


def _definition(document):
    group, version = document["apiVersion"].split("/")
    kind = document["kind"]
    plural = kind.lower() + "s"
    schema = {"type": "object", "required": ["spec"],
              "properties": {"spec": _structural(document["schema"])}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                     "versions": [{"name": version, "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": schema}}]}}


def _structural(schema):
    """As a CRD may say it: an object with or without fields that it does not name."""
    if isinstance(schema, list):
        return [_structural(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _structural(value) for key, value in schema.items()
            if key != "additionalProperties" or not isinstance(value, bool)}
    if schema.get("additionalProperties") is True:
        made["x-kubernetes-preserve-unknown-fields"] = True
    return made
